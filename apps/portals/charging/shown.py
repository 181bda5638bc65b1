"""What is charged on a milestone, in words: ahead of its sign-off, and since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts import charges_wording
from apps.contracts.rules.charges import Reckoned
from apps.invoicing.models import Charge
from apps.invoicing.services import charge_terms
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.correcting.side import Side
from apps.portals.parts import Need


@dataclass(frozen=True, slots=True)
class Shown:
    """One charge with the address of its document, if there is one."""

    charge: Charge
    number: str
    url: str
    undone: str
    undone_url: str


@dataclass(frozen=True, slots=True)
class Charged:
    """What a milestone's page says of charges; ``url`` is empty where nothing is agreed."""

    url: str
    agreed: Sequence[tuple[str, str]]
    rows: Sequence[Shown]
    late: str
    early: str


def charged_of(actor: Actor, milestone: Milestone, *, side: Side) -> Charged | None:
    """What is or can be charged on a milestone; None where nothing is agreed. ``late`` and ``early`` is what nobody has
    claimed yet."""
    terms = charge_terms.terms_of(milestone)
    if terms is None:
        return None
    found = Charge.objects.visible_to(actor).filter(milestone=milestone)
    rows = list(found.select_related("credit_note", "invoice", "undone_by").order_by("pk"))
    live = {one.kind for one in rows if one.state != "withdrawn"}
    day = charge_terms.day_of_acceptance(milestone)
    late, early = charge_terms.reckoned(milestone, accepted_on=day) if day is not None else (None, None)
    return Charged(
        url=side.url("milestone_charges", milestone.ref),
        agreed=charges_wording.parts(terms, currency=milestone.currency),
        rows=[_shown(one, side=side) for one in rows],
        late=late_words(late, currency=milestone.currency) if late is not None and "damages" not in live else "",
        early=early_words(early, currency=milestone.currency) if early is not None and "bonus" not in live else "",
    )


def ahead(milestone: Milestone, *, today: date) -> str:
    """What an acceptance today would cost the seller, or earn it; shown before the decision."""
    late, early = charge_terms.reckoned(milestone, accepted_on=today)
    if late is not None:
        said = late_words(late, currency=milestone.currency)
        return _("%(late)s You claim or waive them after the sign-off.") % {"late": said}
    return early_words(early, currency=milestone.currency) if early is not None else ""


def late_words(late: Reckoned, *, currency: str) -> str:
    """Days, and what they come to."""
    said = ngettext(
        "Accepted %(days)s day late, after the planned %(day)s: damages for delay come to %(amount)s, as agreed.",
        "Accepted %(days)s days late, after the planned %(day)s: damages for delay come to %(amount)s, as agreed.",
        late.days,
    ) % {"days": late.days, "day": formats.day(late.agreed_on), "amount": formats.money(late.amount, currency)}
    return _capped(said) if late.is_capped else said


def early_words(early: Reckoned, *, currency: str) -> str:
    """Days, and what they earn."""
    said = ngettext(
        "Accepted %(days)s day before the planned %(day)s: the bonus comes to %(amount)s, as agreed.",
        "Accepted %(days)s days before the planned %(day)s: the bonus comes to %(amount)s, as agreed.",
        early.days,
    ) % {"days": early.days, "day": formats.day(early.agreed_on), "amount": formats.money(early.amount, currency)}
    return _capped(said) if early.is_capped else said


def _capped(said: str) -> str:
    most = _("That is the most that was agreed.")
    return f"{said} {most}"


def needs_of(actor: Actor, *, most: int = 5) -> Iterator[Need]:
    """What buyers charge and the seller has to answer, the oldest first."""
    waiting = Charge.objects.visible_to(actor).filter(contract__seller_id=actor.organisation_id, state="claimed")
    for one in waiting.exclude(kind="bonus").select_related("milestone", "contract__buyer").order_by("pk")[:most]:
        yield Need(
            what=_("%(kind)s: %(title)s") % {"kind": one.get_kind_display(), "title": one.milestone.title},
            who=one.contract.buyer.legal_name,
            url=reverse("seller:milestone_charges", args=[one.milestone.ref]),
            button=_("Look at it"),
            amount=one.asked,
            currency=one.currency,
            note=one.reason,
            icon="hourglass-split",
            tone="attention",
        )


def _shown(charge: Charge, *, side: Side) -> Shown:
    note, bill, undone = charge.credit_note, charge.invoice, charge.undone_by
    number = note.number if note is not None else bill.number if bill is not None else ""
    url = (
        side.url("credit_note", note.ref)
        if note is not None
        else side.url("invoice", bill.ref)
        if bill is not None
        else ""
    )
    return Shown(
        charge,
        number,
        url,
        undone.number if undone is not None else "",
        side.url("credit_note", undone.ref) if undone is not None else "",
    )
