"""A deal file that is wrong is refused with line, key and reason, before anything happens."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.contracts.drafts import Condition, DraftCriterion, DraftLine, Due, LineTerms, Recovery
from apps.core.errors import Refused
from apps.revenue.rules import month_ended_by
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.loading import LARGEST_FILE
from apps.workflows.deal_file.read import read
from apps.workflows.deal_file.verb_table import VERBS

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 6, 15)
DEAL = (ROOT / "deals" / "software-30-30-40.yaml").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "deals").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_deal_of_the_demo_can_be_read(path: Path) -> None:
    deal = read(path.read_text(), today=TODAY)
    assert deal.events


def test_dates_count_from_today() -> None:
    deal = read(DEAL.replace("2026-01-12 10:15", "today-400 10:15"), today=TODAY)
    assert deal.events[0].at == datetime(2025, 5, 11, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "closed"),
    [
        (date(2026, 11, 29), date(2026, 10, 31)),
        (date(2026, 11, 30), date(2026, 10, 31)),
        (date(2026, 12, 1), date(2026, 11, 30)),
    ],
)
def test_a_month_is_not_over_on_its_last_day(today: date, closed: date) -> None:
    deal = read((ROOT / "deals" / "subscription-with-implementation.yaml").read_text(), today=today)
    closing = next(event for event in deal.events if event.verb == "close_month")
    assert (closing.at.date(), month_ended_by(closing.on)) == (today, closed)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("price: 400000", "price: 4e5", "line 60: contract.price: `4e5` is not a plain number"),
        ("price: 400000", "price: ４００", "contract.price: `４００` is not a plain number"),
        ("price: 400000", "price: -1", "contract.price: must be at least 0.001"),
        ("price: 400000", "price: NaN", "is not a plain number"),
        ("price: 400000", "price: 400000.005", "contract.price: EUR has 2 decimals; this amount has more"),
        ("vat: DE136695976", "vat: DE136695977", "parties.seller.vat: DE136695977 is not a valid VAT number of DE"),
        (": 9930:DE136695976", ": DE136695976", "seller.electronic_address: expected the code of a scheme, a colon"),
        (": 9930:DE136695976", ": 9930:DE136695977", "DE136695977 is not a valid address of the sort USt-IdNr. (DE)"),
        ("phone: +49 40 5550123", "phone: none", "seller.phone: This is not a telephone number"),
        ("price: 400000", "prize: 400000", "`price` is missing"),
        ("payment_days: 30", "payment_days: 30\n  discount: 5", "contract.discount: unknown key"),
        ("payment_days: 30", "payment_days: 30\n  payment_days: 31", "payment_days: this key stands twice"),
        ("percent: 30\n      planned", "percent: 30\n      amount: 5\n      planned", "exactly one of `percent`"),
        ("by: anna}", "by: nobody}", "`nobody` is not in the team of the seller"),
        ("do: propose", "do: purpose", "`purpose` is not one of propose"),
        ("milestone: Integration, by: clara", "milestone: Migration, by: clara", "`Migration` is not in the plan"),
        ("on: 2026-01-14 16:40", "on: 2026-01-11 16:40", "is earlier than the event before it"),
        ("on: 2026-01-14 16:40", "on: 2026-02-30", "`2026-02-30` is not a date"),
        ("      3: Only two", "      4: Only two", "have the numbers 1 to 3"),
        ("country: DE\n    vat: DE136695976", "country: de\n    vat: DE136695976", "two capital letters"),
        ("time_zone: Europe/Berlin", "holidays: DE-XX", "seller.holidays: The calendar of DE knows no region XX"),
        ("time_zone: Europe/Berlin", "time_zone: Berlin", "`Berlin` is not a time zone"),
        ("anna@nordlicht.example", "anna at nordlicht", "is not an e-mail address"),
        ("ben@nordlicht.example", "anna@nordlicht.example", "stands twice"),
        ("deal: Software", "deal: &x Software", "aliases, anchors and tags are not read"),
        ("deal: Software", "deal: !!python/object:os.system Software", "aliases, anchors and tags are not read"),
        ("parties:", "parties: [", "this is not YAML"),
        ("facility:\n  limit: 500000", "facility:\n  limit: 0", "facility.limit: must be at least"),
        (
            "  - {on: 2026-01-14 16:40",
            "  - {on: 2026-01-14 16:00, do: propose_change, by: anna, title: More, reason: More,"
            " changes: [{milestone: Integration, times: 3}]}\n  - {on: 2026-01-14 16:40",
            "is a milestone, and nothing of it is billed by days",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_reason(before: str, after: str, message: str) -> None:
    assert before in DEAL
    with pytest.raises(DealFileRefused) as refused:
        read(DEAL.replace(before, after, 1), today=TODAY)
    assert message in str(refused.value)
    assert str(refused.value).startswith("line ")
    # Nothing follows from the value that stands in for a wrong one; what is misspelt is missing besides.
    assert [one.parts["reason"][:11] for one in refused.value.more] == (["unknown key"] if "prize" in after else [])


def _all_told(wrong: dict[str, str]) -> list[Refused]:
    """What is told of the deal with these changes, in the order of the lines."""
    text = DEAL
    for before, after in wrong.items():
        assert before in text, before
        text = text.replace(before, after, 1)
    with pytest.raises(DealFileRefused) as refused:
        read(text, today=TODAY)
    return [refused.value, *refused.value.more]


def test_all_that_is_wrong_is_told_in_one_pass_each_with_its_line_once() -> None:
    told = _all_told(
        {
            "vat: DE136695976": "vat: DE136695977",
            "country: NL": "country: Holland",
            "price: 400000": "price: 4e5",
            "payment_days: 30": "payment_days: soon",
            "tax: {category: AE}": "tax: {category: XX}",
            "name: Mila de Vries, ": "",
            "percent: 30\n      planned: 2026-02-27": "percent: 30 %\n      planned: 2026-02-30",
            "{text: Master data of the Rotterdam site is loaded}": "{text: Loaded, evidence: perhaps}",
            "limit: 500000": "limit: much",
            "late_rate: 12": "late_rate: 12\n  grace: 5",
        }
    )
    assert [one.parts["key"] for one in told] == [
        "parties.seller.vat",
        "parties.buyer.country",
        "contract.price",
        "contract.payment_days",
        "contract.tax.category",
        "contract.signatory",
        "contract.plan.1.percent",
        "contract.plan.1.planned",
        "contract.plan.1.criteria.2.evidence",
        "facility.limit",
        "facility.grace",
    ]
    assert [int(one.parts["line"]) for one in told] == sorted(int(one.parts["line"]) for one in told)
    assert {one.template.format(**one.parts).count("line ") for one in told} == {1}


def test_of_what_happens_too_all_is_told_and_nothing_that_follows_from_it() -> None:
    told = _all_told(
        {
            "price: 400000": "price: 4e5",
            "do: propose, by: anna": "do: propose, by: nobody",
            "do: pay, milestone: Integration, by: clara, amount: 120000": "do: pay, milestone: Migration, by: clara,"
            " amount: much",
        }
    )
    assert [str(one.parts["key"]).partition(".")[0] for one in told] == ["contract", "events", "events"]
    assert [str(one.parts["reason"]).split()[0] for one in told] == ["`4e5`", "`nobody`", "`Migration`"]


def test_where_a_title_is_wrong_no_event_is_told_to_name_another() -> None:
    (told,) = _all_told({"milestone: Integration\n": "milestone: ''\n"})
    assert (told.parts["key"], told.parts["reason"]) == ("contract.plan.2.milestone", "is empty")


def test_the_command_says_each_on_a_line_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "deal.yaml"
    file.write_text(DEAL.replace("price: 400000", "price: 4e5").replace("payment_days: 30", "payment_days: soon"))
    with pytest.raises(CommandError) as refused:
        call_command("play_deal", str(file))
    first, *told = str(refused.value).splitlines()
    assert (first, len(told)) == (f"{file}:", 2)
    assert told[0].startswith("  line 60: contract.price: `4e5` is not a plain number")
    assert told[1].startswith("  line 61: contract.payment_days: `soon` is not a plain number")


PLANS = (ROOT / "deals" / "field-service-proposed.yaml").read_text()
SIGN = "  - {on: today-1, do: sign"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  plan_name: By milestones\n", "", "contract: `plan_name` is missing"),
        ("plan_name: By milestones", "plan_name: Upfront", "Two plans are named “Upfront”"),
        ("discount_percent: 3", "discount: 64999.99", "it must be above zero and leave something"),
        ("discount_percent: 3", "discount_percent: 3\n      discount: 3", "not both"),
        ("deposit: Field service app, paid at signature", "invoice: All", "exactly one of `milestone`, `deposit`"),
        ("events:\n", f"events:\n{SIGN}}}\n", "`plan` is missing"),
        ("events:\n", f"events:\n{SIGN}, plan: Yearly}}\n", "`Yearly` is not one of By milestones, Upfront, Monthly"),
    ],
)
def test_plans_to_pick_from_are_read_with_their_names(before: str, after: str, message: str) -> None:
    assert before in PLANS
    with pytest.raises(DealFileRefused) as refused:
        read(PLANS.replace(before, after, 1), today=TODAY)
    assert message in str(refused.value)


def test_a_recurring_line_ends_on_its_last_day() -> None:
    dated = PLANS.replace("times: 4", "starts: 2026-07-01\n          until: 2027-06-30", 1)
    assert read(dated, today=TODAY).contract.options[1].lines[0].due == Due("date", date(2026, 7, 1), "", "month", 12)
    for until, message in (
        ("2027-06-15", "No period ends on 2027-06-15"),
        ("2027-06-30\n          times: 4", "not both"),
    ):
        with pytest.raises(DealFileRefused, match=message):
            read(dated.replace("until: 2027-06-30", f"until: {until}"), today=TODAY)


SUBSCRIPTION = (ROOT / "deals" / "subscription-with-implementation.yaml").read_text()


def _with_order(changes: str, *later: str) -> tuple[Event, ...]:
    """The events of a subscription with this change order, signed on the day after, and ``later`` ones."""
    order = "{on: today-63 10:00, do: propose_change, by: anna, title: Words, reason: Words, changes: "
    events = (f"{order}{changes}}}", "{on: today-62 10:00, do: sign_change}", *later)
    return read(
        SUBSCRIPTION.split("  - {on: today-58 ")[0] + "".join(f"  - {one}\n" for one in events), today=TODAY
    ).events


def test_a_change_order_says_words_days_and_own_terms_of_a_line_anew() -> None:
    words = "title: Live, scope: none, planned: none, criteria: [{text: It runs, evidence: yes, objective: no}]"
    events = _with_order(
        f"[{{milestone: Go-live, {words}, silence: accepted, waits_for: none, inspection: yes, damages_percent: 0.25,"
        " tax: none},"
        " {milestone: Deposit, due: 2026-04-05, recovered: {way: first}, payment_days: 0, tax: {category: E}},"
        " {milestone: Subscription, starts: 2026-07-01, until: 2027-06-30}]",
        "{on: today-50 09:00, do: pay, by: clara, milestone: Live}",
    )
    change = events[-3].change
    assert change is not None
    assert events[-1].milestone == 3
    milestone, deposit, recurring = change.lines
    own = LineTerms(7, condition=Condition(on=TODAY), tax_category="S", tax_rate=Decimal(7))
    assert milestone.of(DraftLine("Go-live", "As drawn", planned_on=TODAY, own=own)) == DraftLine(
        "Live",
        criteria=(DraftCriterion("It runs", True, "subjective"),),
        own=LineTerms(7, "accepted", needs_inspection=True, damages_percent=Decimal("0.25")),
    )
    paid = DraftLine("Deposit", kind="deposit", due=Due("event", event="Granted"))
    assert deposit.of(paid).due == Due("date", date(2026, 4, 5), recovery=Recovery("first"))
    assert deposit.of(paid).own == LineTerms(payment_days=0, tax_category="E", tax_rate=Decimal(0))
    portal = DraftLine("Portal", kind="recurring", due=Due("acceptance", milestone="Live", period="quarter", count=9))
    assert recurring.of(portal).due == Due("date", date(2026, 7, 1), period="quarter", count=4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("[{milestone: Deposit}]", "says nothing that is different"),
        ("[{milestone: Deposit, criteria: [{text: Paid}]}]", "is billed by days, without a sign-off"),
        ("[{milestone: Deposit, payment_days: 0, inspection: yes}]", "inspection"),
        ("[{milestone: Deposit, tax: {category: S}}]", "needs a `rate` above 0"),
        ("[{milestone: Deposit, starts_with: Go-live}]", "a deposit line says `due`"),
        ("[{milestone: Deposit, until: 2027-01-01}]", "is a deposit, billed once"),
        ("[{milestone: Subscription, recovered: {way: first}}]", "only a deposit is `recovered`"),
        ("[{milestone: Subscription, starts: 2026-07-01, times: 2, until: 2026-08-31}]", "not both"),
        ("[{milestone: Subscription, starts: 2026-07-01, until: 2026-08-30}]", "No period ends on 2026-08-30"),
    ],
)
def test_a_change_order_says_nothing_that_a_line_of_its_kind_does_not_have(changes: str, message: str) -> None:
    with pytest.raises(DealFileRefused, match=message):
        _with_order(changes)


def test_after_a_pick_events_name_the_lines_of_that_plan() -> None:
    signed = f"{PLANS}{SIGN}, plan: Upfront}}\n"
    paid = '  - {on: today, do: pay, by: clara, milestone: "Field service app, paid at signature"}\n'
    assert [event.pick for event in read(signed + paid, today=TODAY).events] == [None, 1, None]
    with pytest.raises(DealFileRefused, match="Prototype"):
        read(f"{signed}  - {{on: today, do: pay, by: clara, milestone: Prototype}}\n", today=TODAY)


@pytest.mark.parametrize("verb", sorted(name for name, verb in VERBS.items() if verb.or_part))
def test_a_dispute_is_about_retention_or_about_an_invoice_of_a_line(verb: str) -> None:
    office = (ROOT / "deals" / "office-fit-out-retention.yaml").read_text()
    with pytest.raises(DealFileRefused, match="part: is about retention, and `milestone` about an invoice of a line"):
        read(f"{office}  - {{on: today, do: {verb}, milestone: 1, part: 1}}\n", today=TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "- a list",
        "just words",
        "deal: x\n" + "a: [" * 5000,
        "[" * 200_000,
        'deal: "\\ud800"',
        '"\\ud800": x',
    ],
    ids=range(8),
)
def test_a_file_that_is_no_deal_is_refused(text: str) -> None:
    with pytest.raises(DealFileRefused):
        read(text, today=TODAY)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(DealFileRefused, match="1 MiB"):
        read("#" * (LARGEST_FILE + 1), today=TODAY)


def test_the_reference_names_every_verb_and_key() -> None:
    reference = (ROOT / "docs" / "deal-files.md").read_text()
    for verb, rule in VERBS.items():
        rows = [line for line in reference.splitlines() if line.startswith("|") and f"`{verb}`" in line.split("|")[1]]
        assert len(rows) == 1, verb
        for key in rule.keys:
            assert f"`{key}`" in rows[0], f"{verb}.{key}"
