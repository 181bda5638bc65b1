"""What is charged beside the price: damages for delay, bonuses, back-charges."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.invoice import Invoice
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import User


class ChargeKind(models.TextChoices):
    DAMAGES = "damages", _("Damages for delay")
    BONUS = "bonus", _("Bonus")
    BACK_CHARGE = "back_charge", _("Back-charge")


class ChargeState(models.TextChoices):
    CLAIMED = "claimed", _("Waits for the seller")
    OBJECTED = "objected", _("The seller objects")
    STANDING = "standing", _("Stands")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    WAIVED = "waived", _("Waived")


STEPS: Final = table(
    claimed=("standing", "objected", "withdrawn", "waived"),
    objected=("standing", "withdrawn"),
    standing=("withdrawn",),
    withdrawn=(),
    waived=(),
)


class ChargeQuerySet(models.QuerySet["Charge"]):
    def visible_to(self, actor: Actor) -> "ChargeQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "ChargeQuerySet":
        """Those that keep the same from being charged again: a waiver does so too."""
        return self.exclude(state=ChargeState.WITHDRAWN)


class Charge(models.Model):
    """One sum that one side owes the other because of an accepted milestone, beside its price; net of tax.

    Damages and back-charges are the buyer's: what stands is a credit note to the milestone's invoice (``credit_note``),
    and is withdrawn by the exact opposite (``undone_by``). A bonus is the seller's, and an invoice of its own
    (``invoice``). ``asked`` is what the terms come to, or what the buyer named; ``net`` what stands of it: never more
    than is owed or was paid on the invoice. ``reckoned`` says how it was computed.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="charges")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=12, choices=ChargeKind.choices)
    state = models.CharField(max_length=10, choices=ChargeState.choices, default=ChargeState.CLAIMED)
    currency = models.CharField(max_length=3)
    asked = models.DecimalField(_("amount, net of tax"), max_digits=18, decimal_places=3)
    net = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    reckoned = models.JSONField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    evidence = models.CharField(_("what shows it"), max_length=1000, blank=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    claimed_by_name = models.CharField(max_length=160)
    claimed_at = models.DateTimeField()
    answer = models.CharField(max_length=400, blank=True)
    answered_by_name = models.CharField(max_length=160, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=400, blank=True)
    ended_by_name = models.CharField(max_length=160, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    credit_note = models.OneToOneField(CreditNote, models.PROTECT, null=True, blank=True, related_name="charge")
    invoice = models.OneToOneField(Invoice, models.PROTECT, null=True, blank=True, related_name="charge")
    undone_by = models.OneToOneField(CreditNote, models.PROTECT, null=True, blank=True, related_name="undone_charge")

    objects = ChargeQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(condition=Q(asked__gt=0, net__gte=0), name="charge_is_something"),
            models.CheckConstraint(
                condition=~Q(kind="back_charge") | (~Q(reason="") & ~Q(evidence="")),
                name="back_charge_has_a_reason_and_shows_it",
            ),
            models.CheckConstraint(
                condition=Q(kind="bonus", credit_note__isnull=True) | (~Q(kind="bonus") & Q(invoice__isnull=True)),
                name="charge_is_billed_by_its_own_document",
            ),
            models.CheckConstraint(
                condition=~Q(state="standing")
                | (
                    Q(net__gt=0) & (Q(credit_note__isnull=False) | Q(invoice__isnull=False)) & Q(undone_by__isnull=True)
                ),
                name="standing_charge_has_its_document",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn")
                | Q(credit_note__isnull=True, invoice__isnull=True)
                | Q(undone_by__isnull=False),
                name="withdrawn_charge_is_undone",
            ),
            models.UniqueConstraint(
                "milestone",
                "kind",
                condition=~Q(kind="back_charge") & ~Q(state="withdrawn"),
                name="delay_and_haste_are_charged_once",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "TRUE",
                name="what_is_charged_is_frozen",
                allow=(
                    *("state", "net", "answer", "answered_by_name", "answered_at"),
                    *("ended_reason", "ended_by_name", "ended_at", "credit_note_id", "invoice_id", "undone_by_id"),
                ),
            ),
            guards.refused_when(
                "charged_on_an_accepted_milestone_only",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.milestone_id"
                " AND m.contract_id = NEW.contract_id AND m.state = 'accepted' AND m.currency = NEW.currency)",
            ),
            guards.at_commit(
                "a_charge_is_what_its_documents_say",
                guards.INSERT_OR_UPDATE,
                "IF (NEW.credit_note_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote c"
                " JOIN invoicing_invoice i ON i.id = c.invoice_id WHERE c.id = NEW.credit_note_id"
                " AND c.purpose = NEW.kind AND c.net = NEW.net AND c.contract_id = NEW.contract_id))"
                " OR (NEW.invoice_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id AND i.kind = 'bonus' AND i.net = NEW.net"
                " AND i.contract_id = NEW.contract_id))"
                " OR (NEW.undone_by_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote c"
                " WHERE c.id = NEW.undone_by_id"
                " AND (c.undoes_id = NEW.credit_note_id OR c.invoice_id = NEW.invoice_id)))"
                " THEN RAISE EXCEPTION 'charge % differs from its documents', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.asked} {self.currency}"
