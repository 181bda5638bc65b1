"""Browsers of the buyer's side: members signed in, guests with a personal link in hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.parties import tokens


def token_of(grant: GuestGrant) -> str:
    """What stands in the mail."""
    return tokens.token_for(purpose="guest_grant", ref=grant.ref)


@dataclass
class Guest:
    """Somebody who holds a personal link, in a browser of their own that keeps forged requests out."""

    grant: GuestGrant
    client: Client = field(default_factory=Client)

    @property
    def address(self) -> str:
        return f"/s/{token_of(self.grant)}/"

    def get(self, path: str = "") -> Any:
        return self.client.get(self.address + path)

    def status(self, path: str) -> int:
        return status_of(self.client, self.address + path)

    def post(self, path: str, data: dict[str, str] | None = None) -> Any:
        return self.client.post(self.address + path, data or {})


def status_of(client: Client, address: str) -> int:
    """The status alone; a file stays open until its last byte is taken."""
    answer = client.get(address)
    if answer.streaming:
        list(cast("Iterator[bytes]", answer))
    return answer.status_code


def hidden(response: Any) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser sends them back."""
    form = response.context["form"]
    return {name: str(form[name].value()) for name in ("key", "seen") if name in form.fields}


def invoice_of(milestone: Milestone) -> Invoice:
    with walls.asking_for(milestone.contract.buyer_id):
        return Invoice.objects.select_related("open_item").get(milestone=milestone)


def state_of(milestone: Milestone) -> str:
    with walls.asking_for(milestone.contract.buyer_id):
        return str(Milestone.objects.get(pk=milestone.pk).state)


def contract_state_of(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return str(Contract.objects.get(pk=contract.pk).state)


def invoices_of(contract: Contract) -> int:
    with walls.asking_for(contract.seller_id):
        return Invoice.objects.filter(contract=contract).count()


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many queries were asked inside the block."""
    count: list[int] = []
    with CaptureQueriesContext(connection) as queries:
        yield count
    count.append(len(queries))


BEYOND = (
    "write a contract, a version of it or a change order yourself",
    "give notice of termination",
    "withdraw an acceptance because of a defect found later",
    "release retention by your word",
)


def tells_what_is_beyond(guest: Guest, page: str) -> None:
    """The page says what no personal link is for, and leads to the place of the organisation where nobody has it."""
    for words in BEYOND:
        assert words in page, words
    assert f'href="{guest.address}portal/"' in page
