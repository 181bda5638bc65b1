"""A statement of released retention as it reads on paper, in the language that is active. Nothing is looked up here."""

from dataclasses import dataclass

from django.utils.translation import get_language, gettext

from apps.contracts.retention import BUYER, COMPLETION, DATE, MILESTONE
from apps.contracts.rules.payment import NET
from apps.contracts.wording import payment
from apps.core.printing import words
from apps.invoicing import paying
from apps.invoicing.letterhead import address_lines, imprint_of, sender_of
from apps.invoicing.page import Fact, pay_words, payment_facts
from apps.invoicing.paying import PayCode
from apps.invoicing.release_statement import ReleaseStatement
from apps.invoicing.snapshot import Party


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice of which something was withheld."""

    number: str
    day: str
    milestone: str
    withheld: str
    before: str
    amount: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    language: str
    title: str
    number: str
    project: str
    seller: Party
    sender: str
    buyer: Party
    buyer_lines: list[str]
    facts: list[Fact]
    due: str
    due_on: str
    reason: str
    rows: list[Row]
    left: str
    total: str
    payment: list[Fact]
    pay_code: PayCode | None
    pay_words: str
    notes: list[str]
    imprint: list[list[str]]
    issued_at: str


def page_of(said: ReleaseStatement) -> Page:
    """The page of a statement in the language that is active."""
    currency = said.currency
    return Page(
        language=get_language() or said.language,
        title=gettext("Release of retention {number} from {seller}").format(
            number=said.number, seller=said.seller.name
        ),
        number=said.number,
        project=said.contract_title,
        seller=said.seller,
        sender=sender_of(said.seller),
        buyer=said.buyer,
        buyer_lines=[line for line in address_lines(said.buyer.address) if line],
        facts=[
            (gettext("Date"), words.day(said.issue_date)),
            (gettext("Contract"), said.contract_number),
            *([(gettext("Retention"), said.retention_name)] if said.retention_name else []),
            (
                gettext("Part"),
                gettext("{position} of {parts}").format(
                    position=words.count(said.position), parts=words.count(said.parts)
                ),
            ),
        ],
        due=words.money(said.totals.due, currency),
        due_on=words.day(said.due_date),
        reason=_reason(said),
        rows=[
            Row(
                one.invoice_number,
                words.day(one.issue_date),
                one.milestone,
                words.number(one.withheld, currency),
                words.number(one.before, currency),
                words.number(one.amount, currency),
            )
            for one in said.shares
        ],
        left=words.money(said.left, currency),
        total=words.money(said.totals.gross, currency),
        payment=payment_facts(said.credit_transfer, said.remittance),
        pay_code=(code := paying.code_of(said)),
        pay_words=pay_words(code),
        notes=[
            _terms(said),
            gettext(
                "This is no tax invoice: the supply and all of its tax stand on the invoices that are named above."
                " No tax is charged here."
            ),
        ],
        imprint=imprint_of(said.seller),
        issued_at=said.issued_at.isoformat(timespec="seconds"),
    )


def _reason(said: ReleaseStatement) -> str:
    reasons = {
        COMPLETION: gettext("Due as agreed, since the last milestone was accepted."),
        DATE: gettext("Due as agreed, since the date of its release is reached."),
        BUYER: gettext("Released by {name} for {buyer}.").format(name=said.released_by, buyer=said.buyer.name),
    }
    if said.event == MILESTONE:
        return gettext("Due as agreed, since “{milestone}” was accepted.").format(milestone=said.milestone)
    called = gettext("Called by {name} for {seller}, as agreed.").format(name=said.released_by, seller=said.seller.name)
    return reasons.get(said.event, called)


def _terms(said: ReleaseStatement) -> str:
    if said.payment_basis != NET:
        return gettext("Payable {terms}: by {date}, without deduction.").format(
            terms=payment(said.payment_days, said.payment_basis), date=words.day(said.due_date)
        )
    if not said.payment_days:
        return gettext("Payable on receipt, without deduction.")
    return gettext("Payable within {days} days of the date of this statement, by {date}, without deduction.").format(
        days=said.payment_days, date=words.day(said.due_date)
    )
