"""The certificate of a confirmed event: made by a job, from a snapshot, once; what it says, and who gets it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import ANY, patch

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import DjangoDbBlocker

from apps.audit.models import Entry
from apps.contracts.drafts import EVENT, FIXED, Condition, DraftLine, Due, LineTerms, Recovery
from apps.contracts.models import Contract
from apps.core import canonical, clock
from apps.core.database import scratch as scratch_databases
from apps.core.errors import Refused
from apps.core.printing import press, structure
from apps.invoicing.models import Invoice
from apps.milestones.event_certificates import making
from apps.milestones.models import ConfirmedEvent, EventCertificate
from apps.workflows import confirming, printing, proofs, worker
from tests import scenarios
from tests.scenarios import Parties, acting, key

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

CAST = "The castings are poured"
KEY = "0b8a1d7e-2c4f-4d55-9c43-1f1f6f1f2a10"


@dataclass(frozen=True)
class Told:
    parties: Parties
    contract: Contract
    event: ConfirmedEvent


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Told]:
    """9,000.00 are payable with an event for which the second milestone waits too. Its first making fails."""
    with django_db_blocker.unblock(), scratch_databases.scratch_database():
        parties = scenarios.organisations()
        draft = scenarios.software_draft(parties, retention=None)
        due = Due(start=EVENT, event=CAST, recovery=Recovery(FIXED, amount=Decimal("5000.00")))
        advance = DraftLine("Payment for castings", basis="amount", amount=Decimal("9000.00"), kind="deposit", due=due)
        waiting = replace(draft.lines[1], own=LineTerms(condition=Condition(events=(CAST,))))
        draft = replace(draft, lines=(advance, draft.lines[0], waiting, draft.lines[2]))
        contract = scenarios.active_contract(parties, draft=draft, at=clock.now() - timedelta(days=1))
        with acting(scenarios.approver_actor(parties)) as bea:
            confirming.confirm_event(
                actor=bea, key=KEY, contract_ref=contract.ref, event=CAST, note="Seen at the foundry."
            )
        with acting(scenarios.seller_actor(parties)):
            event = ConfirmedEvent.objects.get()
            failing = patch.object(press, "pdf", side_effect=press.PangoMissingError)
            with failing, pytest.raises(press.PangoMissingError):
                printing.make_event_certificate(event_ref=event.ref)
        yield Told(parties, contract, event)
        connections.close_all()


def _certificate(told: Told) -> EventCertificate:
    with acting(scenarios.seller_actor(told.parties)):
        return EventCertificate.objects.get()


def test_after_a_failure_either_side_asks_again_and_it_is_made_once(told: Told) -> None:
    assert _certificate(told).state == "failed"
    with acting(scenarios.member(told.parties, "financier")) as fina, pytest.raises(Refused, match="no party to it"):
        proofs.retry_event_certificate(actor=fina, key=key(), event_ref=told.event.ref)
    client, contract = Client(), reverse("buyer:contract", args=[told.contract.ref])
    client.force_login(told.parties.people["approver"].user)
    again = reverse("buyer:retry_event_certificate", args=[told.event.ref])
    assert again in client.get(contract).content.decode()
    assert client.get(reverse("buyer:event_certificate", args=[told.event.ref])).status_code == 404
    assert client.post(again, {"key": key()})["Location"] == contract
    worker.run_due_jobs()
    certificate = _certificate(told)
    assert certificate.state == "ready"
    with acting(scenarios.seller_actor(told.parties)) as sina, pytest.raises(Refused, match="already there"):
        proofs.retry_event_certificate(actor=sina, key=key(), event_ref=told.event.ref)
    for side, person in (("seller", "seller"), ("buyer", "approver")):
        client.force_login(told.parties.people[person].user)
        address = reverse(f"{side}:event_certificate", args=[told.event.ref])
        assert address in client.get(reverse(f"{side}:contract", args=[told.contract.ref])).content.decode()
        answer: Any = client.get(address)
        assert canonical.sha256(b"".join(answer.streaming_content)) == certificate.sha256


def test_it_says_who_confirmed_what_followed_and_where_it_stands(told: Told) -> None:
    certificate = _certificate(told)
    with default_storage.open(certificate.stored_as) as stored:
        content = stored.read()
    pages = PdfReader(io.BytesIO(content)).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\N{NO-BREAK SPACE}", " ")
    with acting(scenarios.seller_actor(told.parties)):
        invoice = Invoice.objects.get()
        entries = {one.verb: one for one in Entry.objects.filter(subject=f"event:{told.event.ref}")}
        detail = canonical.read(entries["event.confirmed"].detail.text)
    assert detail["email"] == told.event.email, "the seller is told who confirmed it"
    assert told.event.circumstances == detail["facts"]
    assert detail["facts"] == {
        "roles": ["approver"],
        "language": "en",
        "key": KEY,
        "is_within_limit": True,
        "statement": {"language": "en", "translations": ANY},
    }
    for words in (
        f"Certificate of an event {CAST}",
        "Payable for it, net of tax 9,000.00 EUR",
        "What waited for it 3. Integration",
        f"Invoice {invoice.number}: 9,000.00 EUR net, 10,710.00 EUR in all",
        "Seen at the foundry.",
        told.event.statement,
        "Confirmed by Bea Berg",
        "Roles Approver Limit of who signed off the amount lies within it Language shown English",
        f"Idempotency key {KEY} Version of the statement event-payable-1",
        f"no. {entries['event.confirmed'].position}, {entries['event.confirmed'].sha256}",
        invoice.snapshot_sha256,
        told.event.sha256,
    ):
        assert words in text, (words, text)
    assert structure.findings(content) == []
    assert PdfReader(io.BytesIO(content)).attachments["confirmation.json"] == [certificate.snapshot.encode()]
    facts = canonical.read(entries["event.certified"].text)["facts"]
    again = making.pdf_of(certificate.snapshot)
    assert canonical.sha256(again) == canonical.sha256(content) == certificate.sha256 == facts["sha256"]


def test_no_other_event_and_no_other_bytes(told: Told) -> None:
    certificate = _certificate(told)
    other = scenarios.active_contract(told.parties, draft=scenarios.software_draft(told.parties, number="Other"))
    with acting(scenarios.seller_actor(told.parties)):
        for wrong in ({"sha256": "0" * 64}, {"snapshot": "{}"}, {"state": "making"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                EventCertificate.objects.filter(pk=certificate.pk).update(**wrong)
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            EventCertificate.objects.create(contract=other, event=told.event, requested_at=clock.now(), snapshot="{}")
