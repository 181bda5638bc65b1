"""The numbers of the entries of a period: in a row, but for what was booked later with an earlier date."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``first`` to ``last`` without a gap."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


def ranges(numbers: Iterable[int]) -> list[Range]:
    """Rising numbers as the fewest ranges that hold them and nothing else."""
    found: list[Range] = []
    for number in numbers:
        if found and found[-1].last == number - 1:
            found[-1] = Range(found[-1].first, number)
        else:
            found.append(Range(number, number))
    return found


def told(numbers: Iterable[int]) -> str:
    """The same for people: ``1–57, 121``."""
    return ", ".join(str(one) for one in ranges(numbers))
