"""Who stands at the door: every role of a tenant, a guest with a link, and whoever belongs to nobody."""

from dataclasses import dataclass, field
from functools import cache
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlencode
from zipfile import ZipFile

from django.test import Client
from pypdf import PdfReader

from apps.core import clock
from apps.parties.actor import Actor
from apps.parties.models import Membership, User
from tests import scenarios
from tests.portals.matrix.world import NOW, Tenant

SELLER, BUYER, FINANCIER = "seller", "buyer", "financier"
SIDES: Final = {
    SELLER: ("seller", "contracts", "delivery", "billing"),
    BUYER: ("buyer", "approver", "payables", "inspector"),
    FINANCIER: ("financier", "analyst", "underwriter", "treasury", "auditor"),
}
SECRET: Final = "m" * 32
"""The browser's secret against forged requests, in its cookie and, where a page of ours posts, in the request."""
FORM: Final = "application/x-www-form-urlencoded"


class Browser(Client):
    """Django's test client without its book-keeping of templates; a page that fails is answered with 500."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Answer:
    """What came back, as far as it can tell something; ``text`` is headers and body in lower case."""

    status: int
    location: str
    text: str

    def like(self, other: "Answer", *, mine: str, theirs: str) -> bool:
        """Whether the answers are the same but for the key that was asked for."""
        return self.status == other.status and self.location.replace(mine, "…") == other.location.replace(theirs, "…")


@dataclass
class Visitor:
    """Somebody with a browser. ``tenant`` is whose people they belong to; None for a stranger to both."""

    name: str
    side: str = ""
    tenant: Tenant | None = None
    membership: Membership | None = None
    user: User | None = None
    token: str = ""
    browser: Browser = field(default_factory=Browser)

    def __post_init__(self) -> None:
        if self.user is not None:
            self.browser.force_login(self.user)
            session = self.browser.session
            session["second_factor"] = True
            session[f"proof user:{self.user.pk}"] = ["authenticator", NOW.isoformat()]
            session.save()
        self.browser.cookies["csrftoken"] = SECRET
        self._cookies = self.browser.cookies.output(header="", sep=";")

    @property
    def actor(self) -> Actor | None:
        """As whom the first wall knows them."""
        return scenarios.actor_of(self.membership) if self.membership is not None else None

    def asks(
        self, method: str, path: str, data: dict[str, Any] | None = None, *, token: str = SECRET, **headers: str
    ) -> Answer:
        """One request in the browser as it was when it signed in; ``token`` empty is a forged one."""
        self.browser.cookies = SimpleCookie(self._cookies)
        sent = {**headers, **({"X-CSRFToken": token} if token else {})}
        body = urlencode(data or {}, doseq=True) if method not in ("GET", "HEAD") else ""
        with clock.stopped(NOW):
            response = self.browser.generic(method, path, body, content_type=FORM, headers=sent)
            content = b"".join(response) if response.streaming else response.content
        response.close()
        shown = _text_of(content, content_type=response.headers.get("Content-Type", ""))
        text = "\n".join([*(f"{name}: {value}" for name, value in response.items()), shown]).lower()
        return Answer(response.status_code, response.headers.get("Location", ""), text)


def people_of(tenant: Tenant) -> list[Visitor]:
    """Every role of every side."""
    return [
        Visitor(
            f"{role} of {tenant.canary}",
            side=side,
            tenant=tenant,
            membership=tenant.people[role],
            user=tenant.people[role].user,
        )
        for side, roles in SIDES.items()
        for role in roles
    ]


def guests_of(tenant: Tenant) -> list[Visitor]:
    """Whoever holds a personal link and has no account."""
    return [
        Visitor(f"guest of {tenant.canary} with the link {name}", side="guest", tenant=tenant, token=token)
        for name, token in tenant.tokens.items()
        if name != "invitation"
    ]


def owners_of_links(tenant: Tenant) -> list[Visitor]:
    """The same, and whoever holds a link to what goes on after a decision: by each somebody gets in."""
    going_on = [Visitor("guest who settles", side="guest", tenant=tenant, token=token) for token in tenant.going_on]
    return [*guests_of(tenant), *going_on]


def nobodies(tenant: Tenant, *, stranger: User) -> list[Visitor]:
    """Who belongs to no tenant: not signed in, without an organisation, removed a moment ago."""
    return [
        Visitor("anonymous"),
        Visitor("somebody without organisation", user=stranger),
        Visitor("somebody just removed", user=tenant.people["removed"].user),
    ]


def _text_of(content: bytes, *, content_type: str) -> str:
    if content_type.startswith("application/pdf"):
        return _printed(content)
    if content and content_type.startswith("application/vnd.openxmlformats"):
        with ZipFile(BytesIO(content)) as workbook:
            # What its cells hold; beside them it says when it was written.
            sheets = [name for name in workbook.namelist() if name.startswith(("xl/worksheets/", "xl/sharedStrings"))]
            return "\n".join(workbook.read(name).decode() for name in sheets)
    return content.decode(errors="replace")


@cache
def _printed(content: bytes) -> str:
    """A document is stored once and shown to many."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
