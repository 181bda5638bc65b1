"""The look of an organisation's papers: chosen once, on every document, page and mail from then on."""

import io
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import inspection, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Document, Invoice, InvoiceLink
from apps.parties import logos
from apps.parties.models import Organisation
from apps.parties.services import BrandData
from apps.workflows import jobs, team
from tests import scenarios
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
COLOUR, LINE = "#7a1f3d", "Amtsgericht Hamburg HRB 148801 · Managing director: Sina Nord"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (400, 120), (122, 31, 61, 255)).save(out, format="PNG")
    return out.getvalue()


def signed_in(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    session = client.session
    session["organisation"] = parties.people[role].organisation.ref
    session.save()
    return client


def issued(parties: Parties) -> tuple[Invoice, Document]:
    """An invoice with its document, and the mail that carries it."""
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    with walls.asking_for(parties.seller.pk):
        invoice = Invoice.objects.get(milestone=milestone)
    with clock.stopped(AT):
        jobs.render_invoice.func(invoice_ref=invoice.ref, organisation_id=invoice.seller_id)
        with walls.asking_for(parties.seller.pk):
            document = Document.objects.get(invoice=invoice)
            (delivery,) = invoice.deliveries.all()
        jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=invoice.buyer_id)
    return invoice, document


def test_it_stands_on_document_page_and_mail_from_then_on() -> None:
    parties = scenarios.organisations()
    owner = scenarios.member(parties, "seller")
    logo = team.keep_logo(picture())
    with acting(owner):
        once = key()
        data = BrandData(accent=COLOUR.upper(), foot_line=LINE, logo=logo)
        first = team.set_brand(actor=owner, key=once, data=data)
        assert team.set_brand(actor=owner, key=once, data=data) == first
        (told,) = Entry.objects.visible_to(owner).filter(verb="organisation.branded")
        assert COLOUR in told.text
    invoice, document = issued(parties)

    said = snapshot.read(invoice.snapshot)
    assert said.seller.brand == snapshot.Brand(COLOUR, "#f3ebee", LINE, logo)
    assert said.buyer.brand is None
    pdf = _bytes(document.stored_as)
    kept = inspection.Stored(
        snapshot=invoice.snapshot,
        pdf=pdf,
        sha256=document.sha256,
        size=document.size,
        xml=_bytes(document.xml_stored_as),
        xml_sha256=document.xml_sha256,
        xml_size=document.xml_size,
        obstacle=document.xml_obstacle,
    )
    assert inspection.findings(kept) == []
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    assert len(page.images) == 1
    assert "HRB 148801" in page.extract_text()

    sent = next(one for one in mail.outbox if invoice.number in one.subject)
    assert isinstance(sent, EmailMultiAlternatives)
    (html,) = [str(content) for content, kind in sent.alternatives if kind == "text/html"]
    assert f"background: {COLOUR}" in html
    assert "cid:logo" in html
    assert LINE in sent.body
    assert any(part.get("Content-ID") == "<logo>" for part in sent.message().walk())

    with walls.asking_for(invoice.seller_id):
        link = InvoiceLink.objects.get(invoice=invoice, revoked_at__isnull=True)
    with clock.stopped(AT):
        shown = Client().get(f"/i/{invoicing.token_of(link)}/").content.decode()
    assert "letterhead-logo" in shown
    assert "<strong>Nordlicht" in shown


def organisation(parties: Parties) -> Organisation:
    with walls.asking_for(parties.seller.pk):
        return Organisation.objects.get(pk=parties.seller.pk)


def _bytes(name: str) -> bytes:
    with default_storage.open(name) as stored:
        content: bytes = stored.read()
    return content


def test_the_owner_chooses_it_on_a_page_that_shows_it_and_svg_is_refused() -> None:
    parties = scenarios.organisations()
    client = signed_in(parties, "seller")
    address = reverse("account:look")
    assert "Nothing chosen yet" in client.get(address).content.decode()
    svg = SimpleUploadedFile("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    refused = client.post(address, {"key": key(), "accent": COLOUR, "foot_line": "", "logo": svg})
    assert refused.status_code == 422
    assert "This is no picture that can be shown" in refused.content.decode()
    light = client.post(address, {"key": key(), "accent": "#ffdd00", "foot_line": ""})
    assert "too light to be read on white" in light.content.decode()
    assert organisation(parties).accent == ""
    logo = SimpleUploadedFile("logo.png", picture())
    assert client.post(address, {"key": key(), "accent": COLOUR, "foot_line": LINE, "logo": logo}).status_code == 302
    page = client.get(address).content.decode()
    assert page.count("letterhead-logo") == 3
    assert f'fill="{COLOUR}"' in page
    assert client.post(address, {"key": key(), "accent": "", "foot_line": "", "remove_logo": "on"}).status_code == 302
    assert organisation(parties).logo == ""


def test_only_an_owner_changes_it_and_postgres_keeps_to_colours() -> None:
    parties = scenarios.organisations()
    approver = scenarios.member(parties, "delivery")
    with acting(approver), pytest.raises(NotAllowed):
        team.set_brand(actor=approver, key=key(), data=BrandData(accent=COLOUR))
    owner = scenarios.member(parties, "seller")
    with acting(owner), pytest.raises(Refused):
        team.set_brand(actor=owner, key=key(), data=BrandData(accent="red"))
    for column, value in (("accent", "red;}"), ("logo", "../../etc/passwd")):
        with walls.asking_for(parties.seller.pk), pytest.raises(IntegrityError), transaction.atomic():
            Organisation.objects.filter(pk=parties.seller.pk).update(**{column: value})


def test_a_picture_that_is_not_what_was_kept_makes_no_document() -> None:
    sha256 = logos.put(picture())
    with default_storage.open(f"logos/{sha256}.png", "wb") as stored:
        stored.write(b"another")
    with pytest.raises(ValueError, match="not what was stored"):
        logos.content(sha256)
    logos.put(picture())
    assert logos.content(sha256) == picture()
