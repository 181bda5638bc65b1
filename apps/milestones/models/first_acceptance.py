from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.milestones.models.submission import Submission
from apps.milestones.rules.reservations import Defect, defects_of
from apps.parties.actor import Actor
from apps.parties.models import User


class FirstAcceptanceQuerySet(models.QuerySet["FirstAcceptance"]):
    def visible_to(self, actor: Actor) -> "FirstAcceptanceQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class FirstAcceptance(models.Model):
    """The first of two people accepted: with the same evidence as a decision, and without its effect.

    The second one's acceptance is the decision, which issues the invoice. ``amount`` is what was accepted, net of tax:
    all that waits, or a part; ``quantity`` how much of it in the unit of its line, where the part was said so. The
    second one accepts exactly this. ``defects``: under whose reservation all of it was accepted, as a list of objects
    with ``title``, ``text``, ``criterion`` and its id, ``due_on`` and ``amount``; the second one may add to it. None
    where nothing was reserved. ``circumstances`` are those of a decision.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.OneToOneField(Submission, models.PROTECT, related_name="first_acceptance")
    amount = models.DecimalField(_("accepted, net of tax"), max_digits=18, decimal_places=3)
    quantity = models.DecimalField(_("accepted quantity"), max_digits=18, decimal_places=6, null=True, blank=True)
    defects = models.JSONField(null=True)
    comment = models.TextField(_("comment"), max_length=4_000, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    organisation_name = models.CharField(max_length=160)
    accepted_at = models.DateTimeField()
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True)
    proved_at = models.DateTimeField(_("confirmed at"), null=True)
    circumstances = models.JSONField(null=True)
    statement = models.TextField(_("statement"))
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, help_text=_("of the submission's text that was shown"))

    objects = FirstAcceptanceQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="first_acceptance_of_an_amount"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="first_accepted_by_a_user_or_a_guest",
            ),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="") | (Q(proved_at__isnull=False) & ~Q(proved_by="")),
                name="a_first_proof_says_how_and_when",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "first_accepted_is_what_waits_as_it_was_shown",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s JOIN milestones_milestone m ON m.id = s.milestone_id"
                " WHERE s.id = NEW.submission_id AND s.contract_id = NEW.contract_id AND s.sha256 = NEW.sha256"
                " AND s.state = 'submitted' AND NEW.amount <= m.amount"
                " AND (NEW.quantity IS NULL OR (NEW.quantity > 0 AND NEW.quantity < m.quantity))"
                # Under reservations all that waits is accepted.
                " AND (NEW.defects IS NULL OR (jsonb_typeof(NEW.defects) = 'array' AND NEW.amount = m.amount"
                " AND NEW.quantity IS NULL)))",
            ),
            guards.refused_when(
                "large_first_acceptance_without_proof",
                guards.INSERT,
                "(NEW.proved_at IS NULL OR NEW.proved_at < NEW.accepted_at - interval '15 minutes')"
                " AND EXISTS (SELECT 1 FROM milestones_submission s"
                " JOIN milestones_milestone m ON m.id = s.milestone_id"
                " JOIN contracts_contract c ON c.id = NEW.contract_id"
                " JOIN parties_organisation buyer ON buyer.id = c.buyer_id"
                " WHERE s.id = NEW.submission_id AND buyer.step_up_above IS NOT NULL"
                " AND (m.currency <> buyer.currency OR m.amount > buyer.step_up_above))",
            ),
            guards.refused_when(
                "link_accepts_first_only_its_submission",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND s.id = NEW.submission_id AND g.purpose = 'sign_off')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} first by {self.name}"

    @property
    def listed(self) -> list[Defect]:
        """The defects that were reserved."""
        return defects_of(self.defects or ())
