"""The engine: tries cells, and tells what it found. A cell is one visitor, one method, one address, one object."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from django.db import connections, transaction

from tests.portals.matrix.addresses import TOKEN, UNKNOWN_REF, UNKNOWN_TOKEN, Address, keys_of
from tests.portals.matrix.visitors import SECRET, Answer, Visitor
from tests.portals.matrix.world import FOREIGN, HOME, TODAY, Tenant, walled_models

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UNSAFE: Final = ("POST", "PUT", "PATCH", "DELETE")
FORBIDDEN, DENIED, NOT_ALLOWED, FAILED = 403, 404, 405, 500
TURNED_AWAY: Final = ("/accounts/login/", "/account/start/")
"""Where somebody is sent who has not signed in, or has no organisation."""
QUIET: Final = frozenset(
    {"seller:invoice_document", "buyer:invoice_document", "link:invoice_document", "hosted:invoice_document"}
)
"""Pieces of pages that say only whether a file is there, and name nobody."""
UNASKED: Final = frozenset({"health_live", "health_ready"})
"""Answered before anybody asks who comes, so also before anybody could be deceived; they take GET alone."""
REACHED: Final = frozenset({200, 204, 302, 303, 422})
CHANGING: Final = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]+"|"x-csrftoken": "[^"]+"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'
    r"|\b(?:in )?\d+ (?:second|minute|hour)s?(?: ago)?\b"
)
"""What differs between two showings of one page: the token against forged requests, one-time keys, how long ago."""
DATED: Final = ("set-cookie:", "date:", "expires:", "content-length:")
"""Headers that tell the time of day, or how long the rest is."""


@dataclass
class Matrix:
    """Counts the cells that were tried, and keeps what was wrong with them."""

    cells: int = 0
    findings: list[str] = field(default_factory=list)

    def attack(
        self, address: Address, *, by: Visitor, keys: Sequence[str], methods: Iterable[str] = ("GET", "POST")
    ) -> None:
        """A stranger reads objects of others, and posts to them: nothing stands there."""
        for method in methods:
            for key in keys:
                self._tried(address, by=by, key=key, method=method)

    def compare(self, address: Address, *, by: Visitor, keys: Sequence[str]) -> None:
        """The same with every method; and the answer is that for an object that does not exist.

        The methods that no page takes meet the first object only.
        """
        for method in METHODS:
            unknown = self._tried(address, by=by, key=UNKNOWN_REF, method=method)
            for key in keys if method in ("GET", "POST") else keys[:1]:
                answer = self._tried(address, by=by, key=key, method=method)
                if not answer.like(unknown, mine=key, theirs=UNKNOWN_REF):
                    self._found(by, method, address, key, f"tells that it exists: {answer.status}")

    def reached(self, address: Address, *, by: Iterable[Visitor], on: Tenant) -> bool:
        """The positive control: somebody of the tenant gets an answer, and it shows the tenant's canary.

        An address that only takes POST is posted to, and undone.
        """
        for visitor in by:
            for key in [visitor.token or on.tokens["invitation"]] if address.model == TOKEN else keys_of(address, on):
                path = self._path(address, key, visitor)
                answer = visitor.asks("GET", path)
                self.cells += 1
                if answer.status == NOT_ALLOWED:
                    with undone():
                        answer = visitor.asks("POST", path, payload())
                    if answer.status in REACHED and not _is_turned_away(answer):
                        return True
                elif answer.status == 200 and (on.canary.lower() in answer.text or address.name in QUIET):
                    return True
        return False

    def listing(self, address: Address, *, by: Visitor, query: str = "", method: str = "GET") -> Answer:
        """A page without an object: whatever it shows, it is nothing of strangers."""
        return self.sent(address.path() + query, by=by, data=payload(), method=method)

    def sent(self, path: str, *, by: Visitor, data: dict[str, Any], method: str = "POST") -> Answer:
        """One request of a visitor's own: it shows nothing of strangers and does not fail."""
        answer = by.asks(method, path, data)
        self.cells += 1
        self._no_canary(by, method, path, answer)
        if answer.status >= FAILED:
            self.findings.append(f"{by.name}: {method} {path} fails with {answer.status}")
        return answer

    def forged(self, address: Address, *, by: Visitor, key: str) -> None:
        """Without the token against forged requests nothing gets through, and with it nothing from another site."""
        elsewhere = {"Origin": "https://evil.example"}
        forgeries = [*((method, "", {}) for method in UNSAFE), ("POST", "x" * 32, {}), ("POST", SECRET, elsewhere)]
        for method, token, headers in forgeries:
            answer = by.asks(method, self._path(address, key, by), payload(), token=token, **headers)
            self.cells += 1
            self._no_canary(by, method, address.name, answer)
            if answer.status != (NOT_ALLOWED if address.name in UNASKED else FORBIDDEN):
                self._found(by, method, address, key, f"a forged request gets {answer.status}")

    def check(self, sentence: str, *, holds: bool) -> None:
        """One more cell, of another kind."""
        self.cells += 1
        if not holds:
            self.findings.append(sentence)

    def _path(self, address: Address, key: str, visitor: Visitor) -> str:
        if address.model == TOKEN and key == UNKNOWN_REF:
            key = UNKNOWN_TOKEN
        return address.path(key, token=visitor.token or UNKNOWN_TOKEN)

    def _tried(self, address: Address, *, by: Visitor, key: str, method: str) -> Answer:
        answer = by.asks(method, self._path(address, key, by), payload())
        self.cells += 1
        self._no_canary(by, method, f"{address.name} {key}", answer)
        allowed = answer.status in (DENIED, NOT_ALLOWED) or (by.membership is None and _is_turned_away(answer))
        if not allowed:
            self._found(by, method, address, key, f"{answer.status} {answer.location}".strip())
        return answer

    def _no_canary(self, visitor: Visitor, method: str, place: str, answer: Answer) -> None:
        for canary in (HOME, FOREIGN):
            mine = visitor.tenant is not None and visitor.tenant.canary == canary
            if not mine and canary.lower() in answer.text:
                self.findings.append(f"{visitor.name}: {method} {place} shows {canary}")

    def _found(self, visitor: Visitor, method: str, address: Address, key: str, what: str) -> None:
        self.findings.append(f"{visitor.name}: {method} {address.name} {key}: {what}")


