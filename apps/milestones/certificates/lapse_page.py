"""What a certificate says of an acceptance by lapse of the review period: notice, reminders, clause and deadline."""

from datetime import date, datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts import wording
from apps.contracts.rules import ReviewTerms
from apps.core.printing import words
from apps.core.printing.facts import Fact

PROOFS: Final[dict[str, Promise]] = {
    "mail": _("the buyer's mail server took the notice"),
    "view": _("the personal link was opened in a browser"),
    "dispute": _("the buyer raised a dispute of it"),
}
REMINDERS: Final[dict[str, Promise]] = {
    "halfway": _("when half of the review was over"),
    "two_days": _("two days before its end"),
    "last_day": _("on the last day"),
}
CAUSES: Final[dict[str, Promise]] = {
    "question": _("for a question"),
    "dispute": _("for a dispute"),
}


def lead(said: dict[str, Any]) -> str:
    """In one sentence by what the milestone was accepted."""
    contract = said["contract"]
    return gettext(
        "{buyer} gave no answer on this milestone of {seller} within the review period. By the contract it counts as"
        " accepted."
    ).format(buyer=contract["buyer"], seller=contract["seller"])


def rows(said: dict[str, Any]) -> list[Fact]:
    """The facts on which it rests, in the order in which they happened."""
    lapse = said["lapse"]
    zone = lapse["clause"]["time_zone"]
    notice, days = lapse["notice"], lapse["computation"]

    def at(moment: str) -> str:
        return words.instant(datetime.fromisoformat(moment), zone=zone)

    facts = [(gettext("Accepted by"), gettext("nobody: the review period ended without an answer"))]
    facts += [(gettext("Clause of the contract"), _clause(lapse["clause"]))]
    for one in notice["to"]:
        asked = gettext("asked {instant}").format(instant=at(one["asked_at"]))
        opened = one["first_viewed_at"]
        said_of = gettext("{asked}, link opened {instant}").format(asked=asked, instant=at(opened)) if opened else asked
        facts.append((gettext("Notice to"), f"{one['name']}, {one['email']}: {said_of}"))
    facts.append((gettext("Notice received"), f"{at(notice['at'])}: {PROOFS[notice['proof']]}"))
    facts += [(gettext("Reminder"), f"{at(one['at'])}, {REMINDERS[one['kind']]}") for one in lapse["reminders"]]
    for one in lapse["stood_still"]:
        moved = gettext("{cause}, from {since} to {until}; the deadline moved from {before} to {after}").format(
            cause=CAUSES[one["cause"]],
            since=at(one["from"]),
            until=at(one["until"]),
            before=at(one["due_before"]),
            after=at(one["due_after"]),
        )
        facts.append((gettext("The review clock stood still"), moved))
    facts.append((gettext("Computation"), _computation(days)))
    facts.append((gettext("Deadline"), at(lapse["review_due_at"])))
    facts.append((gettext("Effective"), gettext("at the deadline")))
    facts.append((gettext("Written down"), words.instant(datetime.fromisoformat(lapse["written_down_at"]))))
    return facts


def _clause(clause: dict[str, Any]) -> str:
    terms = ReviewTerms(
        **{name: clause[name] for name in ("days", "unit", "country", "subdivision", "time_zone", "silence")}
    )
    period = gettext("{period} to review").format(period=wording.review_period(terms))
    means = wording.silence_means(clause["silence"])
    return f"{period}. {means}"


def _computation(days: dict[str, Any]) -> str:
    first, last = (words.day(date.fromisoformat(days[name])) for name in ("day_of_the_notice", "last_day"))
    text = gettext("the day of the notice, {first}, does not count; the last day is {last}").format(
        first=first, last=last
    )
    if not days["left_out"]:
        return text
    left_out = ", ".join(words.day(date.fromisoformat(one)) for one in days["left_out"])
    return gettext("{text}; not counted: {days}").format(text=text, days=left_out)
