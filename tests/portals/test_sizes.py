"""Requests that are too large are refused before anything of them is read."""

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_who_has_no_session_sends_no_files(client: Client) -> None:
    upload = ContentFile(b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), name="large.bin")
    answer = client.post(reverse("account_login"), {"login": "a@example.org", "file": upload})
    assert answer.status_code == 413
    assert "Send fewer or smaller files" in answer.content.decode()


def test_a_form_beyond_all_evidence_is_refused(client: Client) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = "anything"
    answer = client.post(
        reverse("account_login"),
        b"",
        content_type="multipart/form-data; boundary=x",
        headers={"content-length": str(settings.REQUEST_MAX_BYTES + 1)},
    )
    assert answer.status_code == 413


def test_an_ordinary_form_passes(client: Client) -> None:
    assert client.post(reverse("account_login"), {"login": "a@example.org"}).status_code < 400


@pytest.mark.parametrize("address", ["/seller/invoices/%00/", "/seller/contracts/?q=%00", "/s/%00/", "/?next=a%00b"])
def test_an_address_with_a_null_is_of_nothing(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
