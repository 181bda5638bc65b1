"""Financial years, which begin with a month of the organisation's own."""

from datetime import date


def first_day_of_year(day: date, *, begins: int) -> date:
    """The first day of the financial year in which a day lies; ``begins`` is the month with which years begin."""
    year = day.year if day.month >= begins else day.year - 1
    return date(year, begins, 1)


def same_year(first: date, last: date, *, begins: int) -> bool:
    """Whether both days lie in one financial year."""
    return first_day_of_year(first, begins=begins) == first_day_of_year(last, begins=begins)
