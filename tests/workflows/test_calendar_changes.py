"""Change orders of deposits and recurring lines: what is billed stays, and what is not becomes what both signed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.contracts.drafts import ChangedLine, ChangeDraft, DraftLine, Due
from apps.contracts.models import Contract, PlanLine
from apps.contracts.rules import read_version_text
from apps.core import canonical
from apps.core.errors import Refused
from apps.invoicing.models import Instalment, Invoice
from apps.portals.version_differences import agreed_as
from apps.revenue.models import Modification, Obligation
from apps.revenue.services import recognise
from apps.workflows import change_effects, instalments
from tests import change_orders, scenarios
from tests.change_orders import line
from tests.conftest import Once
from tests.scenarios import Parties, acting

pytestmark = pytest.mark.django_db

D = Decimal
SIGNED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = SIGNED_AT + 40 * DAY
"""The eleventh of April: the deposit and two of four months of support, 500.00 each, are billed; 40,000.00 in all."""
SUPPORT = 3
FROM_MAY = Due("date", date(2026, 5, 1), "", "month", 6)
MORE = DraftLine("Hosting", basis="amount", amount=D(250), kind="recurring", due=FROM_MAY)


@pytest.fixture(scope="module")
def parties(once: Once) -> Parties:
    return once(scenarios.organisations)


@pytest.fixture(scope="module")
def told(once: Once, parties: Parties) -> Contract:
    def story() -> Contract:
        draft = scenarios.hybrid_draft(parties, start=Due("signature", None, "", "month", 4))
        contract = scenarios.active_contract(parties, draft=draft, at=SIGNED_AT)
        tend(contract, at=LATER)
        return contract

    return once(story)


@pytest.fixture
def contract(db: None, told: Contract) -> Contract:
    with acting(scenarios.owner_of(told.seller_id)):
        return Contract.objects.get(pk=told.pk)


def tend(contract: Contract, *, at: datetime) -> int:
    """What the periodic job would do at this moment."""
    with acting(scenarios.owner_of(contract.seller_id), at=at):
        return len(instalments.tend(contract_ref=contract.ref, seller_id=contract.seller_id))


def changed(
    parties: Parties,
    contract: Contract,
    *lines: ChangedLine,
    added: tuple[DraftLine, ...] = (),
    at: datetime = LATER,
) -> str:
    """Proposed by the seller and signed by the buyer; the answer is the new version's reference."""
    draft = ChangeDraft("Another subscription", "The fleet grows.", lines=lines, added=added)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    answer = change_orders.propose(contract, draft, by=sina, at=at)
    change_orders.sign(answer, by=olga, at=at)
    with acting(sina):
        committed()
    return str(answer["version"])


