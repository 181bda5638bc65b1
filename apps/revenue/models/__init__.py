from apps.revenue.models.interest import Interest
from apps.revenue.models.judgement import Judgement, JudgementKind
from apps.revenue.models.modification import Modification
from apps.revenue.models.obligation import ACCEPTED, Measure, Obligation
from apps.revenue.models.period import AccountingPeriod, PeriodState
from apps.revenue.models.recognition import Recognition, Why

__all__ = [
    "ACCEPTED",
    "AccountingPeriod",
    "Interest",
    "Judgement",
    "JudgementKind",
    "Measure",
    "Modification",
    "Obligation",
    "PeriodState",
    "Recognition",
    "Why",
]
