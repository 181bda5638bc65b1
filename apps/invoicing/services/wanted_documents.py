"""Which documents an invoice waits for when it is issued."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from apps.contracts.models import Contract, ContractVersion
from apps.contracts.payment_documents import Wanted
from apps.contracts.rules import payment_documents as terms_of
from apps.invoicing.models import PaymentDocument
from apps.milestones.models import Milestone


def wanted_of(
    *,
    contract: Contract,
    version: ContractVersion,
    milestones: Sequence[Milestone | None],
    on: date,
    confirmed: "QuerySet[Any, str] | None" = None,
) -> list[Wanted]:
    """The documents that an invoice of these issued on a day waits for, each once, whichever of them asks for it: not
    those that serve all invoices, are ``confirmed`` and are good on that day; asked for unless they are given."""
    found = _agreed(version, milestones=milestones)
    if not any(one.is_once for one in found.values()):
        return list(found.values())
    there = {title.casefold() for title in (confirmed_once(contract, on=on) if confirmed is None else confirmed)}
    return [one for name, one in found.items() if not one.is_once or name not in there]


def once_wanted(*, version: ContractVersion, milestones: Sequence[Milestone | None]) -> bool:
    """Whether an invoice of these waits for a document that serves all invoices."""
    return any(one.is_once for one in _agreed(version, milestones=milestones).values())


def confirmed_once(contract: Contract, *, on: date) -> "QuerySet[Any, str]":
    """What serves all invoices, is confirmed and is good on a day, by title: a query."""
    titles: QuerySet[Any, str] = (
        PaymentDocument.objects.filter(contract=contract, is_once=True).good_on(on).values_list("title", flat=True)
    )
    return titles


def _agreed(version: ContractVersion, *, milestones: Sequence[Milestone | None]) -> dict[str, Wanted]:
    found: dict[str, Wanted] = {}
    for milestone in milestones:
        own = milestone.line.own if milestone is not None else None
        for one in terms_of.wanted(version.document_terms, own):
            found.setdefault(one.title.casefold(), one)
    return found