def committed() -> None:
    """What Postgres asks at COMMIT, asked now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def support(contract: Contract, **changes: Any) -> ChangedLine:
    return line(contract, SUPPORT, **{"amount": D(500), **changes})


def times(count: int, **more: Any) -> Due:
    return Due(**{"start": "signature", "period": "month", "count": count, **more})


def calendar(contract: Contract, position: int) -> list[tuple[int, int, Decimal, date | None, bool]]:
    with acting(scenarios.owner_of(contract.seller_id)):
        found = Instalment.objects.standing().filter(contract=contract, position=position).order_by("number")
        return [(one.number, one.count, one.amount, one.bills_on, one.billed_at is not None) for one in found]


def price(contract: Contract) -> Decimal:
    with acting(scenarios.owner_of(contract.seller_id)):
        contract.refresh_from_db()
        assert contract.active_version is not None
        return contract.active_version.price


def test_a_subscription_goes_on_longer_and_what_is_billed_stays(parties: Parties, contract: Contract) -> None:
    changed(parties, contract, support(contract, due=times(6)))
    assert price(contract) == D(41000)
    assert calendar(contract, SUPPORT) == [
        (1, 4, D(500), date(2026, 3, 2), True),
        (2, 4, D(500), date(2026, 4, 2), True),
        *((number, 6, D(500), date(2026, number + 2, 2), False) for number in (3, 4, 5, 6)),
    ]
    assert tend(contract, at=datetime(2026, 8, 2, 12, tzinfo=UTC)) == 4
    with acting(scenarios.seller_actor(parties)):
        newest = Invoice.objects.filter(contract=contract).latest("pk")
        assert (newest.about, newest.net) == ("Support, 6 of 6", D(500))


def test_a_share_whose_periods_differ_by_a_cent_is_agreed_in_all_from_then_on(parties: Parties, db: None) -> None:
    draft = scenarios.hybrid_draft(parties, start=Due("signature", None, "", "month", 3), number="UNEVEN")
    deposit, milestone, subscription = draft.lines
    share = replace(subscription, basis="remainder", percent=None, amount=None)
    milestone = replace(milestone, basis="amount", amount=D(34000))
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=(deposit, milestone, share)), at=SIGNED_AT)
    tend(contract, at=SIGNED_AT + DAY)
    agreed = calendar(contract, SUPPORT)
    assert [amount for _number, _count, amount, *_rest in agreed] == [D("666.67"), D("666.67"), D("666.66")]
    for title in ("Hosting", "More hosting"):
        changed(parties, contract, added=(replace(MORE, title=title),), at=SIGNED_AT + DAY)
        assert calendar(contract, SUPPORT) == agreed, "what both sides left as it was is billed otherwise"
    assert price(contract) == D(43000)
    with acting(scenarios.owner_of(contract.seller_id)):
        version = contract.active_version
        assert version is not None
        stands = version.lines.get(position=SUPPORT)
        assert (stands.basis, stands.amount, stands.per_period) == ("total", D(2000), None)
        (said,) = (one for one in canonical.read(version.canonical_text)["plan"] if one["position"] == SUPPORT)
        assert (said["basis"], said["amount"], said["per_period"]) == ("total", "2000", None)
        paper = read_version_text(version.canonical_text)
        assert agreed_as(paper.lines[SUPPORT - 1], currency="EUR") == "an amount in all"
    with pytest.raises(Refused, match="agreed as a whole, and not by the period"):
        changed(parties, contract, line(contract, SUPPORT, basis="total", due=times(4)), at=SIGNED_AT + DAY)


def test_it_ends_early_and_goes_on_at_another_price_from_a_day(parties: Parties, contract: Contract) -> None:
    dearer = replace(MORE, title="Support", amount=D(600), due=Due("date", date(2026, 5, 2), "", "month", 2))
    changed(parties, contract, support(contract, due=times(2)), added=(dearer,))
    assert price(contract) == D(40200)
    assert [row[0] for row in calendar(contract, SUPPORT)] == [1, 2]
    assert calendar(contract, 4) == [
        (1, 2, D(600), date(2026, 5, 2), False),
        (2, 2, D(600), date(2026, 6, 2), False),
    ]
    scenarios.accepted_milestone(contract, position=2, at=LATER)
    assert price(contract) == D(40200)
    assert contract.state == "active"
    assert tend(contract, at=datetime(2026, 6, 2, 12, tzinfo=UTC)) == 2
    price(contract)
    assert contract.state == "completed"


def test_what_is_not_begun_is_moved_repriced_or_taken_out(parties: Parties, contract: Contract) -> None:
    changed(parties, contract, added=(MORE,))
    moved = replace(MORE, amount=D(300), due=Due("date", date(2026, 7, 1), "", "quarter", 2))
    changed(parties, contract, ChangedLine(4, moved))
    assert calendar(contract, 4) == [
        (1, 2, D(300), date(2026, 7, 1), False),
        (2, 2, D(300), date(2026, 10, 1), False),
    ]
    changed(parties, contract, ChangedLine(4, None))
    assert calendar(contract, 4) == []
    assert price(contract) == D(40000)
    assert tend(contract, at=LATER + 300 * DAY) == 2, "the other two months of support"


def test_what_starts_with_an_accepted_milestone_starts_with_the_change(parties: Parties, contract: Contract) -> None:
    scenarios.accepted_milestone(contract, position=2, at=LATER - DAY)
    changed(parties, contract, added=(replace(MORE, due=Due("acceptance", None, "Go-live", "month", 2)),))
    assert [row[3] for row in calendar(contract, 4)] == [date(2026, 4, 11), date(2026, 5, 11)]


def test_a_deposit_is_added_and_changed_until_it_is_invoiced(parties: Parties, contract: Contract) -> None:
    second = DraftLine(
        "Second deposit", basis="amount", amount=D(1000), kind="deposit", due=Due("date", date(2026, 5, 1))
    )
    changed(parties, contract, added=(second,))
    changed(parties, contract, ChangedLine(4, replace(second, amount=D(800))))
    assert calendar(contract, 4) == [(1, 1, D(800), date(2026, 5, 1), False)]
    assert tend(contract, at=datetime(2026, 5, 1, 12, tzinfo=UTC)) == 1
    sina = scenarios.seller_actor(parties)
    with pytest.raises(Refused, match="invoiced already"):
        change_orders.propose(
            contract,
            ChangeDraft("Less", "Less.", lines=(ChangedLine(4, replace(second, amount=D(700))),)),
            by=sina,
            at=LATER + 30 * DAY,
        )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (lambda contract: ChangedLine(SUPPORT, None), "2 periods are billed, so it cannot be taken out"),
        (lambda contract: support(contract, due=times(1)), "at least so many"),
        (lambda contract: support(contract, amount=D(600)), "billed at .*500.00"),
        (lambda contract: support(contract, due=Due("date", date(2026, 5, 1), "", "month", 4)), "its start"),
        (lambda contract: support(contract, title="Care"), "its name"),
        (lambda contract: line(contract, SUPPORT, kind="milestone", due=None), "stays of its kind"),
        (lambda contract: ChangedLine(1, None), "invoiced already"),
        (lambda contract: line(contract, 1, amount=D(3000)), "invoiced already"),
    ],
)
def test_what_is_billed_is_not_changed_and_nothing_happens(
    parties: Parties, contract: Contract, said: Callable[[Contract], ChangedLine], words: str
) -> None:
    draft = ChangeDraft("No", "No.", lines=(said(contract),))
    with pytest.raises(Refused, match=words):
        change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=LATER)
    assert price(contract) == D(40000)
    assert len(calendar(contract, SUPPORT)) == 4


def test_what_is_billed_between_proposal_and_signature_refuses_the_signature(
    parties: Parties, contract: Contract
) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    shorter = ChangeDraft("Shorter", "Shorter.", lines=(support(contract, due=times(2)),))
    answer = change_orders.propose(contract, shorter, by=sina, at=LATER)
    assert tend(contract, at=LATER + 30 * DAY) == 1
    with pytest.raises(Refused, match="3 periods are billed"):
        change_orders.sign(answer, by=olga, at=LATER + 30 * DAY)
    assert price(contract) == D(40000)


def test_the_effect_counts_deposits_and_periods(parties: Parties, contract: Contract) -> None:
    draft = ChangeDraft("Longer", "Longer.", lines=(support(contract, due=times(6)),))
    with acting(scenarios.seller_actor(parties), at=LATER) as sina:
        effect = change_effects.preview_change(contract, draft=draft, actor=sina, side="seller").effect
    assert (effect.billed, effect.open_before, effect.open_after) == (D(5000), D(35000), D(36000))


def test_raw_sql_that_goes_round_the_order_is_refused(parties: Parties, contract: Contract) -> None:
    version = changed(parties, contract, support(contract, due=times(3)))
    with acting(scenarios.seller_actor(parties)):
        open_ones = Instalment.objects.standing().unbilled().filter(contract=contract, position=SUPPORT)
        with pytest.raises(IntegrityError, match="replaced by a change order only"), transaction.atomic():
            open_ones.update(cancelled_at=LATER, is_replaced=True)
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            Instalment.objects.filter(contract=contract, is_replaced=True).update(is_replaced=False)
        one = open_ones.get()
        with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
            one.pk, one.ref, one.number, one.amount = None, "more", 4, D(1)
            one.save(force_insert=True)
            committed()
        assert PlanLine.objects.filter(version__ref=version, position=SUPPORT).get().amount == D(1500)


def test_a_version_whose_periods_were_not_made_is_refused_at_commit(
    parties: Parties, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.invoicing.services.replanning.replan_calendar", lambda **_given: None)
    with pytest.raises(IntegrityError, match="not those of its signed change"):
        changed(parties, contract, support(contract, due=times(6)))


def test_revenue_of_days_that_passed_stays_and_the_rest_follows(parties: Parties, contract: Contract) -> None:
    """4,000.00 of a deposit are borne by 34,000.00 and 2,000.00: the support's 2,000.00 earn 2,222.22."""
    sina = scenarios.seller_actor(parties)

    def earned(at: datetime, through: date) -> Decimal:
        with acting(sina, at=at):
            recognise(contract=Contract.objects.get(pk=contract.pk), at=at, through=through)
            committed()
            return Obligation.objects.get(contract=contract, position=SUPPORT).recognised

    first = earned(LATER, date(2026, 3, 31))
    changed(parties, contract, support(contract, due=times(6)))
    assert earned(LATER, date(2026, 3, 31)) == first, "what was earned is not measured again"
    whole = earned(datetime(2026, 12, 1, tzinfo=UTC), date(2026, 11, 30))
    assert whole == D("3222.22"), "what it bore, and the 1,000.00 that it adds to the price"


def test_other_words_are_those_of_what_is_not_billed_yet(parties: Parties, contract: Contract) -> None:
    changed(parties, contract, support(contract, scope="By telephone too."))
    assert [row[0] for row in calendar(contract, SUPPORT)] == [1, 2, 3, 4]
    with acting(scenarios.owner_of(contract.seller_id)):
        said = Instalment.objects.standing().filter(contract=contract, position=SUPPORT).order_by("number")
        assert [one.line.scope for one in said] == ["", "", "By telephone too.", "By telephone too."]


def test_revenue_says_the_line_by_its_new_name_and_that_no_amount_changed(parties: Parties, contract: Contract) -> None:
    sina = scenarios.seller_actor(parties)
    changed(parties, contract, added=(MORE,))
    changed(parties, contract, ChangedLine(4, replace(MORE, title="Hosting in the EU")), at=LATER + DAY)
    with acting(sina, at=LATER + DAY):
        recognise(contract=Contract.objects.get(pk=contract.pk), at=LATER + DAY)
        committed()
        assert Obligation.objects.get(contract=contract, position=4).title == "Hosting in the EU"
        made = Modification.objects.filter(contract=contract).order_by("pk")
        assert [one.reason for one in made] == ["only_added", "no_amount"]
