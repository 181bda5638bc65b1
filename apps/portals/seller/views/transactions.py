"""What arrived on the bank account: applied to invoices by hand or as proposed, set aside, taken back."""

from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.errors import Refused, Stale
from apps.invoicing import services as invoicing
from apps.invoicing.models import Allocation, BankTransaction, CashApplication
from apps.invoicing.models.transaction import TransactionState
from apps.invoicing.rules import Bill, Bills, Part, proposals
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.paging import counted, page_of
from apps.portals.parts import Fact, Tab
from apps.portals.seller.forms.payment import ReversalForm
from apps.portals.seller.forms.statements import FIELD, AllocationForm, ProposalForm, SetAsideForm
from apps.portals.seller.matching_words import Shown, sentence, shown
from apps.portals.seller.pages import page, today_of, why_not
from apps.portals.seller.views.statements import statement_crumbs
from apps.workflows import statements as workflow

BY_HAND = 12
"""Invoices that are offered to be paid by hand; more are found by searching."""
MOST_PARTS = 60
STATES = ("open", "applied", "set_aside", "noted")


@require_GET
@portal("seller")
def transactions(request: PortalRequest) -> HttpResponse:
    """The transactions that need somebody, newest first, each with what is proposed; ``?state=`` shows the others."""
    found = BankTransaction.objects.visible_to(request.actor)
    rules = {name: Q(state=name) for name in STATES}
    counts = counted(request.actor, found, rules)
    state = request.GET.get("state", "")
    state = state if state in STATES else "open"
    rows = page_of(request, found.filter(rules[state]).select_related("account"))
    names = {name: TransactionState(name).label for name in STATES}
    context = {
        "rows": _rows(request, rows.rows, state=state),
        "page": rows,
        "state": state,
        "tabs": [
            Tab(label=str(names[name]), url=f"?state={name}", is_current=name == state, count=counts[name])
            for name in STATES
        ],
        "crumbs": statement_crumbs((_("Transactions"), "")),
    }
    return page(request, "transactions", context)


def _rows(
    request: PortalRequest, rows: Sequence[BankTransaction], *, state: str
) -> list[tuple[BankTransaction, Shown | None, str]]:
    """Each transaction with the best proposal, and a line that says what is known of it."""
    if state == "open" and rows:
        bills = invoicing.bills_for(actor=request.actor, transactions=rows)
        today = today_of(request)
        return [(row, *_best(row, bills, today=today)) for row in rows]
    if state == "applied":
        numbers: dict[int, list[str]] = {}
        for made in _allocations(request, rows):
            numbers.setdefault(made.payment.application.transaction_id, []).append(made.invoice.number)
        return [(row, None, ", ".join(numbers.get(row.pk, []))) for row in rows]
    return [(row, None, row.reason) for row in rows]


def _best(row: BankTransaction, bills: Bills, *, today: date) -> tuple[Shown | None, str]:
    found, notes = proposals(invoicing.money_in(row, today=today), bills)
    if not found:
        return None, sentence(notes[0], currency=row.currency) if notes else ""
    return shown(found[0], _by_ref(bills), currency=row.currency), ""


def _by_ref(bills: Bills) -> dict[str, Bill]:
    return {bill.ref: bill for bill in bills.by_number.values()}


def _allocations(request: PortalRequest, rows: Sequence[BankTransaction]) -> list[Allocation]:
    """What the payments of these transactions settled, and still do."""
    made = Allocation.objects.visible_to(request.actor).made()
    found = made.filter(payment__application__transaction__in=rows, payment__reversal__isnull=True)
    return list(found.select_related("invoice__buyer", "payment__application").order_by("pk"))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def transaction(request: PortalRequest, ref: str) -> HttpResponse:
    """One transaction: what the bank says, what is proposed and why, and everything that a person can do with it."""
    found = _transaction(request, ref)
    if request.POST.get("do") in ("apply", "allocate") and found.state == TransactionState.APPLIED:
        # A second click, or a colleague was quicker.
        messages.info(request, _("Somebody has applied this payment already. Nothing was changed."))
        return redirect("seller:transaction", ref=ref)
    desk = _Desk(request, found)
    if request.method == "POST":
        done = desk.act()
        if done:
            messages.success(request, done)
            return redirect("seller:transactions")
    response = page(request, "transaction", desk.context())
    response.status_code = 422 if request.method == "POST" else response.status_code
    return response