def payload() -> dict[str, Any]:
    """What the forms of the product ask for, all at once, so that no attack fails for a missing field."""
    return {
        "key": str(uuid4()),
        "seen": "0" * 64,
        "do": "act",
        "amount": "1.00",
        "received_on": TODAY.isoformat(),
        "value_on": TODAY.isoformat(),
        "bank_reference": "X-1",
        "reason": "because",
        "comment": "because",
        "note": "because",
        "roles": ["billing"],
        "action": "delete_selected",
        "_selected_action": ["1", "2", "3"],
    }


def stable(answer: Answer) -> str:
    """The answer without what differs each time."""
    kept = [line for line in answer.text.splitlines() if not line.startswith(DATED)]
    return f"{answer.status} {CHANGING.sub('…', chr(10).join(kept))}"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever pages change inside the block is rolled back after it; their own transactions count as outermost."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def fingerprint() -> dict[str, str]:
    """Of every table with tenants, and of the queue: how many rows there are, and which versions of them.

    Postgres never writes into a row: what was changed, even back to what it was, is another version with another
    ``xmin``. So nothing of the content needs to be read.
    """
    tables = [*(model._meta.db_table for model in walled_models()), "procrastinate_jobs", "parties_user"]
    sql = " UNION ALL ".join(
        f"SELECT '{table}', count(*) || ' ' || coalesce(sum(hashtextextended(xmin::text || ctid::text, 0)), 0)"
        f" FROM {table}"
        for table in tables
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return dict(cursor.fetchall())


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that are not what they were."""
    return [f"{table} was changed" for table in before if before[table] != after[table]]


def _is_turned_away(answer: Answer) -> bool:
    return answer.status == 302 and answer.location.startswith(TURNED_AWAY)
