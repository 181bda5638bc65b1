"""veraPDF is asked where it is installed, and only there."""

import stat
from pathlib import Path

import pytest

from apps.invoicing.einvoice import conformance

REPORT = """<report><jobs><job>{verdict}</job></jobs></report>"""
NAMES = ("PDF/A-3a", "PDF/UA-1")
BROKEN = (
    '<validationReport isCompliant="false"><details>'
    '<rule clause="6.7.3" testNumber="1" status="failed"><description>The  metadata\nlie</description></rule>'
    '<rule clause="6.1" testNumber="2" status="passed"><description>fine</description></rule>'
    "</details></validationReport>"
)


def installed(folder: Path, answer: str) -> None:
    """A checker that gives one answer, whatever it is asked."""
    (folder / "answer").write_text(answer)
    program = folder / "verapdf"
    program.write_text(f'#!/bin/sh\ncat "{folder}/answer"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (REPORT.format(verdict='<validationReport isCompliant="true"/>'), []),
        (REPORT.format(verdict=BROKEN), [f"{name} 6.7.3-1: The metadata lie" for name in NAMES]),
        (
            REPORT.format(verdict='<validationReport isCompliant="false"/>'),
            [f"it is not {name}, says verapdf" for name in NAMES],
        ),
        (
            REPORT.format(verdict=""),
            [f"verapdf could not read the file as {name}" for name in NAMES],
        ),
    ],
    ids=["sound", "broken", "unsaid", "unreadable"],
)
def test_what_the_checker_says_is_told(
    answer: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, answer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert conformance.findings(b"%PDF-1.7") == expected


def test_no_answer_is_told_and_no_checker_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert conformance.findings(b"%PDF-1.7") == []
    installed(tmp_path, "Killed")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert all("gave no answer on PDF/" in finding for finding in conformance.findings(b"%PDF-1.7"))