def _transaction(request: PortalRequest, ref: str) -> BankTransaction:
    rows = BankTransaction.objects.visible_to(request.actor).select_related("account", "statement__file")
    return get_object_or_404(rows, ref=ref)


class _Desk:
    """Everything about one transaction that its page shows and does."""

    def __init__(self, request: PortalRequest, found: BankTransaction) -> None:
        self.request, self.found = request, found
        self.words = (request.POST or request.GET).get("q", "").strip()[:80]
        is_open = found.state == TransactionState.OPEN
        self.bills = invoicing.bills_for(actor=request.actor, transactions=[found]) if is_open else Bills()
        self.by_ref = _by_ref(self.bills)
        money = invoicing.money_in(found, today=today_of(request))
        offered, self.notes = proposals(money, self.bills) if is_open else ([], [])
        self.offered = [shown(one, self.by_ref, currency=found.currency) for one in offered]
        what = request.POST.get("do", "") if request.method == "POST" else ""
        self.what, data = what, request.POST
        self.confirm = ProposalForm(data if what == "apply" else None, auto_id="apply_%s")
        self.allocate = AllocationForm(
            data if what == "allocate" else None, bills=self._by_hand(), currency=found.currency, auto_id="part_%s"
        )
        self.aside = SetAsideForm(data if what == "set_aside" else None, auto_id="aside_%s")
        self.again = ActionForm(data if what == "take_up" else None, auto_id="again_%s")

    def act(self) -> str:
        """Do what was asked for; the answer says what was done, or nothing when a form has to be shown again."""
        acts = {
            "apply": (self.confirm, self._apply),
            "allocate": (self.allocate, self._allocate),
            "set_aside": (self.aside, self._set_aside),
            "take_up": (self.again, self._take_up),
        }
        form, act = acts.get(self.what, (self.again, self._nothing))
        if not form.is_valid():
            return ""
        try:
            return act(form.cleaned_data["key"])
        except Refused as refused:
            add_refusal(form, refused)
            # What stands now is shown beside the refusal.
            self.found = _transaction(self.request, self.found.ref)
            return ""

    def _apply(self, key: str) -> str:
        chosen = next((one for one in self.offered if one.seen == self.confirm.cleaned_data["seen"]), None)
        if chosen is None:
            raise Stale("This proposal does not stand any more. Look at what is proposed now.")
        return self._recorded(key, parts=chosen.parts, how=CashApplication.How.PROPOSED)

    def _allocate(self, key: str) -> str:
        return self._recorded(key, parts=self.allocate.parts, how=CashApplication.How.BY_HAND)

    def _recorded(self, key: str, *, parts: tuple[Part, ...], how: str) -> str:
        workflow.apply_transaction(
            actor=self.request.actor, key=key, transaction_ref=self.found.ref, parts=parts, how=how
        )
        numbers = ", ".join(part.number for part in parts)
        return _("The payment is recorded on %(numbers)s.") % {"numbers": numbers}

    def _set_aside(self, key: str) -> str:
        workflow.set_aside_transaction(
            actor=self.request.actor,
            key=key,
            transaction_ref=self.found.ref,
            reason=self.aside.cleaned_data["reason"],
        )
        return _("The transaction is set aside. You find it under “Not ours”.")

    def _take_up(self, key: str) -> str:
        workflow.take_up_transaction(actor=self.request.actor, key=key, transaction_ref=self.found.ref)
        return _("The transaction waits for you again.")

    def _nothing(self, _key: str) -> str:
        raise Refused("Choose what is to be done.")

    def _by_hand(self) -> list[Bill]:
        """What is typed already, what is named or proposed, what the search finds, then what is due first."""
        payable = [bill for bill in self.by_ref.values() if self._takes(bill)]
        payable.sort(key=lambda bill: (bill.due_on, bill.number))
        typed = [name.removeprefix(FIELD) for name in list(self.request.POST)[:MOST_PARTS] if name.startswith(FIELD)]
        if typed:
            return [self.by_ref[ref] for ref in typed if ref in self.by_ref and self._takes(self.by_ref[ref])]
        if self.words:
            words = self.words.casefold()
            return [bill for bill in payable if words in f"{bill.number} {bill.buyer_name}".casefold()][:BY_HAND]
        proposed = {part.invoice_ref for one in self.offered for part in one.parts}
        payable.sort(key=lambda bill: bill.ref not in proposed)
        return payable[:BY_HAND]

    def _takes(self, bill: Bill) -> bool:
        return bill.open > 0 and bill.currency == self.found.currency and not bill.payee

    def context(self) -> dict[str, object]:
        found = self.found
        made = _allocations(self.request, [found]) if found.unapplied < found.amount else []
        bound = (self.confirm, self.allocate, self.aside, self.again)
        return {
            "found": found,
            "facts": _facts(found),
            "offered": self.offered,
            "notes": [sentence(note, currency=found.currency) for note in self.notes],
            "made": made,
            "confirm": self.confirm,
            "allocate": self.allocate,
            "aside": self.aside,
            "again": self.again,
            "failed": next((form for form in bound if form.is_bound and form.errors), None),
            "words": self.words,
            "refusal": why_not(self.request.actor, Action.RECORD_PAYMENT),
            "crumbs": statement_crumbs(
                (_("Transactions"), reverse("seller:transactions")),
                (formats.money(found.amount, found.currency), ""),
            ),
        }


