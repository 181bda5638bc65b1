"""Lines of an issued invoice are credited by what the seller names of each, and never by more than is left of it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import KeyReused, Refused, Stale
from apps.invoicing import checks, documents, rules, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice import cii
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.invoicing.rules import OfLine, Share
from apps.workflows import crediting
from apps.workflows.once import Answer
from tests import applications, scenarios
from tests.conftest import Once
from tests.portals.test_retention import signed_in

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
D = Decimal


class _Billed(NamedTuple):
    parties: scenarios.Parties
    contract: Contract
    invoice: Invoice


@pytest.fixture
def billed(once: Once) -> _Billed:
    """One invoice of two lines of 12,000.00 each, at 19 % tax; 2,200.00 are retained, 26,360.00 open."""

    def story() -> _Billed:
        parties = scenarios.organisations()
        contract = applications.contract_by_application(parties, at=NOON)
        for position in (1, 2):
            scenarios.accepted_milestone(contract, position=position, at=NOON)
        applications.certified(
            applications.submitted(contract, at=NOON), actor=scenarios.approver_actor(parties), at=NOON
        )
        with walls.asking_for(contract.seller_id):
            return _Billed(parties, contract, Invoice.objects.get(contract=contract))

    return once(story)


def by_line(**amounts: str) -> Share:
    """``two="3000"`` credits so much of line 2."""
    numbers = {"nought": 0, "one": 1, "two": 2, "three": 3}
    return Share(lines=tuple(OfLine(numbers[name], D(amount)) for name, amount in amounts.items()))


def credited(billed: _Billed, share: Share, *, key: str = "", seen: str = "") -> Answer:
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=NOON):
        seen = seen or invoicing.preview_credit(invoice_ref=billed.invoice.ref, share=share).sha256
        return crediting.credit_invoice(
            actor=bilge,
            key=key or scenarios.key(),
            invoice_ref=billed.invoice.ref,
            share=share,
            reason="Agreed.",
            seen=seen,
        )


def notes_of(billed: _Billed) -> list[CreditNote]:
    with walls.asking_for(billed.contract.seller_id):
        return list(CreditNote.objects.prefetch_related("lines__invoice_line").order_by("pk"))


def lines_of(note: CreditNote) -> list[tuple[int, Decimal]]:
    return [(line.invoice_line.position, line.net) for line in note.lines.all()]


@pytest.mark.django_db
def test_lines_an_amount_and_the_rest_are_credited_and_every_total_is_right(billed: _Billed) -> None:
    share = by_line(two="0.03", one="11999.99")
    with walls.asking_for(billed.contract.seller_id):
        seen = invoicing.preview_credit(invoice_ref=billed.invoice.ref, share=share).sha256
        # The same sums of other lines are another credit note.
        other = invoicing.preview_credit(invoice_ref=billed.invoice.ref, share=by_line(one="0.03", two="11999.99"))
    assert other.sha256 != seen
    answers = [credited(billed, share, key="once", seen=seen) for _time in range(2)]
    assert answers[0] == answers[1]
    with pytest.raises(KeyReused):
        credited(billed, by_line(two="0.03"), key="once", seen=seen)
    credited(billed, Share(amount=D("1000.00")))
    credited(billed, by_line(one="0.01"))
    with pytest.raises(Stale):
        credited(billed, share=Share(), seen=seen)
    credited(billed, Share())
    notes = notes_of(billed)
    assert [lines_of(note) for note in notes] == [
        [(1, D("11999.99")), (2, D("0.03"))],
        [(2, D("1000.00"))],
        [(1, D("0.01"))],
        [(2, D("10999.97"))],
    ]
    # The tax of all that is credited is rounded once: 2,280.00, 2,470.00, 2,470.01, 4,560.00.
    assert [(note.net, note.tax) for note in notes] == [
        (D("12000.02"), D("2280.00")),
        (D("1000.00"), D("190.00")),
        (D("0.01"), D("0.01")),
        (D("10999.97"), D("2089.99")),
    ]
    # 26,360.00 were open and 2,200.00 retained: what is open falls first, and then what is retained comes back.
    assert [note.retained for note in notes] == [D(0), D(0), D(0), D("2200.00")]
    with walls.asking_for(billed.contract.seller_id):
        item = OpenItem.objects.get(invoice=billed.invoice)
    assert (item.credited, item.open, item.retained, item.paid) == (D(28560), D(0), D(0), D(0))
    with pytest.raises(Refused, match="in full"):
        credited(billed, by_line(two="0.01"))
    _verified(billed)


@pytest.mark.django_db
def test_the_documents_say_which_lines_of_which_invoice(billed: _Billed) -> None:
    credited(billed, by_line(two="3000"))
    (note,) = notes_of(billed)
    said = snapshot.read(note.snapshot)
    which = f"Line 2 of {billed.invoice.number}"
    assert [(line.identifier, line.description.startswith(which)) for line in said.lines] == [("2", True)]
    xml = cii.write(said).decode()
    assert "<ram:LineID>2</ram:LineID>" in xml
    assert which in xml
    assert documents.made_of(note.snapshot).pdf


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("share", "why"),
    [
        (by_line(one="12000.01"), "Only 12,000.00 EUR net of tax are left to credit of line 1"),
        (by_line(two="1", one="0"), "above zero"),
        (by_line(two="-1"), "above zero"),
        (by_line(two="0.001"), "decimals"),
        (by_line(three="1"), "no line 3"),
        (by_line(nought="1"), "no line 0"),
        (Share(lines=(*by_line(one="1").lines, *by_line(one="2").lines)), "Name each line once"),
        (Share(amount=D(1), lines=by_line(one="1").lines), "not both"),
    ],
)
def test_what_is_not_left_or_not_of_the_invoice_is_refused(billed: _Billed, share: Share, why: str) -> None:
    with pytest.raises(Refused) as refused:
        credited(billed, share, seen="0" * 64)
    assert why in str(refused.value).replace("\xa0", " ")
    assert notes_of(billed) == []


@pytest.mark.django_db
def test_postgres_credits_no_line_beyond_itself(billed: _Billed, monkeypatch: pytest.MonkeyPatch) -> None:
    reckoned, cent = rules.credit, D("0.01")

    def shifted(*args: Any, **named: Any) -> rules.Credit:
        one, two = (credit := reckoned(*args, **named)).lines
        return replace(credit, lines=(one + cent, two - cent))

    monkeypatch.setattr(rules, "credit", shifted)
    with pytest.raises(IntegrityError, match="credited beyond itself"):
        credited(billed, by_line(one="12000", two="1"))


@pytest.mark.django_db
def test_the_form_lists_the_lines_with_what_is_left_of_each(billed: _Billed) -> None:
    credited(billed, by_line(one="12000", two="2000"))
    client, url = signed_in(billed.parties, "billing"), reverse("seller:credit_invoice", args=[billed.invoice.ref])
    page = client.get(url)
    said = page.content.decode().replace("\xa0", " ")
    for words in ("Line 1: ", "0.00 EUR left to credit", "Line 2: ", "10,000.00 EUR left to credit"):
        assert words in said
    form = {"key": page.context["form"]["key"].value(), "how": "lines", "reason": "Agreed.", "do": "review"}
    for typed, why in (({}, "Enter how much"), ({"line_2": "10,000.01"}, "Only 10,000.00 EUR net of tax are left")):
        refused = client.post(url, form | typed)
        assert refused.status_code == 422
        assert why in refused.content.decode().replace("\xa0", " ")
    shown = client.post(url, form | {"line_2": "4,000.00"})
    assert "4,760.00" in shown.content.decode()
    again = shown.context["form"]
    sent = {name: str(again[name].value() or "") for name in again.fields} | {"do": "issue"}
    assert client.post(url, sent).status_code == 302
    assert [lines_of(note) for note in notes_of(billed)][1] == [(2, D(4000))]


def _verified(billed: _Billed) -> None:
    """What ``verify_ledger`` asks of invoices holds of what this transaction made."""
    with walls.asking_for(billed.contract.seller_id, billed.contract.buyer_id), connection.cursor() as cursor:
        for check in checks.CHECKS:
            cursor.execute(check.sql)
            assert cursor.fetchall() == [], check.sentence
