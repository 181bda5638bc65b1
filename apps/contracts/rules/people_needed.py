"""Whether the buyer has the people whom a contract asks for: a step that nobody can take ends every deal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Lack(StrEnum):
    """What is missing on the buyer's side."""

    SIGNER = "signer"
    """Somebody who may sign the contract at its price."""
    INSPECTOR = "inspector"
    """Somebody who inspects, besides whoever accepts."""
    ACCEPTOR = "acceptor"
    """Somebody who accepts, or a second one where two do."""
    LIMIT = "limit"
    """Whoever accepts may not accept that much."""
    CONFIRMS = "confirms"
    """Somebody who confirms documents that come before payment."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the buyer: what the roles permit, and up to which amount of the contract's currency (None: any)."""

    signs: bool
    inspects: bool
    accepts: bool
    limit: Decimal | None = None
    confirms: bool = True

    def reaches(self, amount: Decimal) -> bool:
        return self.limit is None or amount <= self.limit


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for a milestone of a net ``amount``: whether one inspects it first, and how many accept it."""

    amount: Decimal
    acceptors: int = 1
    needs_inspection: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing, and the smallest amount for which it is."""

    lack: Lack
    amount: Decimal | None = None


def missing(
    people: Sequence[Person],
    *,
    asked: Iterable[Asked],
    price: Decimal | None = None,
    has_documents: bool = False,
) -> list[Missing]:
    """What is missing for what is ``asked``, and for a signature at ``price``; each thing once.

    Who inspects does not accept, and of two acceptors each is another person. Whoever signs by personal link is one of
    the ``people``, who signs and accepts without a limit. ``has_documents``: some come before payment.
    """
    found: dict[Lack, Missing] = {}
    if price is not None and not any(one.signs and one.reaches(price) for one in people):
        found[Lack.SIGNER] = Missing(Lack.SIGNER, price)
    if has_documents and not any(one.confirms for one in people):
        found[Lack.CONFIRMS] = Missing(Lack.CONFIRMS)
    for one in sorted(set(asked), key=lambda one: (one.amount, one.acceptors, one.needs_inspection)):
        lack = _lack(people, one)
        if lack is not None:
            found.setdefault(lack, Missing(lack, None if lack is Lack.INSPECTOR else one.amount))
    return list(found.values())


def _lack(people: Sequence[Person], asked: Asked) -> Lack | None:
    amount, acceptors, needs_inspection = asked.amount, asked.acceptors, asked.needs_inspection
    inspectors = [place for place, one in enumerate(people) if one.inspects]
    if needs_inspection and not inspectors:
        return Lack.INSPECTOR
    # Whoever inspects is none of those who accept: the best choice of an inspector leaves the most acceptors.
    aside = inspectors if needs_inspection else [None]

    def most(*, within_limit: bool) -> int:
        able = {place for place, one in enumerate(people) if one.accepts and (one.reaches(amount) or not within_limit)}
        return max(len(able - {one}) for one in aside)

    if most(within_limit=True) >= acceptors:
        return None
    if most(within_limit=False) >= acceptors:
        return Lack.LIMIT
    # One who could do both is missing as the other: it takes one more person.
    accepting = sum(one.accepts for one in people)
    return Lack.INSPECTOR if needs_inspection and accepting >= acceptors else Lack.ACCEPTOR
