"""A percentage as a part of a sentence: written down in English, and by the door in the language of the reader."""

from dataclasses import dataclass
from decimal import Decimal

from apps.core.canonical import plain


@dataclass(frozen=True, slots=True)
class Percent:
    """So many hundredths: ``Percent(Decimal(19))`` is ``19%``, on a German page ``19 %``."""

    points: Decimal

    def __str__(self) -> str:
        return f"{plain(self.points)}%"
