from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.grant import GuestGrant
from apps.contracts.models.options import PICKS_ONE
from apps.contracts.models.readers import reader
from apps.contracts.models.version import ContractVersion
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class SignatureQuerySet(models.QuerySet["Signature"]):
    def visible_to(self, actor: Actor) -> "SignatureQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class Signature(models.Model):
    """One side signed one version: who, when, from where, which statement, and the SHA-256 of the text shown.

    ``plan`` is what who answers picked where the version offers several: the version itself, or one of its options.
    ``circumstances``: ``roles``, ``language`` of the page, idempotency ``key``, and of the ``statement`` the language
    and what it says in others; None where an earlier version of Cairn did not record them.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    version = models.ForeignKey(ContractVersion, models.PROTECT, related_name="signatures", db_index=False)
    plan = models.ForeignKey(ContractVersion, models.PROTECT, null=True, related_name="+")
    side = models.CharField(max_length=10, choices=ContractParty.Side.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    signed_at = models.DateTimeField()
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    circumstances = models.JSONField(null=True)
    statement = models.TextField(_("statement"))
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)

    objects = SignatureQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "side", name="one_signature_per_side"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="signed_by_a_user_or_a_guest",
            ),
            models.CheckConstraint(condition=Q(side__in=["seller", "buyer"]), name="signed_by_a_side"),
        ]
        triggers = [
            *guards.append_only(),
            *PICKS_ONE,
            guards.refused_when(
                "signature_of_the_proposed_text",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id"
                " AND v.sha256 = NEW.sha256 AND v.proposed_at IS NOT NULL)",
            ),
            guards.refused_when(
                "the_proposer_signs_first",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id"
                " AND v.author <> NEW.side AND NOT EXISTS (SELECT 1 FROM contracts_signature s"
                " WHERE s.version_id = v.id AND s.side = v.author))",
            ),
            guards.refused_when(
                "nobody_signs_for_both_sides",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_signature s WHERE s.version_id = NEW.version_id"
                " AND s.side <> NEW.side AND (s.user_id = NEW.user_id"
                f" OR {reader('s.email')} = {reader('NEW.email')}))",
            ),
            guards.refused_when(
                "nothing_is_signed_after_its_last_day",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id"
                " AND (v.expired_at IS NOT NULL OR v.expires_at < NEW.signed_at))",
            ),
            guards.refused_when(
                "a_change_is_signed_while_it_stands",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_changeorder o"
                " ON o.id = v.change_order_id JOIN contracts_contract c ON c.id = o.contract_id"
                " WHERE v.id = NEW.version_id AND (o.state <> 'proposed' OR v.changes_asked_at IS NOT NULL"
                " OR c.state <> 'active' OR c.active_version_id <> v.changes_id))",
            ),
            guards.refused_when(
                "link_signs_only_its_version",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN contracts_contractversion v ON v.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND v.id = NEW.version_id AND g.purpose = 'sign_contract' AND NEW.side = 'buyer')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} for {self.side}"
