"""A billing plan as a table, the schedule of values of the construction trade: read with tolerance, written plainly.

One row is one milestone; a row without a name adds a further acceptance criterion to the milestone above it. Files are
opened elsewhere: what stands here knows cells only. Where several plans are offered, rows name the one they belong to.
"""

from apps.contracts.rules.schedule.cells import Cell, Formula, Share
from apps.contracts.rules.schedule.dates import DateOrder
from apps.contracts.rules.schedule.guard import guarded, unguarded
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.contracts.rules.schedule.reading import MOST_ROWS, read_schedule
from apps.contracts.rules.schedule.report import Problem, ReadRow, Schedule
from apps.contracts.rules.schedule.writing import WrittenOption, written_schedule

__all__ = [
    "MOST_ROWS",
    "Cell",
    "DateOrder",
    "DecimalSign",
    "Formula",
    "Problem",
    "ReadRow",
    "Schedule",
    "Share",
    "WrittenOption",
    "guarded",
    "read_schedule",
    "unguarded",
    "written_schedule",
]
