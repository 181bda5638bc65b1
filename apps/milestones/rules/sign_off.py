"""The rules of submission and sign-off: completeness, deadline, authority, texts. No database, no Django."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.contracts.rules.returned_mail import COUNTS_FOR
from apps.contracts.rules.review import ACCEPTED, DECIDES
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.core.texts import has_unseen
from apps.milestones.rules.links import Link

TEXT_VERSION: Final = "submission-1"
MOST_FILES: Final = 20
LONGEST_NOTE: Final = 4_000
LONGEST_REASON: Final = 2_000


@dataclass(frozen=True, slots=True)
class CriterionAnswer:
    """What the seller says of one criterion: met or not, and how, and what else shows it."""

    criterion_id: int
    is_met: bool
    note: str = ""
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """What the buyer finds of one criterion; a fail gives its reason."""

    criterion_id: int
    is_passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileText:
    """An evidence file as the submission names it; ``size`` in bytes."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CriterionText:
    """One criterion with what the seller says and shows of it."""

    position: int
    text: str
    needs_evidence: bool
    is_met: bool
    note: str
    files: Sequence[FileText]
    links: Sequence[Link] = ()
    nature: str = ""


def submission_text(
    *,
    contract: dict[str, str],
    milestone: dict[str, object],
    cycle: int,
    note: str,
    criteria: Sequence[CriterionText],
    files: Sequence[FileText],
    links: Sequence[Link] = (),
) -> str:
    """The canonical text of a submission: what the buyer is shown and decides on. ``files`` and ``links`` belong to no
    criterion; of links that are not there the text says nothing, as texts did before there were any.
    """
    return canonical.text(
        {
            "format": TEXT_VERSION,
            "contract": contract,
            "milestone": milestone,
            "cycle": cycle,
            "note": note,
            "criteria": [_without_nothing(asdict(criterion)) for criterion in criteria],
            **_without_nothing({"files": list(files), "links": list(links)}),
        }
    )


def _without_nothing(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in ("links", "nature") or value}


def check_complete(criteria: Sequence[CriterionText]) -> None:
    """Refuse a submission that does not yet say, and where agreed show, that every criterion is met."""
    for criterion in criteria:
        if not criterion.is_met:
            raise Refused(
                "“{criterion}” is not marked as met. Submit when every criterion is.",
                field="criteria",
                criterion=criterion.text,
            )
        if criterion.needs_evidence and not criterion.files:
            raise Refused(
                "“{criterion}” needs evidence: attach a file to it.", field="criteria", criterion=criterion.text
            )


def checked_verdicts(verdicts: Sequence[CriterionVerdict], *, criteria: dict[int, str]) -> list[CriterionVerdict]:
    """The verdicts of a request for changes, reasons trimmed; refused when no defect is named.

    ``criteria`` are the agreed ones, by id.

    Source: acceptance is refused only by naming at least one defect (German Civil Code, section 640).
    """
    checked = trimmed_verdicts(verdicts, criteria=criteria)
    if all(verdict.is_passed for verdict in checked):
        raise Refused("Name at least one criterion that is not met, or accept the milestone.", field="verdicts")
    return checked


def trimmed_verdicts(verdicts: Sequence[CriterionVerdict], *, criteria: dict[int, str]) -> list[CriterionVerdict]:
    """The verdicts with their reasons trimmed; refused on anything but the agreed criteria, and a cross without why."""
    decided = [verdict.criterion_id for verdict in verdicts]
    if len(set(decided)) != len(decided) or not set(decided) <= criteria.keys():
        raise Refused("These are not the criteria of this milestone. Reload the page.", field="verdicts")
    checked = [
        replace(verdict, reason=check_text(verdict.reason, most=LONGEST_REASON, field="verdicts"))
        for verdict in verdicts
    ]
    for verdict in checked:
        if not verdict.is_passed and not verdict.reason:
            raise Refused(
                "Say what is missing for “{criterion}”.", field="verdicts", criterion=criteria[verdict.criterion_id]
            )
    return checked


def verdicts_text(verdicts: Sequence[CriterionVerdict], *, criteria: Mapping[int, str]) -> str:
    """The canonical text of verdicts, in the order of the agreed criteria, as evidence packs list them."""
    given = {verdict.criterion_id: verdict for verdict in verdicts}
    return canonical.text(
        [
            {"criterion": text, "is_passed": given[pk].is_passed, "reason": given[pk].reason}
            for pk, text in criteria.items()
            if pk in given
        ]
    )


def check_text(text: str, *, most: int, field: str) -> str:
    """The text without blanks around it, if it can be kept."""
    trimmed = text.replace("\r\n", "\n").strip()
    if len(trimmed) > most:
        raise Refused("This text is longer than {most} characters.", field=field, most=most)
    if has_unseen(trimmed):
        raise Refused("This text contains signs that cannot be seen. Type it anew.", field=field)
    return trimmed


