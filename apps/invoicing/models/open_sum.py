"""What is open in all, so that no first page adds up everything that is open."""

from datetime import date
from decimal import Decimal
from typing import Final

import pgtrigger
from django.db import models
from django.db.models import Q, Sum

from apps.core.database import guards
from apps.core.database.walls import by_organisation
from apps.parties.actor import Actor
from apps.parties.models import Organisation

SWEPT_EVERY: Final = 64
"""After so many rows, on average, the sums of a side are made one row each again."""


class OpenSumQuerySet(models.QuerySet["OpenSum"]):
    def visible_to(self, actor: Actor) -> "OpenSumQuerySet":
        return self.filter(organisation_id=actor.organisation_id)

    def of_seller(self, actor: Actor) -> "OpenSumQuerySet":
        """What the actor's organisation is owed."""
        return self.visible_to(actor).filter(side=OpenSum.Side.SELLER)

    def of_buyer(self, actor: Actor) -> "OpenSumQuerySet":
        """What the actor's organisation owes."""
        return self.visible_to(actor).filter(side=OpenSum.Side.BUYER)

    def by_currency(self, *, overdue_on: date) -> dict[str, tuple[Decimal, Decimal]]:
        """What is open in each currency in which anything is, and how much of it was due before a day."""
        late = Sum("amount", filter=Q(due_on__lt=overdue_on), default=Decimal(0))
        found = self.order_by().values_list("currency").annotate(open=Sum("amount"), late=late).exclude(open=0)
        return {currency: (opened, overdue) for currency, opened, overdue in found}


