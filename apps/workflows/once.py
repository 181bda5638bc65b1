"""One action, one transaction, once.

Every workflow that moves money or state is wrapped by :func:`once`. The order is always the same: the key's row is
claimed first (a second caller waits there and finds the first one's answer), the workflow does its work, what it
recorded is written to the audit trail, the answer is stored, and everything is committed together or not at all.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final, ParamSpec, cast

from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import get_language

from apps.audit import services as audit
from apps.core import canonical, clock
from apps.core.database import in_flight, kept
from apps.core.errors import KeyReused
from apps.parties.actor import Actor

P = ParamSpec("P")
Answer = dict[str, str]
"""What a workflow tells its door: references and numbers to show, as text."""


def once(workflow: Callable[P, Answer]) -> Callable[P, Answer]:
    """Run a workflow in one durable transaction, at most once per organisation, action and key.

    The workflow takes ``actor`` and ``key`` by name. The same key with the same parameters returns the stored answer
    without doing anything; with other parameters it is refused with :class:`KeyReused`. The workflow gets the actor
    with the key and the language of the page, which are part of the evidence.
    """

    return once_asking(None)(workflow)


def once_asking(ahead: Callable[..., None] | None) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """The same, for a workflow that every second counts of: ``ahead`` is called with what the workflow is called with,
    and asks for the row that the workflow locks first, in the same way to Postgres in which the key is claimed.

    Postgres does one after the other as ever, and the workflow begins once the key is known to be its own.
    """

    def once_of(workflow: Callable[P, Answer]) -> Callable[P, Answer]:
        @wraps(workflow)
        def run(*args: P.args, **arguments: P.kwargs) -> Answer:
            named = cast("dict[str, Any]", arguments)
            actor: Actor = named["actor"]
            key: str = named["key"]
            parameters = canonical.sha256(canonical.text({k: v for k, v in named.items() if k not in ("actor", "key")}))
            with transaction.atomic(durable=True), in_flight.in_flight():
                claim = _Claim(actor=actor, action=workflow.__name__, key=key, parameters=parameters)
                if ahead is not None:
                    ahead(**named)
                stored = claim.answer()
                if stored is not None:
                    return stored
                origin = replace(actor.origin, key=key, language=get_language() or "")
                named["actor"] = replace(actor, origin=origin)
                with audit.written_together():
                    answer = workflow(*args, **arguments)
                _store(actor=actor, action=workflow.__name__, key=key, answer=answer)
                return answer

        return run

    return once_of


_CLAIM: Final = (
    "INSERT INTO workflows_idempotencykey"
    " (organisation_id, action, key, contract_id, parameters_sha256, created_at)"
    " VALUES (%s, %s, %s, %s, %s, coalesce(%s::timestamptz, clock_timestamp()))"
    " ON CONFLICT (organisation_id, action, key) DO NOTHING"
)


class _Claim:
    """Inserts the key's row, or waits for whoever holds it."""

    def __init__(self, *, actor: Actor, action: str, key: str, parameters: str) -> None:
        self._scope: list[int | str] = [actor.organisation_id, action, key]
        self._parameters = parameters
        self._rows = 0
        values = [*self._scope, actor.contract_id, parameters, clock.stopped_at()]
        in_flight.write(_CLAIM, values, look=self._look)

    def _look(self, cursor: CursorWrapper) -> None:
        self._rows = cursor.rowcount

    def answer(self) -> Answer | None:
        """The answer that was stored under the key; None where the key is one's own from now on."""
        in_flight.land()
        if self._rows == 1:
            return None
        with kept.cursor() as cursor:
            cursor.execute(
                "SELECT parameters_sha256, answer::text FROM workflows_idempotencykey"
                " WHERE organisation_id = %s AND action = %s AND key = %s",
                self._scope,
            )
            # A guest does not see the key of another link or of a member: to the guest that key is simply not free.
            known, answer = cursor.fetchone() or ("", "")
        if known != self._parameters:
            raise KeyReused("This form was already sent with other content. Reload the page and start again.")
        return cast("Answer", canonical.read(answer))


def _store(*, actor: Actor, action: str, key: str, answer: Answer) -> None:
    in_flight.write(
        "UPDATE workflows_idempotencykey SET answer = %s::jsonb"
        " WHERE organisation_id = %s AND action = %s AND key = %s",
        (canonical.text(answer), actor.organisation_id, action, key),
    )
