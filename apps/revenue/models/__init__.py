from apps.revenue.models.modification import Modification
from apps.revenue.models.obligation import Measure, Obligation
from apps.revenue.models.period import AccountingPeriod, PeriodState
from apps.revenue.models.recognition import Recognition, Why

__all__ = ["AccountingPeriod", "Measure", "Modification", "Obligation", "PeriodState", "Recognition", "Why"]
