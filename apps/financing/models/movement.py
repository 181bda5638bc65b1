from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.financing.models.tranche import Tranche
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class Movement(models.TextChoices):
    """What money of a financier's did beside paying advances and reserves out, and being collected."""

    RETURNED = "returned", _("Advance returned by the bank")
    SURPLUS = "surplus", _("Surplus paid back to the buyer")
    PASSED_ON = "passed_on", _("Passed on by the seller")
    SWEPT = "swept", _("Collections swept to cash")
    UNIDENTIFIED = "unidentified", _("Received, not identified")
    IDENTIFIED = "identified", _("Identified")
    SENT_BACK = "sent_back", _("Sent back to whoever paid")


OF_AN_ADVANCE = (Movement.RETURNED, Movement.SURPLUS, Movement.PASSED_ON)
CLOSING = (Movement.IDENTIFIED, Movement.SENT_BACK)
"""What ends that a receipt is unidentified."""


class BankMovementQuerySet(models.QuerySet["BankMovement"]):
    def visible_to(self, actor: Actor) -> "BankMovementQuerySet":
        """All of one's own as financier; as seller what moved on one's own advances."""
        return self.filter(Q(financier_id=actor.organisation_id) | Q(seller_id=actor.organisation_id))

    def unidentified(self) -> "BankMovementQuerySet":
        """Receipts of which nobody knows yet what they pay."""
        return self.filter(kind=Movement.UNIDENTIFIED, closed_by__isnull=True)


class BankMovement(models.Model):
    """One line of the financier's bank that is neither a payout nor a buyer's payment that was shared out.

    ``closes`` is the unidentified receipt that was identified or sent back by it. A transfer that paid several advances
    comes back as a whole: each is one ``part`` of it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    seller = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    tranche = models.ForeignKey(
        Tranche, models.PROTECT, null=True, blank=True, related_name="movements", db_index=False
    )
    kind = models.CharField(_("what happened"), max_length=12, choices=Movement.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    value_on = models.DateField(_("value date"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    part = models.PositiveSmallIntegerField(_("part of the transfer"), db_default=1, default=1)
    note = models.CharField(_("note"), max_length=400, blank=True)
    closes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="closed_by")
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = BankMovementQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("financier", "kind", "bank_reference", "part", name="movement_reference_once"),
            models.UniqueConstraint("tranche", condition=Q(kind="returned"), name="advance_returned_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=OF_AN_ADVANCE, tranche__isnull=False, seller__isnull=False)
                | (~Q(kind__in=OF_AN_ADVANCE) & Q(tranche__isnull=True, seller__isnull=True)),
                name="movement_of_an_advance_or_of_the_book",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=CLOSING, closes__isnull=False) | (~Q(kind__in=CLOSING) & Q(closes__isnull=True)),
                name="only_what_was_unidentified_is_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["tranche", "id"], name="movements_of_tranche"),
            models.Index(fields=["financier", "-id"], name="movements_of_financier"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "movement_of_its_own_advance",
                guards.INSERT,
                "NEW.tranche_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_tranche t"
                " WHERE t.id = NEW.tranche_id AND (t.financier_id, t.seller_id, t.currency)"
                " = (NEW.financier_id, NEW.seller_id, NEW.currency) AND t.accepted_at IS NOT NULL)",
            ),
            guards.refused_when(
                "returned_as_it_was_paid_out",
                guards.INSERT,
                "NEW.kind = 'returned' AND NOT EXISTS (SELECT 1 FROM financing_disbursement d"
                " WHERE d.tranche_id = NEW.tranche_id AND d.amount = NEW.amount AND d.part = NEW.part)",
            ),
            guards.refused_when(
                "surplus_goes_back_once",
                guards.INSERT,
                "NEW.kind = 'surplus' AND NEW.amount > (SELECT coalesce(sum(c.to_buyer), 0)"
                " FROM financing_collection c WHERE c.tranche_id = NEW.tranche_id) - (SELECT coalesce(sum(m.amount), 0)"
                " FROM financing_bankmovement m WHERE m.tranche_id = NEW.tranche_id AND m.kind = 'surplus')",
            ),
            guards.refused_when(
                "passed_on_at_most_what_was_misdirected",
                guards.INSERT,
                "NEW.kind = 'passed_on' AND NEW.amount > (SELECT coalesce(sum(c.amount), 0)"
                " FROM financing_collection c WHERE c.tranche_id = NEW.tranche_id AND c.is_misdirected)"
                " - (SELECT coalesce(sum(m.amount), 0) FROM financing_bankmovement m"
                " WHERE m.tranche_id = NEW.tranche_id AND m.kind = 'passed_on')",
            ),
            guards.refused_when(
                "closes_an_unidentified_receipt_as_a_whole",
                guards.INSERT,
                "NEW.closes_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_bankmovement m"
                " WHERE m.id = NEW.closes_id AND m.kind = 'unidentified' AND (m.financier_id, m.currency, m.amount)"
                " = (NEW.financier_id, NEW.currency, NEW.amount))",
            ),
            guards.at_commit(
                "no_more_is_swept_than_was_collected",
                guards.INSERT,
                "IF (SELECT coalesce(sum(c.amount), 0) FROM financing_collection c JOIN financing_tranche t"
                " ON t.id = c.tranche_id WHERE t.financier_id = NEW.financier_id AND t.currency = NEW.currency"
                " AND NOT c.is_misdirected) + (SELECT coalesce(sum(CASE m.kind WHEN 'unidentified' THEN m.amount"
                " WHEN 'identified' THEN -m.amount WHEN 'swept' THEN -m.amount WHEN 'sent_back' THEN -m.amount"
                " ELSE 0 END), 0) FROM financing_bankmovement m WHERE m.financier_id = NEW.financier_id"
                " AND m.currency = NEW.currency) < 0"
                " THEN RAISE EXCEPTION 'more than what was collected leaves the collections of %', NEW.financier_id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.kind IN ('swept', 'sent_back')",
            ),
        ]

    def __str__(self) -> str:
        return self.bank_reference

    @property
    def key(self) -> str:
        """The sub-ledger key of what is posted for it: its advance's, or its own while nobody knows whose it is."""
        if self.tranche is not None:
            return self.tranche.key
        return "swept" if self.kind == Movement.SWEPT else f"receipt:{self.closes.ref if self.closes else self.ref}"
