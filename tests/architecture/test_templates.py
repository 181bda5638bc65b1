"""Templates obey the Content-Security-Policy and never print what somebody typed unescaped."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if path.relative_to(ROOT / "templates").parts[0] not in ("mail", "documents")]

INLINE_STYLE = re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE)
INLINE_HANDLER = re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE)
UNESCAPED = re.compile(r"\|\s*safe\b|autoescape\s+off|mark_safe")
ELSEWHERE = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_templates() -> None:
    assert len(PAGES) > 20


@pytest.mark.parametrize("path", PAGES, ids=_named)
def test_pages_have_nothing_inline_and_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    for forbidden in (INLINE_STYLE, INLINE_HANDLER, INLINE_SCRIPT, ELSEWHERE):
        found = forbidden.search(text)
        assert found is None, found and found.group(0)


@pytest.mark.parametrize("path", TEMPLATES, ids=_named)
def test_nothing_is_printed_unescaped(path: Path) -> None:
    assert UNESCAPED.search(path.read_text()) is None


def test_python_marks_no_text_as_safe() -> None:
    marked = [_named(path) for path in (ROOT / "apps").rglob("*.py") if "mark_safe" in path.read_text()]
    assert marked == []
