"""What happened last on all contracts together, for a first page."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery

from apps.audit.models import Activity, Chain, Entry
from apps.contracts.models import Contract
from apps.parties.actor import Actor
from apps.portals import history
from apps.portals.parts import Event

RECENT = 10
MOVED = 3 * RECENT
"""So many contracts are looked at for what happened last; there are more, because the last step may be a quiet one."""


def recent(actor: Actor) -> list[Event]:
    """What happened last on all contracts that the actor may see, each with the contract's title.

    Of each of the contracts that moved last the newest entries are read by their position, and no others.
    """
    subject = Chain.objects.filter(pk=OuterRef("chain")).values("subject")
    newest = (
        Entry.objects.filter(chain=OuterRef("chain")).exclude(verb__in=history.QUIET).order_by("-position").values("pk")
    )
    moved = Activity.objects.visible_to(actor).order_by("-last_at", "chain_id")
    rows = moved.values_list("chain_id", Subquery(subject[:1]), ArraySubquery(newest[:RECENT]))[:MOVED]
    of_contracts = {pk: (history.ref_of(name), keys) for pk, name, keys in rows if name.startswith("contract:")}
    found = Entry.objects.filter(pk__in=[key for _contract, keys in of_contracts.values() for key in keys])
    entries = list(found.order_by("-happened_at", "-pk")[:RECENT])
    refs = {entry.pk: of_contracts[entry.chain_id][0] for entry in entries}
    titles = dict(Contract.objects.visible_to(actor).filter(ref__in=refs.values()).values_list("ref", "title"))
    return history.events(actor, entries, about={pk: titles.get(ref, "") for pk, ref in refs.items()})
