"""What is wrong in a deal file: each with its line, and all of it in one pass."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from apps.core.errors import Refused

T = TypeVar("T")
P = ParamSpec("P")

ROOT = "the file"
"""What the whole of it is called, which has no key."""


class DealFileRefused(Refused):
    """The file is wrong: line, key and reason are in the message, and nothing was played."""


class Faults:
    """What is found wrong while a file is read on past its first fault.

    Of a place and of what holds it the first fault counts: others may follow from the value that stands in for it.
    """

    def __init__(self) -> None:
        self._found: dict[str, DealFileRefused] = {}

    def note(self, refused: DealFileRefused, *, about: str = "") -> None:
        """Keep a fault; ``about`` is its key where that is not the place that refuses."""
        key = about or str(refused.parts.get("key", ""))
        if not self.within(key):
            self._found[key] = refused

    def within(self, key: str) -> bool:
        """Whether something is wrong at a place or in what it holds."""
        return any(f"{known}.".startswith(f"{key}.") for known in self._found) or (key == ROOT and bool(self._found))

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._found)

    def all(self, first: DealFileRefused) -> DealFileRefused:
        """Every fault as one refusal, in the order of the lines; ``first`` is among them."""
        same = [one for one in self._found.values() if str(one) == str(first)]
        every = [*self._found.values(), *([] if same else [first])]
        found = sorted(every, key=lambda one: int(one.parts.get("line", 0)))
        found[0].more = tuple(found[1:])
        return found[0]


def going_on(
    instead: Callable[..., T],
) -> Callable[[Callable[Concatenate[Any, P], T]], Callable[Concatenate[Any, P], T]]:
    """For what reads a place: where faults are noted, go on with a value that stands in for one that is wrong or
    missing."""

    def wrap(read: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
        def reading(place: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if place.faults is None or place.is_within:
                return read(place, *args, **kwargs)
            if place.is_missing:
                return instead(place, *args, **kwargs)
            place.is_within = True
            try:
                return read(place, *args, **kwargs)
            except DealFileRefused as refused:
                place.faults.note(refused)
                return instead(place, *args, **kwargs)
            finally:
                place.is_within = False

        return reading

    return wrap
