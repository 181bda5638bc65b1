"""Whether two names are one person: by mailbox, by aliases of one, or by what a member proved to read."""

from collections.abc import Iterable, Sequence, Set
from typing import TypeAlias

from allauth.account.models import EmailAddress
from django.db.models import IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Exact

from apps.contracts import rules
from apps.core.errors import NotAllowed

Person: TypeAlias = tuple[str | Subquery, int | Subquery | None]
"""A mailbox and a user's id, which a guest has not; or what asks for them."""


def check_another_person(acts: Set[str], *, acted: Set[str]) -> None:
    """Refuse the person who acted first under another name."""
    if is_same_person(acts, acted=acted):
        raise NotAllowed("You have accepted this already, by another mailbox of yours. Somebody else has to accept.")


def is_same_person(acts: Set[str], *, acted: Set[str]) -> bool:
    """Whether this is who acted before, if under another name: a guest whose mailbox is that of a member, the reverse,
    or an alias of the same mailbox or of another one that the person reads.

    Of either it is given what it is known to read (:func:`mailboxes_read`).
    """
    return not acted.isdisjoint(acts)


def mailboxes_read(*people: tuple[str, int | None]) -> list[set[str]]:
    """What each is known to read, aliases as one: the own mailbox, and those that a member proved to read.

    Each is a mailbox and a user's id, which a guest has not. One query for all.
    """
    return readers([mailbox for mailbox, _user_id in people], proved=mailboxes_proved(*people))


def mailboxes_proved(*people: Person) -> "QuerySet[EmailAddress, tuple[int, str]]":
    """The query of :func:`mailboxes_read`, for whoever asks more in the same statement: the number of each of the
    people, and a mailbox that it proved to read."""
    found, *more = (_proved(*person, number=number) for number, person in enumerate(people))
    return found.union(*more, all=True)


def readers(mailboxes: Sequence[str], *, proved: Iterable[tuple[int, str]]) -> list[set[str]]:
    """What is known to be read by each of the people with these mailboxes, of whom it was asked what they proved."""
    read = [{rules.reader_of(mailbox)} for mailbox in mailboxes]
    for number, email in proved:
        read[number].add(rules.reader_of(email))
    return read


def _proved(
    mailbox: str | Subquery, user_id: int | Subquery | None, *, number: int
) -> "QuerySet[EmailAddress, tuple[int, str]]":
    name = Upper(mailbox if isinstance(mailbox, Subquery) else Value(mailbox))
    known = Q(Exact(Upper("user__email"), name)) | Q(Exact(Upper("email"), name))
    people = EmailAddress.objects.filter(known | Q(user_id=user_id or 0), verified=True)
    proved = EmailAddress.objects.filter(user__in=people.values("user"), verified=True)
    numbered = proved.annotate(number=Value(number, output_field=IntegerField())).order_by()
    mailboxes: QuerySet[EmailAddress, tuple[int, str]] = numbered.values_list("number", "email")
    return mailboxes
