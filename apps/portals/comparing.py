"""Which two versions of a contract are compared: any that the reader may see, as ``?before=1&after=2`` says."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from apps.contracts.models import Contract, ContractVersion
from apps.portals.version_differences import between_versions


def comparison(request: HttpRequest, contract: Contract, versions: Sequence[ContractVersion]) -> dict[str, Any]:
    """What the page of a comparison shows. Without a choice it is the newest version against the one before."""
    by_number = {version.number: version for version in versions}
    for version in versions:
        version.contract = contract
    numbers = sorted(by_number)
    context: dict[str, Any] = {"contract": contract, "versions": [by_number[number] for number in numbers]}
    if len(numbers) < 2:
        return context
    before = _chosen(request, "before", numbers, otherwise=numbers[-2])
    after = _chosen(request, "after", numbers, otherwise=numbers[-1])
    difference = between_versions(by_number[before], by_number[after])
    return {**context, "before": before, "after": after, "difference": difference}


def _chosen(request: HttpRequest, name: str, numbers: Sequence[int], *, otherwise: int) -> int:
    typed = request.GET.get(name, "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
    return number if number in numbers else otherwise