def _facts(found: BankTransaction) -> list[Fact]:
    """What the bank says."""
    said = [
        (_("Payer") if found.amount > 0 else _("Paid to"), found.payer),
        (_("Their account"), found.payer_account),
        (_("Text"), found.text),
        (_("Structured reference"), found.creditor_reference),
        (_("End-to-end reference"), found.end_to_end),
        (_("Bank reference"), found.bank_reference),
        (_("Your account"), str(found.account)),
    ]
    return [
        Fact(term=_("Booked on"), on=found.booked_on),
        *([Fact(term=_("Value date"), on=found.valued_on)] if found.valued_on else []),
        *(Fact(term=term, value=value) for term, value in said if value),
        Fact(
            term=_("Bank statement"),
            value=_("%(file)s, line %(line)s") % {"file": found.statement.file.file_name, "line": found.line},
            url=reverse("seller:statement", args=[found.statement.file.ref]),
        ),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def undo_transaction(request: PortalRequest, ref: str) -> HttpResponse:
    """Take back what was recorded of a transaction: all of its payments, and why."""
    found = _transaction(request, ref)
    made = _allocations(request, [found])
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workflow.undo_transaction(actor=request.actor, transaction_ref=found.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The payment is taken back. The transaction waits for you again."))
            return redirect("seller:transaction", ref=found.ref)
    elif request.method != "POST" and not made:
        messages.info(request, _("Nothing of this transaction is applied."))
        return redirect("seller:transaction", ref=found.ref)
    effects = [
        _("%(number)s is open again with %(amount)s more.")
        % {"number": one.invoice.number, "amount": formats.money(one.amount, found.currency)}
        for one in made
    ]
    buyers = ", ".join(dict.fromkeys(one.invoice.buyer.legal_name for one in made))
    effects += [
        _("Your books get the opposite entries with today's date; everything stays visible."),
        _("%(buyer)s is told by mail that the receipt no longer holds.") % {"buyer": buyers},
        _("The transaction waits for you again, and can be applied to other invoices."),
    ]
    context = {
        "found": found,
        "facts": _facts(found),
        "effects": effects,
        "amount": found.amount - found.unapplied,
        "refusal": why_not(request.actor, Action.RECORD_PAYMENT),
        "crumbs": statement_crumbs(
            (_("Transactions"), reverse("seller:transactions")),
            (formats.money(found.amount, found.currency), reverse("seller:transaction", args=[found.ref])),
            (_("Take back"), ""),
        ),
    }
    return page(request, "undo_transaction", context, form=form)
