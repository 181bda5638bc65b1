"""The contract's row is the first lock of every story: its actions happen one after the other."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.core.errors import Refused


def lock(*, contract_id: "int | QuerySet[Any, Any]") -> Contract:
    """Hold a contract until the end of the transaction; what is read of it afterwards is what stands.

    The id may be a query for it, so that finding the contract and locking it are one statement.
    """
    return found(locking(contract_id=contract_id).first())


def locking(*, contract_id: "int | QuerySet[Any, Any]") -> "QuerySet[Contract, Contract]":
    """The query that :func:`lock` asks, for those who keep it; what it gives goes through :func:`found`."""
    # Nothing is joined: what is joined would be as it was before the wait for the lock.
    return Contract.objects.select_for_update().filter(Q(pk=contract_id))


def lock_by_ref(*, contract_ref: str) -> Contract:
    """Hold the contract with this reference."""
    return found(Contract.objects.select_for_update().filter(ref=contract_ref).first())


def lock_all_by_ref(*, contract_refs: Iterable[str]) -> list[Contract]:
    """Hold contracts, in one order whoever asks: two who hold several do not wait for each other."""
    return list(Contract.objects.select_for_update().filter(ref__in=list(contract_refs)).order_by("pk"))


def lock_of_version(*, version_ref: str) -> Contract:
    """Hold the contract to which a version belongs."""
    return lock(contract_id=ContractVersion.objects.filter(ref=version_ref).values_list("contract_id", flat=True)[:1])


def contract_of_grant(*, grant_ref: str) -> int:
    """The id of the contract on which a personal link lets somebody act."""
    contract_id = GuestGrant.objects.filter(ref=grant_ref).values_list("contract_id", flat=True).first()
    if contract_id is None:
        raise Refused("There is no such link.")
    return contract_id


def found(contract: Contract | None) -> Contract:
    """The contract that was locked; refused if there was none to lock."""
    if contract is None:
        raise Refused("There is no such contract, or your organisation is no party to it.")
    return contract
