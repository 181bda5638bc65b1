"""What ``manage.py demo --check`` tries: the running demo, over HTTP, as its visitors would."""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from apps.invoicing.models import Document
from apps.invoicing.models.document import DocumentState
from apps.parties.models import User
from apps.portals.demo.doors import sign_in_path

PAGES = {
    "seller": ("seller:home", "seller:contracts", "seller:invoices", "seller:funding"),
    "buyer": ("buyer:home", "buyer:contracts", "buyer:invoices"),
    "financier": ("admin:index", "admin:financing_fundingrequest_changelist"),
}
PATIENCE = 60.0
"""Seconds that the worker is given to finish every document."""


def check(base: str, *, people: Iterable[tuple[str, str]], tell: Callable[[str], None]) -> None:
    """Sign everybody in by the printed links, open their pages, wait for the documents, verify the books."""
    for title, email in people:
        side = title.partition(":")[0]
        visitor = build_opener(HTTPCookieProcessor(CookieJar()))
        _open(visitor, base + sign_in_path(User.objects.get(email=email)))
        for page in PAGES[side]:
            _open(visitor, base + reverse(page))
        tell(f"{title}: signed in, {len(PAGES[side])} pages open")
    _check_error_page(base + "/nowhere/")
    mails = _open(build_opener(), base + reverse("demo:outbox")).count("<tr") - 1
    tell(f"outbox: {mails} mails")
    tell(f"documents: {_documents()} ready")
    call_command("verify_ledger")
    call_command("verify_audit")
    call_command("check_documents")


def _open(visitor: OpenerDirector, url: str) -> str:
    try:
        with visitor.open(url, timeout=30) as response:
            text: str = response.read().decode()
    except HTTPError as error:
        raise CommandError(f"{url} answered {error.code}") from None
    except OSError as error:
        raise CommandError(f"{url} did not answer: {error}") from None
    return text


def _check_error_page(url: str) -> None:
    """What is not there is said on a page of the product."""
    try:
        build_opener().open(url, timeout=30)
    except HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND and "DEBUG = True" not in error.read().decode():
            return
    raise CommandError(f"{url} did not answer with the product's own page for what is not there.")


def _documents() -> int:
    """Wait until every document is made; without Pango none can be, and that is said."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        failed = Document.objects.using("owner").filter(state=DocumentState.FAILED).first()
        if failed is not None:
            raise CommandError(f"A document failed: {failed.failure}")
        if not Document.objects.using("owner").filter(state=DocumentState.RENDERING).exists():
            return Document.objects.using("owner").filter(state=DocumentState.READY).count()
        time.sleep(0.2)
    raise CommandError("The documents were not ready in time.")
