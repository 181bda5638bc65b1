"""What of a contract is still to be billed besides its milestones."""

from apps.contracts.models import Contract
from apps.invoicing.models import ApplicationLine, Instalment
from apps.milestones.models import Reservation


def unbilled(*, contract: Contract) -> int:
    """How much of a contract is still to be billed besides open milestones: instalments, whether their time is known or
    not, and accepted parts that stand in an application for payment, or are withheld there for defects."""
    standing = ApplicationLine.objects.standing().filter(application__contract=contract).order_by().values("pk")
    unbilled_yet = Instalment.objects.filter(contract=contract).unbilled().order_by().values("pk")
    withheld = Reservation.objects.held_back().filter(contract=contract).order_by().values("pk")
    return unbilled_yet.union(standing, withheld, all=True).count()
