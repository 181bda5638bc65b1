from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.invoicing.models.payment import Payment
from apps.invoicing.models.statement import BankStatement
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation


class TransactionState(models.TextChoices):
    WAITING = "waiting", _("Being matched")
    OPEN = "open", _("Needs you")
    APPLIED = "applied", _("Applied")
    SET_ASIDE = "set_aside", _("Not ours")
    NOTED = "noted", _("Money out")


STEPS = table(
    waiting=("open", "applied", "noted"),
    open=("applied", "set_aside"),
    applied=("open",),
    set_aside=("open",),
    noted=(),
)


class BankTransactionQuerySet(models.QuerySet["BankTransaction"]):
    def visible_to(self, actor: Actor) -> "BankTransactionQuerySet":
        return self.none() if actor.contract_id is not None else self.filter(organisation_id=actor.organisation_id)


LIVE = (
    "SELECT coalesce(sum(p.amount), 0) FROM invoicing_cashapplication c JOIN invoicing_payment p ON p.id = c.payment_id"
    " WHERE c.transaction_id = t.id"
    " AND NOT EXISTS (SELECT 1 FROM invoicing_paymentreversal r WHERE r.payment_id = p.id)"
)
"""SQL: what of the transaction ``t`` was recorded as payments and not taken back since."""


def left_differs(of: str) -> str:
    """Raise when a transaction has not left what its payments leave of it."""
    return (
        f"IF EXISTS (SELECT 1 FROM invoicing_banktransaction t WHERE t.id IN ({of}) AND t.amount > 0"
        f" AND t.unapplied <> t.amount - ({LIVE}))"
        " THEN RAISE EXCEPTION 'what is left of a bank transaction differs from its payments'"
        " USING ERRCODE = 'check_violation'; END IF;"
    )


class BankTransaction(models.Model):
    """One line of a bank statement: a fact that never changes, and what became of it.

    ``amount`` is positive for money in, negative for money out, in ``currency``. ``identity`` is the same for the same
    transaction in whatever statement it comes again. ``unapplied`` is what of money in is no payment yet. Money out is
    shown and never matched.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="transactions")
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+")
    identity = models.CharField(max_length=64)
    line = models.PositiveIntegerField()
    booked_on = models.DateField(_("booked on"))
    valued_on = models.DateField(_("value date"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    text = models.CharField(max_length=1000, blank=True)
    payer = models.CharField(max_length=160, blank=True)
    payer_account = models.CharField(max_length=70, blank=True)
    bank_reference = models.CharField(max_length=70, blank=True)
    end_to_end = models.CharField(max_length=70, blank=True)
    creditor_reference = models.CharField(max_length=70, blank=True)
    is_return = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=TransactionState.choices, default=TransactionState.WAITING)
    unapplied = models.DecimalField(max_digits=18, decimal_places=3)
    reason = models.CharField(max_length=400, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = BankTransactionQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("organisation", "identity", name="bank_transaction_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="bank_transaction_moves_money"),
            models.CheckConstraint(
                condition=Q(amount__lt=0, unapplied=0) | Q(amount__gt=0, unapplied__gte=0, unapplied__lte=F("amount")),
                name="unapplied_is_a_part_of_money_in",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting")
                | Q(state="noted", amount__lt=0)
                | Q(state="applied", amount__gt=0, unapplied=0)
                | Q(state__in=["open", "set_aside"], amount__gt=0, unapplied__gt=0),
                name="state_of_a_bank_transaction_is_true",
            ),
            models.CheckConstraint(
                condition=(Q(state="set_aside", decided_at__isnull=False) & ~Q(reason="") & ~Q(decided_by_name=""))
                | (~Q(state="set_aside") & Q(reason="", decided_by_name="", decided_at__isnull=True)),
                name="set_aside_by_somebody_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state", "-id"], name="bank_transactions_by_state"),
            models.Index("statement", "id", name="bank_transactions_of_statement"),
        ]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "TRUE",
                name="what_the_bank_says_is_frozen",
                allow=("state", "unapplied", "reason", "decided_by_name", "decided_at"),
            ),
            guards.refused_when(
                "a_transaction_is_of_its_statement",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_bankstatement s WHERE s.id = NEW.statement_id"
                " AND s.organisation_id = NEW.organisation_id AND s.account_id = NEW.account_id"
                " AND s.currency = NEW.currency) OR (NEW.amount > 0 AND NEW.unapplied <> NEW.amount)"
                " OR NEW.state <> 'waiting'",
            ),
            guards.at_commit("what_is_left_follows_payments", guards.UPDATE, left_differs("NEW.id")),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount} {self.currency}"


class CashApplicationQuerySet(models.QuerySet["CashApplication"]):
    def visible_to(self, actor: Actor) -> "CashApplicationQuerySet":
        return self.none() if actor.contract_id is not None else self.filter(organisation_id=actor.organisation_id)

    def live(self) -> "CashApplicationQuerySet":
        """Those whose payment stands."""
        return self.filter(payment__reversal__isnull=True)


class CashApplication(models.Model):
    """A bank transaction, or a part of it, became a payment. ``position`` counts within the transaction and is never
    used twice. It ends when the payment is reversed, and then what it took is left again.

    ``how``: certain by the rules, a proposal that somebody confirmed, or chosen by hand.
    """

    class How(models.TextChoices):
        EXACT = "exact", _("exact match")
        PROPOSED = "proposed", _("proposal confirmed")
        BY_HAND = "by_hand", _("chosen by hand")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    transaction = models.ForeignKey(BankTransaction, models.PROTECT, related_name="applications", db_index=False)
    payment = models.OneToOneField(Payment, models.PROTECT, related_name="application")
    position = models.PositiveSmallIntegerField()
    how = models.CharField(max_length=10, choices=How.choices)
    applied_by_name = models.CharField(max_length=160)
    applied_at = models.DateTimeField()

    objects = CashApplicationQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("transaction", "position", name="cash_application_positions_unique"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "applied_as_a_payment_of_the_same_money",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_banktransaction t JOIN invoicing_payment p"
                " ON p.recipient_id = t.organisation_id AND p.currency = t.currency"
                " WHERE t.id = NEW.transaction_id AND p.id = NEW.payment_id AND t.amount > 0"
                " AND t.organisation_id = NEW.organisation_id AND p.amount <= t.amount)",
            ),
            guards.at_commit("applied_at_most_once", guards.INSERT, left_differs("NEW.transaction_id")),
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id} as {self.payment_id}"
