"""A milestone is accepted with reservations by personal link; seller and buyer settle them on their pages."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import IllegalTransition
from apps.invoicing.models import OpenItem
from apps.milestones.models import Reservation, ReservationFile
from apps.workflows import reserving
from tests import scenarios
from tests.portals.buyer.browsers import hidden, invoices_of, state_of, token_of
from tests.portals.buyer.conftest import SignIn
from tests.portals.buyer.test_accept_part import kept
from tests.scenarios import Parties, acting, key

DENT = {"title_1": "A dent in door 4", "due_on_1": "2036-01-31", "amount_1": "1,000", "comment": "Well done so far."}


@pytest.fixture
def accepted(active: Contract, client: Client) -> Reservation:
    submission = scenarios.submitted_milestone(active)
    token = token_of(scenarios.link_to_sign_off(submission))
    url = reverse("link:accept_with_reservations", args=[token])
    assert url in client.get(reverse("link:open", args=[token])).content.decode()
    wrong = client.post(url, hidden(client.get(url)) | {**DENT, "due_on_1": ""})
    assert "until when it is to be mended" in wrong.content.decode()
    more = client.post(url, kept(wrong) | {**DENT, "more": "yes"})
    assert 'name="title_8"' in more.content.decode()
    shown = client.post(url, kept(more) | DENT)
    assert "1,000.00 EUR net of tax are withheld" in shown.content.decode()
    assert state_of(submission.milestone) == "submitted"
    assert client.post(url, kept(shown) | {"sign": "yes"}).status_code == 302
    assert (state_of(submission.milestone), invoices_of(active)) == ("accepted", 1)
    with walls.asking_for(active.seller_id):
        return Reservation.objects.select_related("milestone", "contract").get()


def test_an_error_says_to_which_defect_it_belongs(active: Contract, client: Client) -> None:
    token = token_of(scenarios.link_to_sign_off(scenarios.submitted_milestone(active)))
    url = reverse("link:accept_with_reservations", args=[token])
    form = hidden(client.get(url))
    stain = {"title_3": "A stain", "due_on_3": "2036-01-31"}
    said = client.post(url, form | DENT | stain | {"due_on_3": ""}).content.decode()
    assert '<a href="#id_due_on_3">Defect 3: To be mended by: Say until when it is to be mended.</a>' in said
    # The row that is left empty between them counts as none in the list; the page says the number of the row.
    said = client.post(url, form | DENT | stain | {"due_on_3": "2020-01-31"}).content.decode()
    assert '<a href="#id_due_on_3">' in said
    assert "Defect 3: “A stain” should have been mended by" in said


def open_of(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return str(OpenItem.objects.get(contract=contract).open)


def test_both_sides_settle_it_on_their_pages(
    parties: Parties, accepted: Reservation, active: Contract, sign_in: SignIn
) -> None:
    assert accepted.due_on == date(2036, 1, 31)
    sina = sign_in("seller")
    page = reverse("seller:reservation", args=[accepted.ref])
    for shows in (
        reverse("seller:home"),
        reverse("seller:milestone", args=[accepted.milestone.ref]),
        reverse("seller:contract", args=[active.ref]),
    ):
        assert page in sina.get(shows).content.decode()
    assert "1,190.00" in sina.get(reverse("seller:invoices")).content.decode()
    form = kept(sina.get(page))
    assert sina.post(page, form | {"do": "mend", "text": ""}).status_code == 422
    forged = SimpleUploadedFile("door.png", b"<svg onload=alert(1)>")
    refused = sina.post(page, form | {"do": "mend", "text": "Door 4 is new.", "shown": [forged]})
    assert (refused.status_code, "whatever its name says" in refused.content.decode()) == (422, True)
    photos = [SimpleUploadedFile(name, b"Door 4, closed.") for name in ("door 4.txt", "hinge.txt")]
    assert sina.post(page, form | {"do": "mend", "text": "Door 4 is new.", "shown": photos}).status_code == 302

    bea = sign_in("approver")
    page = reverse("buyer:reservation", args=[accepted.ref])
    assert page in bea.get(reverse("buyer:home")).content.decode()
    shown = bea.get(page)
    assert "Door 4 is new." in shown.content.decode()
    with walls.asking_for(active.buyer_id):
        shown_of_it = list(accepted.files.all())
    assert [one.name for one in shown_of_it] == ["door 4.txt", "hinge.txt"]
    for one in shown_of_it:
        address = reverse("buyer:reservation_file", args=[one.ref])
        assert address in shown.content.decode()
        assert b"".join(bea.get(address).streaming_content) == b"Door 4, closed."  # type: ignore[attr-defined]
    assert open_of(active) == "13090.000"
    assert bea.post(page, kept(shown) | {"do": "release", "text": ""}).status_code == 302
    assert open_of(active) == "14280.000"
    assert "Released" in bea.get(page).content.decode()
    late = SimpleUploadedFile("late.txt", b"Late.")
    with pytest.raises(IllegalTransition, match="settled already"), acting(scenarios.seller_actor(parties)) as actor:
        reserving.attach_to_reservation(actor=actor, reservation_ref=accepted.ref, upload=late)
    columns = ", ".join(
        str(one.column) for one in ReservationFile._meta.concrete_fields if one.name not in ("id", "ref")
    )
    with walls.asking_for(active.seller_id), pytest.raises(IntegrityError, match="no file joins"), transaction.atomic():
        connection.cursor().execute(
            f"INSERT INTO milestones_reservationfile (ref, {columns})"
            f" SELECT 'another', {columns} FROM milestones_reservationfile LIMIT 1"
        )


def test_each_price_that_was_offered_is_read_later(parties: Parties, accepted: Reservation, sign_in: SignIn) -> None:
    billing = scenarios.member(parties, "billing")
    with acting(billing):
        for off in ("250.01", "300"):
            reserving.offer_reduction(actor=billing, key=key(), reservation_ref=accepted.ref, amount=Decimal(off))
    for role, side in (("seller", "seller"), ("approver", "buyer")):
        page = sign_in(role).get(reverse(f"{side}:reservation", args=[accepted.ref])).content.decode()
        history = page.split("What both sides said", 1)[1].replace("\N{NO-BREAK SPACE}", " ")
        assert "250.01 EUR off the price, net of tax" in history
        assert "300.00 EUR off the price, net of tax" in history


def test_the_second_of_two_gets_the_list_of_the_first_filled_in(
    parties: Parties, client: Client, sign_in: SignIn
) -> None:
    draft = scenarios.software_draft(parties, second_acceptor_above=Decimal(100))
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, draft=draft))
    url = reverse("link:accept_with_reservations", args=[token_of(scenarios.link_to_sign_off(submission))])
    shown = client.post(url, hidden(client.get(url)) | DENT)
    assert "asked to accept too, with your list" in shown.content.decode()
    assert client.post(url, kept(shown) | {"sign": "yes"}).status_code == 302
    assert state_of(submission.milestone) == "submitted"
    olga = sign_in("buyer")
    assert "A dent in door 4" in olga.get(reverse("buyer:milestone", args=[submission.milestone.ref])).content.decode()
    page = reverse("buyer:accept_with_reservations", args=[submission.ref])
    opened = olga.get(page)
    assert "Bea Berg accepted first and listed what you see here." in opened.content.decode()
    listed = {field.html_name: str(field.value() or "") for field in opened.context["form"]}
    assert (listed["title_1"], listed["due_on_1"], listed["amount_1"]) == ("A dent in door 4", "2036-01-31", "1,000")
    shown = olga.post(page, listed | {"title_2": "Paint", "due_on_2": "2036-02-28"})
    assert olga.post(page, kept(shown) | {"sign": "yes"}).status_code == 302
    assert state_of(submission.milestone) == "accepted"
    with walls.asking_for(parties.seller.pk):
        assert list(Reservation.objects.values_list("title", flat=True)) == ["A dent in door 4", "Paint"]
