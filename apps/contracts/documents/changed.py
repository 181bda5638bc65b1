"""What a change order changes, on the paper of the version that it makes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext

from apps.contracts import measure_wording, rules, wording
from apps.contracts.documents.terms import terms_of
from apps.contracts.dues_wording import schedule_in_words
from apps.contracts.rules.dues import read_due
from apps.core import canonical
from apps.core.printing import words
from apps.core.printing.facts import Fact

FURTHER: Final = "further"
"""What a canonical text calls the further terms."""


def change_of(said: dict[str, Any], currency: str) -> Sequence[Fact]:
    """What a change order changes, and why; nothing in a version that no order made."""
    change = said.get("change_order")
    if change is None:
        return []
    what = {
        "added": gettext("new: {after}"),
        "removed": gettext("taken out; it was {before}"),
        "repriced": gettext("{before} becomes {after}"),
        "changed": gettext("another date or other words; still {after}"),
    }

    def amount(written: str | None) -> str:
        return words.money(Decimal(written), currency) if written is not None else ""

    def line(one: dict[str, Any]) -> str:
        now = what[one["kind"]].format(before=amount(one["amount_before"]), after=amount(one["amount_after"]))
        was, measure = rules.read_measure({"measure": one.get("measure_before")}), one.get("measure_after")
        if "billed_after" in one:
            before, after = (_billed(one, when, currency) for when in ("before", "after"))
            differs = before and before != after
            text = gettext("{now}; {before} becomes {after}") if differs else gettext("{now}; {schedule}")
            now = text.format(now=now, before=before, after=after, schedule=after)
        if "own_after" in one:
            was_own, own = (_own(one[f"own_{when}"]) for when in ("before", "after"))
            now = gettext("{now}; own terms: {after} (before: {before})").format(now=now, after=own, before=was_own)
        if "measure_after" not in one:
            return now
        lump = gettext("a lump sum")
        agreed = [
            measure_wording.agreed(each, currency) if each is not None else lump
            for each in (was, rules.read_measure({"measure": measure}))
        ]
        return gettext("{now}; {before} becomes {after}").format(now=now, before=agreed[0], after=agreed[1])

    return [
        (gettext("Change order"), f"{words.count(change['number'])}: {change['title']}"),
        (gettext("Why"), change["reason"]),
        (gettext("Changes version"), words.count(change["changes"]["version"])),
        (gettext("Price before"), amount(change["price_before"])),
        (gettext("Net change"), amount(change["net_change"])),
        *((f"{words.count(one['position'])} {one['title']}", line(one)) for one in change["lines"]),
        *_changed_terms(said, change.get("terms", ())),
    ]


def _own(said: dict[str, Any] | None) -> str:
    """What a line has of its own, as its own clause says it."""
    return " ".join(wording.own_terms(rules.read_own({"own": said}))) or gettext("as the contract says")


def _billed(one: dict[str, Any], when: str, currency: str) -> str:
    """When a deposit or a recurring line is billed before the change, or after it; nothing of one that is new."""
    _kind, due = read_due(one.get(f"billed_{when}", {}))
    if due is None:
        return ""
    return schedule_in_words(
        due,
        amount=Decimal(one[f"amount_{when}"]),
        currency=currency,
        money=lambda amount: words.money(amount, currency),
        day=words.day,
    )


def _changed_terms(said: dict[str, Any], changed: Sequence[dict[str, Any]]) -> Sequence[Fact]:
    """Each term that the order says anew, as it reads now, and as it read before."""
    if not changed:
        return []
    names = {"seller": said["seller"]["legal_name"], "buyer": said["buyer"]["legal_name"]}
    # Further terms are a text of their own, and called so there.
    before = {FURTHER if one["term"] == "terms" else one["term"]: one["before"] for one in changed}
    texts = [canonical.text({**said, "terms": terms}) for terms in ({**said["terms"], **before}, said["terms"])]
    was, now = (dict(terms_of(rules.read_version_text(text), **names)) for text in texts)
    rows = [
        (label, gettext("{now} (before: {before})").format(now=now.get(label, "–"), before=was.get(label, "–")))
        for label in {**now, **was}
        if now.get(label) != was.get(label)
    ]
    return [*rows, *([(gettext("Further terms"), gettext("said anew"))] if FURTHER in before else [])]
