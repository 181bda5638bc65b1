from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import User


class ConfirmedEventQuerySet(models.QuerySet["ConfirmedEvent"]):
    def visible_to(self, actor: Actor) -> "ConfirmedEventQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class ConfirmedEvent(models.Model):
    """An event that the contract names, and that somebody of the buyer confirmed with a note: it has happened.

    It accepts no work. What waits for it goes on: milestones can be submitted, and payments for it are ``payable``, in
    the contract's currency and net of tax; nothing where none is due with it. ``sha256`` is that of the version that
    was in force; ``circumstances`` are those of a decision.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="confirmed_events", db_index=False)
    event = models.CharField(_("event"), max_length=160)
    note = models.TextField(_("note"), max_length=4_000, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("confirmed by"), max_length=160)
    email = models.EmailField(_("e-mail"))
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    proved_by = models.CharField(max_length=120, blank=True)
    proved_at = models.DateTimeField(null=True)
    circumstances = models.JSONField(null=True)
    confirmed_at = models.DateTimeField()
    statement = models.TextField()
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    payable = models.DecimalField(_("payable, net of tax"), max_digits=18, decimal_places=3, default=0)

    objects = ConfirmedEventQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint("contract", "event", name="an_event_happens_once"),
            models.CheckConstraint(condition=Q(payable__gte=0), name="an_event_makes_something_payable_or_nothing"),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="") | (Q(proved_at__isnull=False) & ~Q(proved_by="")),
                name="a_proof_of_an_event_says_how_and_when",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="an_event_is_confirmed_by_a_user_or_a_guest",
            ),
            models.CheckConstraint(condition=~Q(event="") & ~Q(statement=""), name="a_confirmation_says_what"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "an_event_of_the_contract_confirmed_by_its_buyer",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c"
                " JOIN contracts_contractversion v ON v.id = c.active_version_id AND v.sha256 = NEW.sha256"
                " JOIN contracts_planline l ON l.version_id = v.id"
                " WHERE c.id = NEW.contract_id AND c.state = 'active'"
                " AND (EXISTS (SELECT 1 FROM parties_membership p WHERE p.organisation_id = c.buyer_id"
                " AND p.user_id = NEW.user_id AND p.ended_at IS NULL)"
                " OR EXISTS (SELECT 1 FROM contracts_guestgrant g WHERE g.id = NEW.grant_id AND g.contract_id = c.id"
                " AND g.organisation_id = c.buyer_id AND g.purpose = 'confirm_event' AND g.email = NEW.email))"
                " AND (jsonb_exists(l.condition -> 'events', NEW.event)"
                " OR (l.start = 'event' AND l.starts_with = NEW.event)))",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return self.event
