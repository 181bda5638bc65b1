"""Terms of sign-off in a deal file: what stops the clock, who looks first, what a milestone has of its own."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from apps.contracts.criteria import OBJECTIVE, SUBJECTIVE
from apps.contracts.drafts import ALL, AS_AGREED, MILESTONE, Condition, DraftCriterion, LineTerms
from apps.contracts.exemptions import CATEGORY_OF, EXEMPTION, LONGEST_REASON
from apps.contracts.rules import LONGEST_PERIOD_OF_NOTICE, MOST_SUSPENSIONS
from apps.contracts.rules.conditions import LONGEST_EVENT, NEEDS
from apps.contracts.rules.own_tax import STANDARD, TREATMENTS
from apps.contracts.rules.payment import LONGEST_TO_PAY
from apps.contracts.rules.retention import check_own_rate
from apps.contracts.rules.review import SILENCES
from apps.core import money
from apps.workflows.deal_file.read_documents import read_names
from apps.workflows.deal_file.reader import Place


def read_steps(place: Place, currency: str) -> dict[str, Any]:
    """The steps of acceptance of a contract, and of its end; what is absent is not asked for."""
    questions, inspection = place.maybe("question_suspensions"), place.maybe("inspection")
    above, notice = place.maybe("second_acceptor_above"), place.maybe("notice_days")
    return {
        "question_suspensions": questions.whole(most=MOST_SUSPENSIONS) if questions is not None else 0,
        "needs_inspection": inspection.yes_or_no() if inspection is not None else False,
        "second_acceptor_above": read_above(above, currency) if above is not None else None,
        "notice_days": notice.whole(most=LONGEST_PERIOD_OF_NOTICE) if notice is not None else 0,
    }


def read_above(place: Place, currency: str) -> Decimal:
    """The net amount of a milestone above which two people accept."""
    amount = place.number(least=Decimal(0), most=money.LARGEST)
    return place.by(lambda: money.payable(amount, currency), instead=amount) if amount else amount


def read_own(place: Place, *, kind: str) -> LineTerms:
    """What a line has in the place of the contract's terms."""
    return LineTerms(**read_own_keys(place, kind=kind))


def read_own_keys(place: Place, *, kind: str, again: str = "") -> dict[str, Any]:
    """The same, only what is said. Where the word ``again`` stands, it is as the contract says, or not at all."""
    own: dict[str, Any] = {}
    for key, (name, read) in (OWN if kind == MILESTONE else OF_THE_CALENDAR).items():
        said = place.maybe(key)
        if said is not None:
            is_none = bool(again) and said.is_text and said.text() == again
            own[name] = getattr(AS_AGREED, name) if is_none else read(said)
    tax = place.maybe("tax")
    if tax is not None:
        is_none = bool(again) and tax.is_text and tax.text() == again
        own |= {name: getattr(AS_AGREED, name) for name in OF_TAX} if is_none else _tax(tax)
    return own


def _tax(place: Place) -> dict[str, Any]:
    """How a line is taxed that is taxed otherwise than its contract."""
    category, rate = place.need("category").one_of(*sorted(TREATMENTS)), place.maybe("rate")
    percent = rate.percentage() if rate is not None else Decimal(0)
    if (category == STANDARD) != bool(percent):
        place.refuse("needs a `rate` above 0 where the category is S, and none otherwise")
    return {"tax_category": category, "tax_rate": percent, **read_exemption(place)}


def read_exemption(place: Place) -> dict[str, str]:
    """Why a supply bears no tax: the `code` of VATEX, and the `reason` in words; the last keys of a tax."""
    code, reason = place.maybe("code"), place.maybe("reason")
    place.done()
    return {
        "exemption_code": code.one_of(*CATEGORY_OF) if code is not None else "",
        "exemption_reason": reason.text(most=LONGEST_REASON) if reason is not None else "",
    }


def read_criterion(place: Place) -> DraftCriterion:
    """One sentence by which the buyer can tell that a milestone is complete."""
    evidence, objective = place.maybe("evidence"), place.maybe("objective")
    criterion = DraftCriterion(
        text=place.need("text").text(most=500),
        needs_evidence=evidence.yes_or_no() if evidence is not None else False,
        nature="" if objective is None else OBJECTIVE if objective.yes_or_no() else SUBJECTIVE,
    )
    place.done()
    return criterion


def _condition(place: Place) -> Condition:
    """What a milestone waits for: `needs` (all or any) of `milestones`, a day `on`, and `events`."""
    needs, on = place.maybe("needs"), place.maybe("on")
    milestones, events = place.maybe("milestones"), place.maybe("events")
    condition = Condition(
        needs=needs.one_of(*NEEDS) if needs is not None else ALL,
        milestones=tuple(one.text(most=LONGEST_EVENT) for one in milestones.each()) if milestones is not None else (),
        on=on.day() if on is not None else None,
        events=tuple(one.text(most=LONGEST_EVENT) for one in events.each()) if events is not None else (),
    )
    if not (condition.milestones or condition.on or condition.events):
        place.refuse("says nothing: give `milestones`, a day `on` or `events`")
    place.done()
    return condition


def _rate(place: Place) -> Decimal:
    rate = place.percentage()
    place.by(lambda: check_own_rate(rate))
    return rate


OWN: Final[Mapping[str, tuple[str, Callable[[Place], Any]]]] = MappingProxyType(
    {
        "review_days": ("review_days", lambda place: place.whole(least=1, most=365)),
        "silence": ("silence", lambda place: place.one_of(*SILENCES)),
        "cumulative": ("is_cumulative", Place.yes_or_no),
        "retention": ("retention_rate", _rate),
        "materials": ("is_materials", Place.yes_or_no),
        "documents": ("documents", read_names),
        "waits_for": ("condition", _condition),
        "payment_days": ("payment_days", lambda place: place.whole(most=LONGEST_TO_PAY)),
        "partial_acceptance": ("partial_acceptance", Place.yes_or_no),
        "inspection": ("needs_inspection", Place.yes_or_no),
        "two_acceptors": ("two_acceptors", Place.yes_or_no),
        "question_suspensions": ("question_suspensions", lambda place: place.whole(most=MOST_SUSPENSIONS)),
        "damages_percent": ("damages_percent", Place.percentage),
        "bonus_percent": ("bonus_percent", Place.percentage),
    }
)
"""The keys of a milestone's own terms: how each is called in :class:`LineTerms`, and what reads it."""
OF_TAX: Final = ("tax_category", "tax_rate", *EXEMPTION)
OF_THE_CALENDAR: Final = MappingProxyType({"payment_days": OWN["payment_days"]})
"""Those that a deposit or a recurring line may have, beside its tax."""
