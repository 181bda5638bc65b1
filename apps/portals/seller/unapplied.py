"""Money that arrived and settles nothing: more was paid than was open."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef, Subquery

from apps.invoicing.models import Allocation, Payment
from apps.ledger.charts import Seller
from apps.ledger.models import Account, Balance
from apps.parties.actor import Actor

SHOWN = 5
"""The newest; there are hardly ever more."""


def payments(actor: Actor) -> list[Payment]:
    """The seller's payments with a part that is not allocated, each with its invoice, newest first.

    Which they are stands in the book, payment by payment: so the page does not read all that ever arrived.
    """
    # The accounts first, as values: joined, all balances that stand would be read to find which are of these accounts.
    accounts = Account.objects.visible_to(actor).filter(code=Seller.UNAPPLIED_RECEIPTS).values("pk")
    of_these = Func(
        F("account_id"),
        ArraySubquery(accounts),
        template="(%(expressions)s))",
        arg_joiner=" = ANY (",
        output_field=BooleanField(),
    )
    waiting = Balance.objects.visible_to(actor).filter(of_these).standing()
    # Plus nothing: else all balances would be gone through, newest first, for the few that nobody expects.
    keys = waiting.order_by((F("pk") + 0).desc()).values_list("key", flat=True)[:SHOWN]
    refs = [key.removeprefix("payment:") for key in keys]
    if not refs:
        return []
    made = Allocation.objects.filter(payment=OuterRef("pk"), reverses__isnull=True)
    mine = Payment.objects.visible_to(actor).filter(recipient_id=actor.organisation_id, ref__in=refs).unapplied()
    named = mine.annotate(
        invoice_ref=Subquery(made.values("invoice__ref")[:1]),
        invoice_number=Subquery(made.values("invoice__number")[:1]),
    )
    return list(named.select_related("payer").order_by("-pk"))
