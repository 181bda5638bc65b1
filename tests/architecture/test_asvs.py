"""The list of security requirements: every one of ASVS 5.0 levels 1 and 2 once, every path that it names is there."""

import re
from typing import Final

import pytest

from tests.architecture.source import ROOT

REQUIREMENTS: Final = """
1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1 3.2:1-2 3.3:1-4 3.4:1-6
3.5:1-5 3.7:1-2 4.1:1-3 4.2:1 4.3:1-2 4.4:1-4 5.1:1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4
6.4:1-4 6.5:1-5 6.6:1-3 6.8:1-4 7.1:1-3 7.2:1-4 7.3:1-2 7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3
8.3:1 8.4:1 9.1:1-3 9.2:1-4 10.1:1-2 10.2:1-2 10.3:1-4 10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2
11.2:1-3 11.3:1-3 11.4:1-4 11.5:1 11.6:1 12.1:1-3 12.2:1-2 12.3:1-4 13.1:1 13.2:1-5 13.3:1-2
13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3 15.2:1-3 15.3:1-7 16.1:1 16.2:1-5 16.3:1-4 16.4:1-3
16.5:1-3 17.1:1 17.2:1-4 17.3:1-2
"""
"""Section and numbers of the requirements of levels 1 and 2, as the standard 5.0.0 counts them."""
STATES: Final = {"met", "partly", "not met", "not applicable"}
ROW: Final = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

PATH: Final = r"`((?:apps|config|tests|templates|static|docs)/[\w./-]+)`"
DOCUMENT: Final = re.compile(r"document: `(docs/[\w./-]+\.md)`(?:, ([\w -]+))?")


def wanted() -> list[str]:
    found = []
    for one in REQUIREMENTS.split():
        section, _colon, numbers = one.partition(":")
        for part in numbers.split(","):
            first, _dash, last = part.partition("-")
            found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs" / "asvs.md").read_text())


def test_every_requirement_stands_there_once() -> None:
    assert len(wanted()) == 253
    assert [number for number, *_rest in rows()] == wanted()


def test_every_state_is_one_of_four_and_the_sum_is_true() -> None:
    states = [state for _number, _level, _what, state, _shown in rows()]
    assert set(states) == STATES
    said = (
        f"{len(states)} requirements: {states.count('met')} met, {states.count('partly')} partly,"
        f" {states.count('not met')} not met, {states.count('not applicable')} not applicable."
    )
    assert said in (ROOT / "docs" / "asvs.md").read_text()


def test_every_path_exists() -> None:
    text = "\n".join(shown for *_rest, shown in rows())
    assert [path for path in re.findall(PATH, text) if not (ROOT / path).exists()] == []


def without_proof(state: str, shown: str) -> bool:
    """Of what is met neither a test is named, nor a document with its part, nor that it cannot be otherwise."""
    if state != "met" or re.search(r"`tests/[\w./-]+/test_\w+\.py`", shown) or shown.startswith("by construction: "):
        return False
    said = DOCUMENT.match(shown)
    if said is None:
        return True
    document, part = said.groups()
    return part is not None and f"\n## {part}\n" not in (ROOT / document).read_text()


def test_what_is_met_is_shown() -> None:
    assert [number for number, _level, _what, state, shown in rows() if without_proof(state, shown)] == []


@pytest.mark.parametrize(
    "shown",
    ["`config/settings.py`", "Django's default", "document: `docs/security.md`, No such part", "`tests/races.py`"],
)
def test_what_is_not_shown_would_be_found(shown: str) -> None:
    assert without_proof("met", shown)
    assert not without_proof("partly", shown)
