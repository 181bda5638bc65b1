from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract
from apps.contracts.rules.mailboxes import PUBLIC_PROVIDERS
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class GuestGrantQuerySet(models.QuerySet["GuestGrant"]):
    def visible_to(self, actor: Actor) -> "GuestGrantQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


SHARED = "ARRAY[" + ", ".join(f"'{domain}'" for domain in sorted(PUBLIC_PROVIDERS)) + "]"
"""Mail domains that say nothing of an organisation, as SQL."""
HOLDERS = by_contract().or_when(f"token_sha256 = {walls.TOKEN}").sees
"""The contract's parties, and whoever knows the link. Its addressee, once signed in, may read the row too."""


class GuestGrant(models.Model):
    """A personal link: one mailbox of the buyer may do one thing on one contract, without an account.

    ``take_over`` is the exception: it names the mailbox that may claim the seller's organisation, for whom the buyer
    began the contract. No token of it is sent, so none is renewed, because a seller signs, delivers and bills with an
    account.

    Only the SHA-256 of the token is kept (256 random bits). The link shows on GET and acts only on POST; it dies with
    its decision (``used_at``), by time (``expires_at``) or by hand (``revoked_at``), and is renewed to the same
    mailbox only. ``subject_ref`` is the version to sign, the submission to decide or the notice to confirm; what goes
    on after a decision has a link of its own: the milestone whose defects are to be settled, the dispute, the notice of
    termination. So has each application for payment. Events are confirmed by a link to the contract that waits; an
    invoice is disputed by one that somebody asks for on its hosted page.

    ``passed_from`` is the signatory's link whose holder passed the decision on to this mailbox.
    """

    class Purpose(models.TextChoices):
        SIGN_CONTRACT = "sign_contract", _("Sign the contract")
        SIGN_OFF = "sign_off", _("Sign off a milestone")
        ACKNOWLEDGE = "acknowledge", _("Confirm whom to pay")
        MEND = "mend", _("Settle defects")
        DISPUTE = "dispute", _("Settle a dispute")
        DISPUTE_INVOICE = "dispute_invoice", _("Dispute an invoice")
        SETTLE = "settle", _("Settle a termination")
        CONFIRM_EVENT = "confirm_event", _("Confirm an event")
        CERTIFY = "certify", _("Certify an application for payment")
        TAKE_OVER = "take_over", _("Take the seller's place")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="grants")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    subject_ref = models.CharField(max_length=16)
    name = models.CharField(max_length=120)
    email = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    first_viewed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    passed_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="passed_to")

    objects = GuestGrantQuerySet.as_manager()
    wall = walls.Wall(
        f"({HOLDERS}) OR lower(email) IN (SELECT lower(mailbox.email) FROM account_emailaddress mailbox"
        f" WHERE mailbox.user_id = {walls.USER} AND mailbox.verified)",
        writes=HOLDERS,
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "purpose",
                "subject_ref",
                "email",
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="one_live_link_per_mailbox_and_subject",
            ),
        ]
        indexes = [models.Index("contract", name="grant_by_contract")]
        triggers = [
            guards.frozen_when(
                "TRUE",
                name="identity_frozen",
                allow=("first_viewed_at", "used_at", "revoked_at"),
                is_hot=True,
            ),
            guards.frozen_when("OLD.used_at IS NOT NULL", name="used_once", allow=("first_viewed_at",), is_hot=True),
            guards.refused_when(
                "passed_on_to_a_colleague_of_the_signatory",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_guestgrant own JOIN contracts_contract c ON c.id = own.contract_id"
                " JOIN contracts_contractversion v ON v.id = c.active_version_id"
                " WHERE own.id = NEW.passed_from_id AND own.passed_from_id IS NULL"
                " AND own.purpose = 'sign_off' AND NEW.purpose = 'sign_off' AND own.subject_ref = NEW.subject_ref"
                " AND own.contract_id = NEW.contract_id AND c.buyer_id = NEW.organisation_id"
                " AND lower(own.email) = lower(v.signatory_email) AND lower(NEW.email) <> lower(own.email)"
                " AND split_part(lower(NEW.email), '@', 2) = split_part(lower(own.email), '@', 2)"
                " AND split_part(NEW.email, '@', 3) = ''"
                f" AND split_part(lower(NEW.email), '@', 2) <> ALL ({SHARED})"
                # Once the buyer has an owner here, that one says who decides.
                " AND NOT EXISTS (SELECT 1 FROM parties_membership m WHERE m.organisation_id = c.buyer_id"
                " AND m.ended_at IS NULL AND 'owner' = ANY (m.roles::text[]))"
                " AND NOT EXISTS (SELECT 1 FROM parties_membership m JOIN parties_user u ON u.id = m.user_id"
                " WHERE m.organisation_id = c.seller_id AND m.ended_at IS NULL AND lower(u.email) = lower(NEW.email)))",
                only="NEW.passed_from_id IS NOT NULL",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.email}"

    @property
    def signatory(self) -> str:
        """The mailbox in whose place this one acts: the own, or that of who passed the decision on."""
        return self.passed_from.email if self.passed_from is not None else self.email
