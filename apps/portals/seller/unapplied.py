"""Money that arrived and settles nothing: more was paid than was open."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef, Prefetch, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from apps.core import money
from apps.invoicing.models import Allocation, Invoice, Payment, Refund
from apps.invoicing.models.refund import RefundState
from apps.ledger.charts import Seller
from apps.ledger.models import Account, Balance
from apps.parties.actor import Actor

SHOWN = 5
"""The newest; there are hardly ever more."""


def payments(actor: Actor) -> list[Payment]:
    """The seller's payments with a part that is not allocated, with invoice and refund under way, newest first.

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
    back = Refund.objects.visible_to(actor).under_way().filter(payment=OuterRef("pk"))
    mine = Payment.objects.visible_to(actor).filter(recipient_id=actor.organisation_id, ref__in=refs).unapplied()
    named = mine.annotate(
        invoice_ref=Subquery(made.values("invoice__ref")[:1]),
        invoice_number=Subquery(made.values("invoice__number")[:1]),
        refund_ref=Subquery(back.values("ref")[:1]),
        refund_state=Subquery(back.values("state")[:1]),
    )
    return list(named.select_related("payer").order_by("-pk"))


def of_invoice(actor: Actor, invoice: Invoice) -> list[Allocation]:
    """What was received for the invoice and how much of it the invoice took, reversed or not, in order.

    ``left`` is what of the payment settles nothing and is not paid back, ``kept`` what it settles here, less what
    credit notes freed.
    """
    taken = Allocation.objects.filter(payment=OuterRef("payment")).order_by().values("payment")
    here = taken.filter(invoice=OuterRef("invoice"), reverses__isnull=True)
    back = Refund.objects.holding().filter(payment=OuterRef("payment")).order_by().values("payment")
    told = Refund.objects.visible_to(actor).exclude(state=RefundState.WITHDRAWN).order_by("pk")
    made = Allocation.objects.visible_to(actor).filter(invoice=invoice).made()
    made = made.prefetch_related(Prefetch("payment__refunds", queryset=told, to_attr="told_refunds"))
    rows = made.annotate(
        left=F("payment__amount")
        - Subquery(taken.annotate(sum=Sum("amount")).values("sum"))
        - Coalesce(Subquery(back.annotate(sum=Sum("amount")).values("sum")), Value(money.ZERO)),
        kept=Subquery(here.annotate(sum=Sum("amount")).values("sum")),
    )
    return list(rows.order_by("pk"))
