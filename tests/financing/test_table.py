"""The table of events of an advance, row by row and to the cent: what happens in the other rooms, and what it posts.

The sample book is funded once; each row begins with it. The rows of a buyer's payments on a bought invoice are told at
length in ``test_postings``.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from apps.audit.models import Entry as Trail
from apps.contracts.drafts import ChangedLine, ChangeDraft
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing.models import Adjustment, Assignment, Facility, Tranche
from apps.financing.rules.events import Bears
from apps.invoicing.rules import Share
from apps.ledger.models import Entry
from apps.portals.financier import queues
from apps.portals.seller import cash
from apps.workflows import disputing
from tests import change_orders, corrections, disputes, scenarios, terminations
from tests.conftest import Once
from tests.financing import events, stories
from tests.financing.sample import ALL_EARNED, Book, summed
from tests.financing.stories import day, entries, lines, noon
from tests.scenarios import acting, key


@pytest.fixture(scope="module")
def told(once: Once) -> Book:
    return once(Book)


@pytest.fixture
def book(told: Book, db: None) -> Book:
    return told


def test_the_funding_of_the_three(book: Book) -> None:
    assert entries(book.deal.financier) == [
        lines(d1100=120_000, c2000=18_000, c2100=1_700, c2110=510, c1000=99_790),
        lines(d1150=60_000, c2100=2_700, c1000=57_300),
        lines(d1150=64_000, c2100=6_400, c1000=57_600),
    ]


def test_it_slips_and_the_seller_bears_it(book: Book) -> None:
    tranche = book.tranche(2)
    with pytest.raises(Refused, match="Enter a later date"):
        events.postponed(book.deal, tranche, to=day(90), borne_by=Bears.SELLER, on=day(30))
    events.postponed(book.deal, tranche, to=day(120), borne_by=Bears.SELLER, on=day(30))
    assert book.posted() == [lines(d2100=900, c4000=900), lines(d1200=900, c2100=900)]
    assert book.sellers() == [lines(d5000=900, c2310=900)]
    tranche = book.tranche(2)
    assert tranche.expected_on == tranche.charged_until == day(120)
    assert tranche.outstanding == 60_000
    stories.accrued(book.deal, through=day(75))
    # 2,700 are left over 90 days; of the others 75 of 50 and of 180 days are earned.
    assert summed(book.posted()[2:])["4000"] == Decimal(-1_350 - 1_700) - Decimal("2666.67")
    events.repaid(book.deal, tranche, on=day(76))
    assert book.posted()[-1] == lines(d1000=900, c1200=900)
    assert book.tranche(2).state == "funded_pre"


def test_it_slips_and_the_price_is_fixed(book: Book) -> None:
    events.postponed(book.deal, book.tranche(2), to=day(120), borne_by=Bears.NOBODY, on=day(30))
    assert book.posted() == [lines(d2100=900, c4000=900)]
    stories.accrued(book.deal, through=day(119))
    stories.accrued(book.deal, through=day(120))
    assert summed(book.posted())["4000"] == Decimal(-2_700 - 1_700) - Decimal("4266.67")
    events.verified(book.deal)


def test_accepted_in_full_it_is_converted(book: Book) -> None:
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(60)))
    assert book.posted() == [lines(d1100=120_000, c1150=60_000, c2000=60_000)]


def test_rejected_and_not_cured_it_is_owed_back_and_bought_back(book: Book) -> None:
    tranche = book.tranche(2)
    with pytest.raises(Refused, match="has not sent this milestone back"):
        events.demanded(book.deal, tranche, on=day(50))
    events.sent_back(book.deal, book.contract, position=2, on=day(50))
    events.demanded(book.deal, tranche, on=day(60))
    assert book.posted() == [lines(d2100=1_800, c4000=1_800), lines(d1200=59_100, d2100=900, c1150=60_000)]
    assert book.sellers() == [lines(d2300=60_000, c2310=59_100, c5000=900)]
    assert book.tranche(2).state == "recourse_due"
    assert book.tranche(2).outstanding == 0
    assert list(book.out()) == [166_000, 64_000]
    with pytest.raises(Refused, match="Enter at most that"):
        events.repaid(book.deal, tranche, on=day(61), amount=Decimal(59_101))
    events.repaid(book.deal, tranche, on=day(61), amount=Decimal(9_100))
    with pytest.raises(Refused, match="already recorded"):
        events.repaid(book.deal, tranche, on=day(61))
    events.repaid(book.deal, tranche, on=day(62), reference="BACK-2")
    assert summed(book.posted()[2:]) == lines(d1000=59_100, c1200=59_100)
    assert summed(book.sellers()[1:]) == lines(d2310=59_100, c1000=59_100)
    assert book.tranche(2).state == "repurchased"
    with walls.asking_for(book.deal.seller.pk):
        assert Assignment.objects.get(tranche=tranche).revoked_at is not None
    # The receivable is the seller's again: accepted, its invoice is nobody else's, and it can be asked for anew.
    again = scenarios.submitted_milestone(book.contract, position=2, at=noon(day(63)))
    assert again.milestone_id == tranche.milestone_id


def test_what_is_accepted_after_it_was_demanded_back_is_the_sellers(book: Book) -> None:
    tranche = book.tranche(2)
    events.sent_back(book.deal, book.contract, position=2, on=day(50))
    events.demanded(book.deal, tranche, on=day(60))
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(65)))
    stories.collected(book.deal, tranche, 120_500, on=day(70))
    assert book.posted()[-1] == lines(d1010=120_500, c2010=120_000, c2020=500)
    stories.reserve_paid(book.deal, tranche, on=day(71))
    assert book.sellers()[-1] == lines(d1000=120_000, c1200=120_000)
    events.repaid(book.deal, tranche, on=day(72))
    assert book.posted()[-1] == lines(d1000=59_100, c1200=59_100)
    assert book.tranche(2).state == "repurchased"


def test_what_was_priced_before_acceptance_and_paid_out_after_it_can_be_bought_back(book: Book) -> None:
    deal = book.deal
    with walls.asking_for(deal.financier.pk):
        facility = Facility.objects.get()
    # Room for what is advanced before acceptance.
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(1)))
    tranche = stories.advance_before_acceptance(deal, facility=facility, number="NL-2026-015")
    with walls.asking_for(deal.seller.pk):
        other = tranche.contract
    scenarios.accepted_milestone(other, position=2, at=noon(day(2)))
    tranche = stories.paid_out(deal, tranche, on=day(5), reference="OUT-15")
    assert (tranche.state, tranche.bought_at) == ("funded_post", Decimal(120_000))
    asked = corrections.asked(deal, stories.plan_of(other)[1].ref, at=noon(day(30)))
    corrections.granted(deal, asked, at=noon(day(30)))
    events.repaid(deal, tranche, on=day(31))
    (tranche,) = stories.tranches(deal, contract_id=other.pk)
    assert tranche.state == "repurchased"
    events.verified(deal)


def test_what_covered_nothing_on_acceptance_can_be_bought_back(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), noon(day(90))
    terminations.noticed(book.contract, by=olga, effective_on=day(90), at=at)
    claimed = terminations.proposed(book.contract, {2: "0.01", 3: "0"}, by=sina, at=at)
    terminations.signed(claimed, by=olga, at=at)
    tranche = book.tranche(2)
    assert (tranche.state, tranche.bought_at) == ("recourse_due", None)
    events.repaid(book.deal, tranche, on=day(91))
    assert book.posted()[-1] == lines(d1000=60_000, c1200=60_000)
    assert book.tranche(2).state == "repurchased"


def test_nothing_is_demanded_back_while_its_date_stands_but_after_the_days_of_grace(book: Book) -> None:
    with pytest.raises(Refused, match="Wait, or move the date"):
        events.demanded(book.deal, book.tranche(2), on=day(95))
    events.demanded(book.deal, book.tranche(2), on=day(96))
    assert book.posted()[-1] == lines(d1200=60_000, c1150=60_000)


def test_a_credit_note_of_6_000_is_borne_by_the_reserve(book: Book) -> None:
    corrections.credited(book.deal, book.invoice().ref, "6000.00", at=noon(day(50)))
    assert book.posted()[-1] == lines(d2000=6_000, c1100=6_000)
    assert book.sellers()[-1] == lines(d2310=6_000, c1200=6_000)
    assert book.tranche(1).state == "funded_post"
    assert book.tranche(1).outstanding == 102_000
    sina = scenarios.seller_actor(book.deal)
    with acting(sina):
        expected = cash.cash(sina, today=day(50)).expected
    reserves = sum(amount for _currency, series, _day, amount in expected if series == cash.FINANCED)
    assert reserves == 12_000 + 60_000, "what the credit note took of the first one is not expected any more"
    tranche = book.tranche(1)
    stories.collected(book.deal, tranche, 114_000, on=day(52))
    assert book.posted()[-1] == lines(d1010=114_000, c1100=114_000, d2000=12_000, c2010=12_000)


def test_a_credit_note_of_20_000_is_borne_by_the_seller_too(book: Book) -> None:
    corrections.credited(book.deal, book.invoice().ref, "20000.00", at=noon(day(50)))
    assert book.posted() == [ALL_EARNED, lines(d2000=18_000, d1200=2_000, c1100=20_000)]
    assert summed(book.sellers()) == lines(d2000=20_000, c1200=18_000, c2310=2_000)
    tranche = book.tranche(1)
    assert tranche.outstanding == 100_000
    # What is owed back is not taken of what the buyer pays: cross-collateral is off.
    stories.collected(book.deal, tranche, 100_000, on=day(52))
    assert book.posted()[-1] == lines(d1010=100_000, c1100=100_000)
    assert tranche.state == "settled"


def test_what_is_not_earned_of_a_part_charged_back_is_given_back(book: Book) -> None:
    corrections.credited(book.deal, book.invoice().ref, "20000.00", at=noon(day(25)))
    # 850 of 1,700 are not earned; 2,000 of 102,000 go back.
    assert book.posted()[-1] == lines(d2000=18_000, d1200="1983.33", d2100="16.67", c1100=20_000)


def test_a_smaller_milestone_is_advanced_on_less(book: Book) -> None:
    sina, olga = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal)
    less = ChangeDraft("Less", "Less.", lines=(change_orders.line(book.contract, 2, amount=Decimal(90_000)),))
    change_orders.sign(change_orders.propose(book.contract, less, by=sina, at=noon(day(30))), by=olga, at=noon(day(30)))
    assert book.posted() == [lines(d2100=900, c4000=900), lines(d1200=14_550, d2100=450, c1150=15_000)]
    assert book.tranche(2).outstanding == 45_000
    assert list(book.out()) == [211_000, 109_000]
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(40)))
    assert book.posted()[-1] == lines(d1100=90_000, c1150=45_000, c2000=45_000)


def test_a_larger_milestone_changes_nothing_and_one_taken_out_is_owed_back(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), noon(day(30))
    more = (change_orders.line(book.contract, 2, amount=Decimal(130_000)), ChangedLine(3, None))
    change_orders.sign(
        change_orders.propose(book.contract, ChangeDraft("More", "More.", lines=more), by=sina, at=at), by=olga, at=at
    )
    assert [posting for posting in book.posted() if "1150" in posting] == [
        lines(d1200="58666.67", d2100="5333.33", c1150=64_000)
    ]
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_pre", "recourse_due"]
    scenarios.accepted_milestone(book.contract, position=2, at=noon(day(40)))
    assert book.posted()[-1] == lines(d1100=130_000, c1150=60_000, c2000=70_000)


def test_a_termination_owes_48_000_for_work_done(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), noon(day(90))
    terminations.noticed(book.contract, by=olga, effective_on=day(90), at=at)
    claimed = terminations.proposed(book.contract, {2: "48000.00", 3: "0"}, by=sina, at=at)
    terminations.signed(claimed, by=olga, at=at)
    whole = book.posted()
    second = [posting for posting in whole if posting.get("1150") in (Decimal(-19_200), Decimal(-40_800))]
    assert summed(second) == lines(d1100=48_000, d1200=19_200, c1150=60_000, c2000=7_200)
    assert lines(d1200=60_800, d2100=3_200, c1150=64_000) in whole
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_post", "recourse_due"]
    assert book.tranche(2).outstanding == 40_800


def test_all_that_is_out_is_held_before_the_first_number_of_a_termination(book: Book) -> None:
    sina, olga, at = scenarios.seller_actor(book.deal), scenarios.buyer_actor(book.deal), noon(day(60))
    terminations.noticed(book.contract, by=olga, effective_on=day(60), at=at)
    claimed = terminations.proposed(book.contract, {2: "120000.00", 3: "160000.00"}, by=sina, at=at)
    with CaptureQueriesContext(connection) as asked:
        terminations.signed(claimed, by=olga, at=at)
    said = [query["sql"] for query in asked]
    number = next(n for n, sql in enumerate(said) if '"invoicing_numberseries"' in sql and "FOR UPDATE" in sql)
    held = next(n for n, sql in enumerate(said) if sql.startswith('SELECT "financing_tranche"') and "FOR UPDATE" in sql)
    assert held < number
    assert 'ORDER BY "financing_tranche"."id"' in said[held], "all of them, by their ids"
    assert [book.tranche(n).state for n in (2, 3)] == ["funded_post", "funded_post"]


def test_nullified_after_50_000_was_paid(book: Book) -> None:
    tranche = book.tranche(1)
    stories.collected(book.deal, tranche, 50_000, on=day(20))
    (milestone, *_others) = stories.plan_of(book.contract)
    asked = corrections.asked(book.deal, milestone.ref, at=noon(day(50)))
    corrections.granted(book.deal, asked, at=noon(day(50)))
    assert book.posted()[-1] == lines(d2000=18_000, d1200=52_000, c1100=70_000)
    assert book.tranche(1).state == "recourse_due"
    # The seller owes its financier 52,000 and refunds the buyer what that paid.
    assert summed(book.sellers()) == lines(d2000=120_000, c1200=18_000, c2310=52_000, c2200=50_000)


def test_a_late_charge_is_a_cost_of_the_seller_also_where_a_credit_note_ends_the_advance(book: Book) -> None:
    stories.collected(book.deal, book.tranche(1), 50_000, on=day(65))
    asked = corrections.asked(book.deal, stories.plan_of(book.contract)[0].ref, at=noon(day(66)))
    corrections.granted(book.deal, asked, at=noon(day(66)))
    assert book.posted()[-1] == lines(d2000=17_660, d1200=52_340, c1100=70_000)
    assert book.sellers()[-1] == lines(d5000=340, c1200=340)
    assert summed(book.sellers()) == lines(d2000=120_000, d5000=340, c1200=18_000, c2310=52_340, c2200=50_000)


def test_a_late_charge_is_settled_once_where_the_rest_is_written_off_and_recovered(book: Book) -> None:
    deal, tranche = book.deal, book.tranche(1)
    stories.collected(deal, tranche, 50_000, on=day(65))
    events.defaulted(deal, tranche, on=day(66))
    events.written_off(tranche, by=events.second_underwriter(deal), on=day(67))
    assert summed(book.sellers()) == lines(d5000=18_000, c1200=18_000)
    stories.collected(deal, tranche, 1_000, on=day(70), reference="IN-2")
    assert summed(book.sellers()) == lines(d5000=18_000, c1200=18_000)
    events.verified(deal)


def test_a_dispute_freezes_the_reserve_and_posts_nothing(book: Book) -> None:
    tranche = book.tranche(1)
    stories.collected(book.deal, tranche, 110_000, on=day(50))
    before = len(book.posted())
    olga, some = scenarios.buyer_actor(book.deal), Share(amount=Decimal(5_000))
    disputes.on_invoice(book.invoice().ref, actor=olga, share=some, at=noon(day(51)))
    assert len(book.posted()) == before
    with pytest.raises(Refused, match="in dispute between buyer and seller"):
        stories.reserve_paid(book.deal, tranche, on=day(52))


def test_a_default_stops_income_and_is_written_off_by_a_second_and_recovered(book: Book) -> None:
    deal, tranche = book.deal, book.tranche(1)
    with pytest.raises(Refused, match="from the day after"):
        events.defaulted(deal, tranche, on=day(55))
    events.defaulted(deal, tranche, on=day(56))
    assert book.posted() == [ALL_EARNED]
    with override("de"):
        events.allowed(deal, tranche, 5_000, on=day(57))
    uma = scenarios.member(deal, "underwriter")
    with pytest.raises(NotAllowed, match="second person"):
        events.written_off(tranche, by=uma, on=day(58))
    events.written_off(tranche, by=events.second_underwriter(deal), on=day(58))
    assert book.posted()[1:] == [
        lines(d5000=5_000, c1900=5_000),
        lines(d5000=97_000, c1900=97_000),
        lines(d2000=18_000, d1900=102_000, c1100=120_000),
    ]
    assert book.sellers() == [lines(d5000=18_000, c1200=18_000)]
    with walls.asking_for(deal.financier.pk):
        posted = Entry.objects.filter(cause__startswith="adjustment:", lines__account__code="1900").distinct()
        said = [one.partition(":")[0] for one in posted.order_by("pk").values_list("description", flat=True)]
    # The book is kept in one language, whoever writes into it.
    assert said == ["Allowed for a loss", "Allowed for a loss", "Written off"]
    assert book.tranche(1).state == "written_off"
    assert list(book.out()) == [124_000, 124_000]
    with pytest.raises(Refused, match="was written off by"):
        corrections.credited(deal, book.invoice().ref, "20000.00", at=noon(day(59)))
    # A dispute of which nothing is credited ends all the same.
    disputed = disputes.on_invoice(book.invoice().ref, actor=scenarios.approver_actor(deal), at=noon(day(59)))
    with acting(scenarios.approver_actor(deal), at=noon(day(60))) as bea:
        disputing.withdraw_dispute(actor=bea, key=key(), dispute_ref=disputed.ref)
    stories.collected(deal, tranche, 30_000, on=day(70))
    # Through the allowance and out of it again, which is two lines of one account.
    assert book.posted()[-1] == lines(d1010=30_000, d1900=30_000, c5000=30_000)
    stories.collected(deal, tranche, 90_000, on=day(80), reference="IN-2")
    assert book.posted()[-1] == lines(d1010=90_000, d1900=72_000, c5000=72_000, c2010=18_000)
    stories.reserve_paid(deal, tranche, on=day(81))
    assert book.sellers()[-1] == lines(d1000=18_000, c5000=18_000)
    corrections.credited(deal, book.invoice().ref, "20000.00", at=noon(day(82)))
    events.verified(deal)


def test_what_is_allowed_for_is_told_to_nobody_else_and_what_is_in_default_is_still_out(book: Book) -> None:
    deal, tranche = book.deal, book.tranche(1)
    events.defaulted(deal, tranche, on=day(56))
    events.allowed(deal, tranche, 5_000, on=day(57))
    told = {}
    for who in (deal.financier, deal.seller, deal.buyer):
        with walls.asking_for(who.pk):
            told[who.pk] = Trail.objects.filter(verb="advance.adjusted", subject=f"tranche:{tranche.ref}").count()
    assert told == {deal.financier.pk: 1, deal.seller.pk: 0, deal.buyer.pk: 0}
    stories.accrued(deal, through=day(58))
    uma = scenarios.member(deal, "underwriter")
    with walls.asking_for(deal.financier.pk):
        assert Tranche.objects.outstanding().aggregate(sum=Sum("outstanding"))["sum"] == 226_000
        assert list(queues.overdue(uma, today=day(58))) == [tranche]
        assert not queues.owed_back(uma).exists()
    corrections.credited(deal, book.invoice().ref, "20000.00", at=noon(day(59)))
    with walls.asking_for(deal.financier.pk):
        assert list(queues.owed_back(uma)) == [tranche]


def test_no_more_is_allowed_for_than_is_out_after_a_credit_note(book: Book) -> None:
    tranche = book.tranche(1)
    events.defaulted(book.deal, tranche, on=day(56))
    events.allowed(book.deal, tranche, 101_000, on=day(57))
    corrections.credited(book.deal, book.invoice().ref, "20000.00", at=noon(day(58)))
    assert book.posted()[-1] == lines(d2000=18_000, d1200=2_000, c1100=20_000, d1900=1_000, c5000=1_000)


def test_who_pays_after_a_default_releases_what_was_allowed_for(book: Book) -> None:
    tranche = book.tranche(1)
    events.defaulted(book.deal, tranche, on=day(56))
    events.allowed(book.deal, tranche, 90_000, on=day(57))
    stories.collected(book.deal, tranche, 50_340, on=day(65))
    assert book.posted()[-1] == lines(d1900=38_000, c5000=38_000)
    stories.collected(book.deal, tranche, 69_660, on=day(65), reference="IN-2")
    assert book.posted()[-1] == lines(d1900=52_000, c5000=52_000)
    assert tranche.state == "settled"


def test_each_refuses_who_may_not_and_what_cannot_be(book: Book) -> None:
    with pytest.raises(IllegalTransition):
        events.defaulted(book.deal, book.tranche(2), on=day(96))
    with pytest.raises(IllegalTransition, match="not accepted yet"):
        events.demanded(book.deal, book.tranche(1), on=day(60))
    with pytest.raises(IllegalTransition, match="not accepted yet"):
        events.postponed(book.deal, book.tranche(1), to=day(90), borne_by=Bears.SELLER, on=day(60))
    with pytest.raises(Refused, match="owes nothing back"):
        events.repaid(book.deal, book.tranche(1), on=day(60))
    with pytest.raises(Refused, match="which is what is out"):
        events.allowed(book.deal, book.tranche(1), 102_001, on=day(60))


ADJUSTMENT = (
    "INSERT INTO financing_adjustment (ref, tranche_id, kind, source, receivable, advance, recourse, allowance,"
    " reserve, discount, fee, fee_income, loss, charged_back, written_off, booked_on, reason, decided_at)"
    " VALUES ('forced', %(tranche)s, 'change', 'x', %(receivable)s, %(advance)s, %(recourse)s, 0, %(reserve)s, 0, 0, 0,"
    " 0, %(charged_back)s, 0, %(on)s, '', now())"
)
NOTHING: dict[str, Any] = {"receivable": 0, "advance": 0, "recourse": 0, "reserve": 0, "charged_back": 0, "on": day(30)}
FORCED: dict[str, tuple[str, dict[str, Any], str]] = {
    "moves that do not add up": (ADJUSTMENT, {"recourse": 1}, "adds_up_to_nothing"),
    "an advance that grows": (ADJUSTMENT, {"advance": 5, "reserve": -5}, "only_ends_what_was_advanced"),
    "a charge-back that is not said": (ADJUSTMENT, {"advance": -5, "recourse": 5}, "falls_by_what_is_charged_back"),
    "before it was paid out": (ADJUSTMENT, {"on": date(2026, 3, 1)}, "only what is out"),
    "a charge-back that the advance does not know": (
        ADJUSTMENT,
        {"advance": -5, "recourse": 5, "charged_back": 5},
        "not what was funded",
    ),
    "an outstanding amount that nobody repaid": (
        "UPDATE financing_tranche SET outstanding = outstanding - 5 WHERE id = %(tranche)s",
        {},
        "not what was funded",
    ),
    "a written-off advance by nobody": (
        "UPDATE financing_tranche SET state = 'written_off', outstanding = 0 WHERE id = %(tranche)s",
        {},
        "illegal step",
    ),
    "a state out of the table": (
        "UPDATE financing_tranche SET state = 'repurchased' WHERE id = %(tranche)s",
        {},
        "illegal step",
    ),
    "a repayment of what is not owed": (
        "INSERT INTO financing_repayment (ref, tranche_id, financier_id, amount, received_on, bank_reference,"
        " recorded_by_id, recorded_at) SELECT 'forced', t.id, t.financier_id, 5, %(on)s, 'X', o.created_by_id, now()"
        " FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id WHERE t.id = %(tranche)s",
        {},
        "at most what is owed back",
    ),
}


@pytest.mark.parametrize("case", FORCED)
def test_postgres_refuses_what_goes_round_the_services(book: Book, case: str) -> None:
    statement, changed, why = FORCED[case]
    values = {**NOTHING, **changed, "tranche": book.tranche(2).pk}
    deal = book.deal
    with walls.asking_for(deal.financier.pk, deal.seller.pk, deal.buyer.pk), transaction.atomic():
        with pytest.raises(IntegrityError, match=why.replace("_", "[ _]")):
            force(statement, values)
        transaction.set_rollback(True)


def force(statement: str, values: dict[str, Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_what_happened_stays_as_it_was_written(book: Book) -> None:
    events.postponed(book.deal, book.tranche(2), to=day(120), borne_by=Bears.SELLER, on=day(30))
    with walls.asking_for(book.deal.financier.pk):
        made = Adjustment.objects.get()
        assert made.kind == "slip"
        assert [made.recourse, made.charged_back] == [900, 0]
        with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
            Adjustment.objects.update(recourse=1)
