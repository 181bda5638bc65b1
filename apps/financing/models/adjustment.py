from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.financing.models.tranche import Tranche
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class Kind(models.TextChoices):
    """What happened to an advance beside the buyer's payments."""

    SLIP = "slip", _("Payment expected later")
    CHANGE = "change", _("Milestone made smaller")
    SHORTFALL = "shortfall", _("Accepted for less")
    CARRIED = "carried", _("Carried over to the rest")
    REJECTION = "rejection", _("Not accepted")
    DILUTION = "dilution", _("Invoice credited")
    ALLOWANCE = "allowance", _("Allowed for a loss")
    WRITE_OFF = "write_off", _("Written off")


class Lapse(models.TextChoices):
    """Why an advance was demanded back by itself: the reason of what has the source :data:`LAPSED`."""

    NOT_CURED = "not_cured", _("Sent back by the buyer, and not submitted again in time.")
    SLIPPED = "slipped", _("Not accepted long after the day that was signed.")


LAPSED = "lapsed:"


class AdjustmentQuerySet(models.QuerySet["Adjustment"]):
    def visible_to(self, actor: Actor) -> "AdjustmentQuerySet":
        """All of one's own as financier; as seller all but what the financier allows for a loss."""
        return self.filter(tranche__in=Tranche.objects.visible_to(actor)).filter(
            Q(tranche__financier_id=actor.organisation_id) | ~Q(kind=Kind.ALLOWANCE)
        )


MOVES = (
    "receivable",
    "advance",
    "recourse",
    "allowance",
    "reserve",
    "discount",
    "fee",
    "fee_income",
    "loss",
    "carried",
)
"""The columns of what moved, as :class:`apps.financing.rules.events.Moves` names them."""


def _moved() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=18, decimal_places=3, default=0)


class Adjustment(models.Model):
    """One event of an advance that is not a payment of the buyer's: what it moved in the financier's book.

    Amounts are positive in debit and add up to nothing. ``recourse`` is what the seller owes back by it;
    ``charged_back`` and ``written_off`` by how much the advance outstanding fell. ``source`` names what happened
    upstream (``credit_note:<ref>``), or is empty where a person of the financier decided. ``carried`` is what stands on
    for the rest of a milestone that was accepted in part, less discount and fee that go with it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="adjustments", db_index=False)
    kind = models.CharField(_("what happened"), max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=60, blank=True)
    receivable = _moved()
    advance = _moved()
    recourse = _moved()
    allowance = _moved()
    reserve = _moved()
    discount = _moved()
    fee = _moved()
    fee_income = _moved()
    loss = _moved()
    carried = models.DecimalField(max_digits=18, decimal_places=3, db_default=0, default=0)
    charged_back = _moved()
    written_off = _moved()
    expected_on = models.DateField(_("expected payment"), null=True, blank=True)
    booked_on = models.DateField(_("booked on"))
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField()

    objects = AdjustmentQuerySet.as_manager()
    wall = walls.through("financing_tranche", "tranche_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("tranche", "source", condition=~Q(source=""), name="adjusted_once_for_each_cause"),
            models.CheckConstraint(
                condition=Q(
                    receivable=-(
                        F("advance")
                        + F("recourse")
                        + F("allowance")
                        + F("reserve")
                        + F("discount")
                        + F("fee")
                        + F("fee_income")
                        + F("loss")
                        + F("carried")
                    )
                ),
                name="adjustment_adds_up_to_nothing",
            ),
            models.CheckConstraint(
                condition=Q(charged_back=0, written_off=0)
                | Q(charged_back__gt=0, written_off=0)
                | Q(charged_back=0, written_off__gt=0),
                name="charged_back_or_written_off",
            ),
            models.CheckConstraint(
                condition=Q(receivable=-(F("advance") + F("reserve") + F("charged_back") + F("written_off"))),
                name="the_advance_falls_by_what_is_charged_back",
            ),
            models.CheckConstraint(
                condition=Q(recourse__gte=0, receivable__lte=0, advance__lte=0, reserve__gte=0),
                name="adjustment_only_ends_what_was_advanced",
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.CARRIED, carried__gt=0, charged_back__gt=0, recourse=0)
                | (~Q(kind=Kind.CARRIED) & Q(carried=0)),
                name="carried_over_only_to_the_rest",
            ),
            models.CheckConstraint(
                condition=~Q(source="") | (Q(decided_by__isnull=False) & ~Q(reason="")),
                name="adjusted_by_somebody_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["tranche", "id"], name="adjustments_of_tranche")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_what_is_out_is_adjusted",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t WHERE t.id = NEW.tranche_id"
                " AND t.funded_on IS NOT NULL AND t.funded_on <= NEW.booked_on)",
            ),
            guards.at_commit(
                "no_more_is_taken_back_than_was_advanced",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM financing_tranche t WHERE t.id = NEW.tranche_id AND t.outstanding <>"
                " t.gross - (SELECT coalesce(sum(a.charged_back + a.written_off), 0) FROM financing_adjustment a"
                " WHERE a.tranche_id = t.id) - (SELECT coalesce(sum(c.to_advance), 0) FROM financing_collection c"
                " WHERE c.tranche_id = t.id)) THEN RAISE EXCEPTION 'tranche % is not what was funded less what was"
                " repaid, charged back and written off', NEW.tranche_id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.tranche_id}"

    @property
    def said(self) -> str | Promise:
        """Why, as whoever reads it is told: what a person wrote, or the words of a :class:`Lapse`.

        What lapsed before there were codes has the words themselves, in English.
        """
        if self.source.startswith(LAPSED) and self.reason in Lapse.values:
            return Lapse(self.reason).label
        return self.reason


class RepaymentQuerySet(models.QuerySet["Repayment"]):
    def visible_to(self, actor: Actor) -> "RepaymentQuerySet":
        return self.filter(tranche__in=Tranche.objects.visible_to(actor))


class Repayment(models.Model):
    """Money by which the seller paid back what it owes on an advance: a buy-back, where it is all of it."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="repayments", db_index=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    received_on = models.DateField(_("received on"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = RepaymentQuerySet.as_manager()
    wall = walls.through("financing_tranche", "tranche_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("financier", "bank_reference", name="repayment_reference_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="repayment_positive"),
        ]
        indexes = [models.Index(fields=["tranche", "id"], name="repayments_of_tranche")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "repaid_at_most_what_is_owed_back",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t WHERE t.id = NEW.tranche_id"
                " AND t.financier_id = NEW.financier_id AND NEW.amount <= (SELECT coalesce(sum(a.recourse), 0)"
                " FROM financing_adjustment a WHERE a.tranche_id = t.id) - (SELECT coalesce(sum(r.amount), 0)"
                " FROM financing_repayment r WHERE r.tranche_id = t.id))",
            ),
        ]

    def __str__(self) -> str:
        return self.bank_reference
