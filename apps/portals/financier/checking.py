"""The checks of an offer or a request as a list: met, waived by whom and why, or what stands in the way."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import CheckWaiver
from apps.financing.services import Finding
from apps.portals.financier.badges import badge
from apps.portals.forms import explain
from apps.portals.vocabulary import Word

MET = Word(gettext_lazy("Met"), "check-circle-fill", "positive")
WAIVED = Word(gettext_lazy("Waived"), "skip-forward", "info")
NOT_MET = Word(gettext_lazy("Not met"), "x-circle", "negative")
LATER = Word(gettext_lazy("Before payout"), "hourglass-split", "attention")


@dataclass(frozen=True, slots=True)
class Line:
    """One check with its state, what was found, and what can be done."""

    name: str
    state: SafeString
    found: str
    note: str = ""


def lines_of(findings: Iterable[Finding]) -> list[Line]:
    """Every check, in the order in which they are looked at."""
    return [_line(one) for one in findings]


def _line(one: Finding) -> Line:
    name = str(one.check.label)
    if one.waiver is not None:
        return _waived(one.waiver, name=name)
    if one.obstacle is None:
        return Line(name, badge(MET), "")
    note = _("A second person may waive it, with a reason.") if one.is_waivable else ""
    return Line(name, badge(NOT_MET if one.stops else LATER), explain(one.obstacle), note)


def _waived(waiver: CheckWaiver, *, name: str) -> Line:
    words = _("%(who)s waived it: %(reason)s") % {"who": waiver.waived_by, "reason": waiver.reason}
    return Line(name, badge(WAIVED), waiver.finding, words)


def waived_lines(waivers: Iterable[CheckWaiver]) -> list[Line]:
    """What was waived of an offer that went out."""
    return [_waived(one, name=str(one.get_checked_display())) for one in waivers]
