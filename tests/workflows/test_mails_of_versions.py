"""What mails say of agreed terms: the differences that the page shows, and all of it in the language of the reader."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from apps.contracts import services as contracts
from apps.contracts.drafts import Measure
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.models.termination import Ground
from apps.contracts.models.version import BillsBy, PaymentBasis, ReviewUnit, Silence, TaxCategory
from apps.core.database import walls
from apps.invoicing.models import Invoice
from apps.milestones.models.dispute import DisputeState
from apps.parties.models import Organisation
from apps.portals.version_differences import between_versions
from apps.workflows import contracting, mails
from apps.workflows.mails import disputes, terminations
from tests import disputes as raised
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key
from tests.terminations import noticed

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def parties() -> Parties:
    return scenarios.organisations()


def proposed_anew(parties: Parties, **changes: Any) -> tuple[Contract, GuestGrant]:
    """A second version with these terms, after the buyer sent the first back; and the link to sign it."""
    contract = scenarios.proposed_contract(parties, at=AT)
    with acting(scenarios.guest_actor(scenarios.link_to_sign(contract)), at=AT + timedelta(days=4)) as guest:
        version = ContractVersion.objects.get(contract=contract)
        contracting.request_contract_changes(actor=guest, key=key(), version_ref=version.ref, reason="Later, please.")
    with acting(scenarios.seller_actor(parties), at=AT + timedelta(days=5)) as sina:
        draft = scenarios.software_draft(parties, **changes)
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=draft)
        _text, seen = contracts.preview(Contract.objects.get(pk=contract.pk))
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
    return contract, scenarios.link_to_sign(contract)


def much_else(parties: Parties) -> dict[str, Any]:
    """Lines in another order, one of another date, one by quantity, one gone and one new; another calendar, zone,
    signatory and last day to sign; and a long text."""
    first, second, _third = scenarios.software_draft(parties).lines
    hours = Measure(Decimal(100), "HUR", Decimal("120.00"))
    measured = replace(second, basis="amount", percent=None, amount=Decimal("12000.00"), measure=hours)
    return {
        "lines": (measured, replace(first, planned_on=date(2026, 5, 4)), scenarios.line("Training", 40)),
        "review_country": "AT",
        "review_subdivision": "9",
        "review_time_zone": "Europe/Vienna",
        "review_unit": "working",
        "silence": "accepted",
        "bills_by": "application",
        "signatory_name": "Beate Berg",
        "answer_until": date(2026, 4, 1),
        "terms": "Delivery to the buyer's own servers. " * 9,
    }


def only_mail() -> EmailMultiAlternatives:
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


def twins(message: EmailMultiAlternatives) -> list[str]:
    """Both forms of a mail as lines of words."""
    ((html, _kind),) = message.alternatives
    texts = (str(message.body), unescape(re.sub(r"<[^>]*>", " ", str(html))))
    return [" ".join(text.replace("\N{NO-BREAK SPACE}", " ").split()) for text in texts]


def test_the_mail_of_a_new_version_says_what_the_page_of_differences_says(parties: Parties) -> None:
    contract, grant = proposed_anew(parties, **much_else(parties))
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
        old, new = ContractVersion.objects.filter(contract=contract).order_by("number")
        found = between_versions(old, new)
    body, _html = twins(only_mail())
    for said in (
        "Integration (line 2, now line 1) · Agreed as: 30% of the price → 100 hour at 120 EUR",
        "Prototype (line 1, now line 2) · Planned date: 15 Apr 2026 → 4 May 2026",
        "Training: new",
        "Final delivery and sign-off: left out",
        "Calendar of holidays: DE → AT",
        "Region of the calendar: – → 9",
        "Time zone of the review: Europe/Berlin → Europe/Vienna",
        "Who signs off for the buyer: Bea Berg → Beate Berg",
        "Can be signed until: – → 1 Apr 2026",
        "Further terms: changed",
    ):
        assert said in body
    assert [row.label for row in found.terms if f"{row.label}: " not in body] == []
    changed = [
        f"{line.title} ({line.place}) · {row.label}: "
        for line in found.lines
        if line.kind == "changed"
        for row in line.rows
    ]
    assert [said for said in changed if said not in body] == []


def test_of_many_changes_the_mail_names_some_and_counts_the_rest(parties: Parties) -> None:
    lines = tuple(scenarios.line(f"Step {number}", 1) for number in range(1, 101))
    contract, grant = proposed_anew(parties, lines=lines)
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
    changes = str(only_mail().body).split("What changed since the version before")[1].split("Paid in milestones")[0]
    rows = changes.strip().splitlines()
    assert len(rows) == 41
    assert rows[-1] == "Further changes: 63: the page of the contract shows them"


def speak_german(organisation: Organisation) -> None:
    with walls.asking_for(organisation.pk):
        Organisation.objects.filter(pk=organisation.pk).update(language="de")


def german(label: Any) -> str:
    with translation.override("de"):
        found = str(label)
    assert found != str(label), "it is translated"
    return found


CHOICES = (BillsBy, PaymentBasis, ReviewUnit, Silence, TaxCategory, Ground, DisputeState)


def assert_german(message: EmailMultiAlternatives, labels: Sequence[Any]) -> None:
    """These labels stand there in German, and no label of a term stands there in English."""
    for text in twins(message):
        assert [label for label in labels if german(label) not in text] == []
        english = [str(one.label) for choices in CHOICES for one in choices]
        assert [label for label in english if re.search(rf"\b{re.escape(label)}\b", text)] == []


def test_a_new_version_is_told_in_the_readers_language(parties: Parties) -> None:
    contract, grant = proposed_anew(parties, **much_else(parties))
    speak_german(parties.buyer)
    with walls.asking_for(contract.buyer_id):
        mails.contract_proposal(grant_ref=grant.ref)
    agreed = (Silence.ESCALATES, Silence.ACCEPTED, ReviewUnit.CALENDAR, ReviewUnit.WORKING, BillsBy.APPLICATION)
    assert_german(only_mail(), [one.label for one in agreed])


def test_a_termination_is_told_in_the_readers_language(parties: Parties) -> None:
    contract = scenarios.active_contract(parties, at=AT)
    sina = scenarios.seller_actor(parties)
    notice = noticed(contract, by=sina, effective_on=date(2026, 4, 30), at=AT + timedelta(days=5), reason="Not built.")
    speak_german(parties.buyer)
    with walls.asking_for(contract.buyer_id):
        terminations.termination_news(
            termination_ref=notice.ref, what="noticed", number=0, organisation_id=contract.buyer_id
        )
    assert_german(only_mail(), [Ground.CONVENIENCE.label])


def test_a_dispute_is_told_in_the_financiers_language() -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal, facility=stories.opened_facility(deal))
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get()
    dispute = raised.on_invoice(invoice.ref, actor=scenarios.approver_actor(deal), at=stories.START)
    speak_german(deal.financier)
    with walls.asking_for(deal.financier.pk):
        disputes.dispute_to_financier(dispute_ref=dispute.ref, tranche_ref=tranche.ref)
    assert_german(only_mail(), [DisputeState.OPEN.label])