def check_wanted(day: date | None, *, today: date) -> date | None:
    """Until when the buyer wants a milestone again that it sent back: a day to come, or none is named."""
    if day is not None and day < today:
        raise Refused("{date} is past. Name a day to come, or none.", field="wanted_by", date=day)
    return day


def check_limit(amount: Money, *, limit: Decimal | None, limit_currency: str) -> None:
    """Refuse a sign-off above the person's limit. A limit in another currency says nothing, so it permits nothing."""
    if limit is None:
        return
    if limit_currency != amount.currency:
        raise NotAllowed(
            "Your limit is in {limit_currency}, this milestone in {currency}. Ask somebody without a limit.",
            limit_currency=limit_currency,
            currency=amount.currency,
        )
    if amount.amount > limit:
        raise NotAllowed(
            "This milestone comes to {amount}; you sign off up to {limit}. Ask somebody with a higher limit.",
            amount=amount,
            limit=Money(limit, limit_currency),
        )


def needs_proof(amount: Money, *, above: Decimal | None, above_currency: str) -> bool:
    """Whether a sign-off of this net amount asks once more who it is. An amount in another currency always does."""
    return above is not None and (amount.currency != above_currency or amount.amount > above)


def check_in_time(
    *, silence: str, notified_at: datetime | None, due_at: datetime | None, at: datetime, zone: str
) -> None:
    """Refuse to decide or to take back what silence has decided: it took effect at the deadline, whoever writes it down
    when. Where silence decides nothing, or nobody was notified, it is never too late."""
    if silence not in DECIDES or notified_at is None or due_at is None or at <= due_at:
        return
    due = f"{due_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
    if silence == ACCEPTED:
        raise IllegalTransition(
            "The review ended on {due} without an answer. As the contract says, the milestone counts as accepted since"
            " then; nothing else can be decided.",
            due=due,
        )
    raise IllegalTransition(
        "The review ended on {due} without an answer. As the contract says, the milestone counts as not accepted since"
        " then; the seller may submit it again.",
        due=due,
    )


def decides_after(*, due_at: datetime, mailed_at: datetime | None) -> datetime:
    """When silence has decided: at the deadline, and not before a notice by mail has stood its 24 hours (a deadline of
    one day can be sooner where the clocks are put forward)."""
    return due_at if mailed_at is None else max(due_at, mailed_at + COUNTS_FOR)


HALFWAY: Final = "halfway"
TWO_DAYS: Final = "two_days"
LAST_DAY: Final = "last_day"
PASSED: Final = "passed"
REMINDER_HOUR: Final = time(9)
"""When reminders go out on their day, in the zone of the review."""


def reminder_times(*, notified_at: datetime, due_at: datetime, zone: str) -> list[tuple[datetime, str]]:
    """When the buyer is reminded, in the order of time: on the day of half time, two days before the deadline, and on
    its last day.

    What falls on one moment is one reminder, the later kind; what falls before the notice is none.
    """
    place = ZoneInfo(zone)
    last = due_at.astimezone(place).date()
    half = (notified_at + (due_at - notified_at) / 2).astimezone(place).date()
    days = {half: HALFWAY}
    days |= {last - timedelta(days=2): TWO_DAYS, last: LAST_DAY}
    times = sorted(
        (datetime.combine(day, REMINDER_HOUR, tzinfo=place).astimezone(UTC), kind) for day, kind in days.items()
    )
    order = [HALFWAY, TWO_DAYS, LAST_DAY]
    rising: list[tuple[datetime, str]] = []
    for at, kind in times:
        if at > notified_at and all(order.index(kind) > order.index(known) for _, known in rising):
            rising.append((at, kind))
    return rising


def review_moments(*, notified_at: datetime, due_at: datetime, zone: str) -> list[datetime]:
    """The instants at which a review asks for something: its reminders, and the second after its deadline."""
    times = reminder_times(notified_at=notified_at, due_at=due_at, zone=zone)
    return [*(at for at, _kind in times), due_at + timedelta(seconds=1)]


def newest_reminder(
    *, notified_at: datetime, due_at: datetime, zone: str, now: datetime, since: datetime | None = None
) -> str | None:
    """The one reminder that is due: after an outage only the newest. After the deadline it is for the seller.

    What fell before ``since``, when a clock that had stood still ran on, is none: its answer told the new deadline.
    """
    if now > due_at:
        return PASSED
    times = reminder_times(notified_at=notified_at, due_at=due_at, zone=zone)
    due = [kind for at, kind in times if at <= now and (since is None or at > since)]
    return due[-1] if due else None
