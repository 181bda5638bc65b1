"""The obligations of a contract that became active, with a sensible beginning: nobody has to set anything up."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from apps.contracts import drafts
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.contracts.rules import Agreed
from apps.core import money
from apps.revenue import rules
from apps.revenue.models import Measure, Obligation
from apps.revenue.models.obligation import WHOLE_CONTRACT


def open_obligations(contract: Contract, *, version: ContractVersion, lines: Sequence[PlanLine]) -> list[Obligation]:
    """One obligation for each milestone and each recurring line of the version that was signed first, not saved.

    What was agreed for a line is taken for its stand-alone price; a deposit promises nothing by itself, so what it
    comes to is shared out to what is promised. In a plan of deposits alone it is the whole contract that is promised:
    nobody signs anything off, so until a person judges how it is measured, what is billed stays a liability.
    """
    promised = [line for line in lines if line.kind != drafts.DEPOSIT]
    if not promised:
        return [_whole_contract(contract, version=version)]
    standalone = [standalone_of(line) for line in promised]
    shares = rules.allocated(version.price, standalone=standalone, currency=contract.currency)
    return [
        obligation_of(line, contract=contract, version=version, allocated=share)
        for line, share in zip(promised, shares, strict=True)
    ]


def obligation_of(line: PlanLine, *, contract: Contract, version: ContractVersion, allocated: Decimal) -> Obligation:
    """The obligation of one line, not saved."""
    return Obligation(
        organisation_id=contract.seller_id,
        contract=contract,
        version=version,
        position=line.position,
        title=line.title,
        measure=measure_of(line, version=version),
        currency=contract.currency,
        planned_on=line.planned_on,
        standalone=standalone_of(line),
        agreed=standalone_of(line),
        allocated=allocated,
    )


def _whole_contract(contract: Contract, *, version: ContractVersion) -> Obligation:
    return Obligation(
        organisation_id=contract.seller_id,
        contract=contract,
        version=version,
        position=WHOLE_CONTRACT,
        title=contract.title,
        measure=Measure.COMPLETION,
        currency=contract.currency,
        standalone=version.price,
        agreed=version.price,
        allocated=version.price,
    )


def amount_of(obligation: Obligation) -> Decimal:
    """What is agreed for an obligation by the plan whose terms it has, in money."""
    lines = PlanLine.objects.filter(version_id=obligation.version_id)
    if obligation.position == WHOLE_CONTRACT:
        return deposits_of(lines)
    return standalone_of(lines.get(position=obligation.position))


def deposits_of(lines: Iterable[PlanLine]) -> Decimal:
    """What the deposits of a plan come to together, less those that later invoices give back: they are no price."""
    return money.total(standalone_of(line) for line in lines if line.kind == drafts.DEPOSIT and not line.recovery)


def standalone_of(line: PlanLine) -> Decimal:
    """What was agreed for a line of a signed plan, taken for its stand-alone price."""
    if line.amount is None:
        raise ValueError(f"line {line.ref} was signed without an amount")
    return line.amount


def measure_of(line: PlanLine, *, version: ContractVersion) -> Measure:
    """How far a line is satisfied is told by its days, by its acceptance, or by its accepted parts."""
    if line.kind == drafts.RECURRING:
        return Measure.OVER_TIME
    return Measure.OUTPUT if Agreed(version, line.own).partial_acceptance else Measure.POINT_IN_TIME
