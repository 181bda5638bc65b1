"""Whether two names are one person: by mailbox, by aliases of one, or by what a member proved to read."""

from allauth.account.models import EmailAddress
from django.db.models import Q

from apps.contracts import rules
from apps.core.errors import NotAllowed
from apps.parties.actor import Actor


def check_another_person(actor: Actor, *, mailbox: str, user_id: int | None) -> None:
    """Refuse the person who acted first under another name."""
    if is_same_person(actor, mailbox=mailbox, user_id=user_id):
        raise NotAllowed("You have accepted this already, by another mailbox of yours. Somebody else has to accept.")


def is_same_person(actor: Actor, *, mailbox: str, user_id: int | None) -> bool:
    """Whether this is who acted before, if under another name: a guest whose mailbox is that of a member, the reverse,
    or an alias of the same mailbox or of another one that the person reads.

    ``mailbox`` and ``user_id`` are of whoever acted first; a guest has no ``user_id``.
    """
    acted, acts = (_mailboxes_read(*one) for one in ((mailbox, user_id), (actor.email, actor.user_id)))
    return not acted.isdisjoint(acts)


def _mailboxes_read(mailbox: str, user_id: int | None) -> set[str]:
    """What somebody is known to read, aliases as one: the own mailbox, and those that a member proved to read."""
    known = Q(user__email__iexact=mailbox) | Q(email__iexact=mailbox)
    people = EmailAddress.objects.filter(known | Q(user_id=user_id or 0), verified=True)
    proved = EmailAddress.objects.filter(user__in=people.values("user"), verified=True)
    return {rules.reader_of(one) for one in (mailbox, *proved.values_list("email", flat=True))}
