"""Rooms that one can look over: a module past 300 lines is split by noun, a function past 100 by verb."""

from tests.architecture.source import functions_of, modules, named

MOST, MOST_OF_A_FUNCTION = 300, 100


def test_modules_stay_small() -> None:
    sizes = {named(path): len(path.read_text().splitlines()) for path in modules("apps", "config")}
    assert len(sizes) > 150
    assert {name: lines for name, lines in sizes.items() if lines > MOST} == {}


def test_functions_stay_small() -> None:
    sizes = {
        f"{named(path)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in modules("apps", "config")
        for function in functions_of(path)
    }
    assert len(sizes) > 1_000
    assert {name: lines for name, lines in sizes.items() if lines > MOST_OF_A_FUNCTION} == {}
