"""The obligations of a contract that became active, with a sensible beginning: nobody has to set anything up."""

from collections.abc import Sequence
from decimal import Decimal

from apps.contracts import drafts
from apps.contracts.models import Contract, ContractVersion, PlanLine
from apps.revenue import rules
from apps.revenue.models import Measure, Obligation


def open_obligations(contract: Contract, *, version: ContractVersion, lines: Sequence[PlanLine]) -> list[Obligation]:
    """One obligation for each milestone and each recurring line of the version that was signed first, not saved.

    What was agreed for a line is taken for its stand-alone price; a deposit promises nothing by itself, so what it
    comes to is shared out to what is promised. A plan of deposits alone promises nothing that could be told from them:
    no obligation is made, and what is billed stays a liability.
    """
    promised = [line for line in lines if line.kind != drafts.DEPOSIT]
    if not promised:
        return []
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


def standalone_of(line: PlanLine) -> Decimal:
    """What was agreed for a line of a signed plan, taken for its stand-alone price."""
    if line.amount is None:
        raise ValueError(f"line {line.ref} was signed without an amount")
    return line.amount


def measure_of(line: PlanLine, *, version: ContractVersion) -> Measure:
    """How far a line is satisfied is told by its days, by its acceptance, or by its accepted parts."""
    if line.kind == drafts.RECURRING:
        return Measure.OVER_TIME
    return Measure.OUTPUT if version.partial_acceptance else Measure.POINT_IN_TIME