class OpenSum(models.Model):
    """A part of what is open for one side in a currency, due on a day: the sum is that of all rows with the same names.

    Each change of an open item adds a row for either side, so that nobody waits for anybody; now and then the one who
    adds it makes one row of what is there. ``is_assigned`` tells what the buyer pays to somebody else than the seller.
    """

    class Side(models.TextChoices):
        SELLER = "seller"
        BUYER = "buyer"

    # The open item's own keys are checked; checked here once more, they would cost every sign-off two questions.
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_constraint=False)
    side = models.CharField(max_length=6, choices=Side.choices)
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    is_assigned = models.BooleanField()
    amount = models.DecimalField(max_digits=20, decimal_places=3)

    objects = OpenSumQuerySet.as_manager()
    # Triggers write here, with the owner's eyes, and nobody else: a sum is told nothing that happened to no open item.
    wall = by_organisation("organisation_id").only("SELECT")

    class Meta:
        indexes = [models.Index("organisation", "side", name="open_sums_of_side")]
        triggers = [
            guards.refused_when("only_open_items_change_what_is_open", guards.INSERT, "pg_trigger_depth() < 2"),
            pgtrigger.Trigger(
                name="only_open_items_sweep",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func=(
                    "IF TG_OP = 'UPDATE' OR pg_trigger_depth() < 3 THEN RAISE EXCEPTION 'sums are swept by themselves'"
                    " USING ERRCODE = 'check_violation'; END IF; RETURN OLD;"
                ),
            ),
            guards.Guard(
                name="swept_now_and_then",
                operation=guards.INSERT,
                when=pgtrigger.After,
                # Depth: the open item's trigger asks at 1, the sweep itself at 2. SKIP LOCKED: what somebody else
                # sweeps right now is left alone, so nobody waits, and nobody waits for each other.
                condition=pgtrigger.Condition(f"hashint8(NEW.id) % {SWEPT_EVERY} = 0 AND pg_trigger_depth() = 1"),
                func=(
                    "WITH swept AS (DELETE FROM invoicing_opensum WHERE id IN (SELECT s.id FROM invoicing_opensum s"
                    " WHERE s.organisation_id = NEW.organisation_id AND s.side = NEW.side FOR UPDATE SKIP LOCKED)"
                    " RETURNING *)"
                    " INSERT INTO invoicing_opensum (organisation_id, side, currency, due_on, is_assigned, amount)"
                    " SELECT organisation_id, side, currency, due_on, is_assigned, sum(amount) FROM swept"
                    " GROUP BY organisation_id, side, currency, due_on, is_assigned HAVING sum(amount) <> 0;"
                    " RETURN NULL;"
                ),
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.side} {self.due_on}: {self.amount}"


ASSIGNED: Final = (
    "EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_payeeinstruction p ON p.milestone_id = i.milestone_id"
    " AND p.revoked_at IS NULL AND p.payee_id <> {item}.seller_id WHERE i.id = {item}.invoice_id)"
)
"""Whether the buyer pays an open item to somebody else than the seller, as SQL."""
_COLUMNS: Final = "organisation_id, side, currency, due_on, is_assigned, amount"
_SIDES: Final = "(VALUES ({item}.seller_id, 'seller'), ({item}.buyer_id, 'buyer')) one (organisation_id, side)"


def told_by_items() -> list[guards.Guard]:
    """The triggers of open items: what is open of each is told to the sums of both sides."""

    def told(ways: str) -> str:
        return (
            f"INSERT INTO invoicing_opensum ({_COLUMNS}) SELECT one.organisation_id, one.side, NEW.currency,"
            f" way.due_on, {ASSIGNED.format(item='NEW')}, way.amount FROM {_SIDES.format(item='NEW')}"
            f" CROSS JOIN (SELECT due_on, sum(amount) AS amount FROM (VALUES {ways}) moved (due_on, amount)"
            " GROUP BY due_on HAVING sum(amount) <> 0) way; RETURN NULL;"
        )

    return [
        guards.Guard(
            name="what_is_open_is_added_up",
            operation=guards.INSERT,
            when=pgtrigger.After,
            condition=pgtrigger.Condition("NEW.open <> 0"),
            func=told("(NEW.due_on, NEW.open)"),
        ).seeing_all(),
        guards.Guard(
            name="what_is_open_no_more_is_taken_off",
            operation=guards.UPDATE,
            when=pgtrigger.After,
            condition=pgtrigger.Condition("NEW.open <> OLD.open OR (NEW.due_on <> OLD.due_on AND OLD.open <> 0)"),
            func=told("(NEW.due_on, NEW.open), (OLD.due_on, -OLD.open)"),
        ).seeing_all(),
    ]


def told_by_instructions() -> list[guards.Guard]:
    """The triggers of payees' instructions: what is open moves between what is assigned and what is not.

    Both happen under the contract's lock, as everything that changes an open item does.
    """

    def moved(way: str) -> str:
        return (
            f"INSERT INTO invoicing_opensum ({_COLUMNS}) SELECT one.organisation_id, one.side, t.currency, t.due_on,"
            " way.is_assigned, way.sign * t.open FROM invoicing_invoice i"
            " JOIN invoicing_openitem t ON t.invoice_id = i.id AND t.open <> 0"
            f" CROSS JOIN LATERAL {_SIDES.format(item='t')} CROSS JOIN (VALUES {way}) way (is_assigned, sign)"
            " WHERE i.milestone_id = NEW.milestone_id AND t.seller_id <> NEW.payee_id; RETURN NULL;"
        )

    return [
        guards.Guard(
            name="what_is_open_is_assigned",
            operation=guards.INSERT,
            when=pgtrigger.After,
            condition=pgtrigger.Condition("NEW.revoked_at IS NULL"),
            func=moved("(TRUE, 1), (FALSE, -1)"),
        ).seeing_all(),
        guards.Guard(
            name="what_is_open_is_assigned_no_more",
            operation=guards.UPDATE,
            when=pgtrigger.After,
            condition=pgtrigger.Condition("OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL"),
            func=moved("(TRUE, -1), (FALSE, 1)"),
        ).seeing_all(),
    ]


OF_ITEMS: Final = f"""
    SELECT one.organisation_id, one.side, t.currency, t.due_on, assigned.is_assigned, sum(t.open) AS amount
    FROM invoicing_openitem t CROSS JOIN LATERAL {_SIDES.format(item="t")}
    CROSS JOIN LATERAL (SELECT {ASSIGNED.format(item="t")} AS is_assigned) assigned
    WHERE t.open > 0 GROUP BY 1, 2, 3, 4, 5
"""
"""What the sums must come to, from the items themselves: for who verifies, and who copies items without triggers."""
FILLED: Final = f"INSERT INTO invoicing_opensum ({_COLUMNS}) {OF_ITEMS}"
