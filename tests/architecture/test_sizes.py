"""Rooms that one can look over: a module past 300 lines is split by noun."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 300


def test_modules_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("apps", "config")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > MOST
    }
    assert long == {}
