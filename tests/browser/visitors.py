"""Who visits the house: a person in a browser of their own, doing what people do, and noting what goes wrong."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, expect
from playwright.sync_api import Error as PlaywrightError

from apps.parties.models import User

PATIENCE = 30.0
"""Seconds that a busy machine is given before something that should be there is missed."""
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.effectiveDirective} forbids ${event.blockedURI} at ${event.sourceFile}`));
"""


@dataclass
class House:
    """The product at an address, and everybody who came to it."""

    url: str
    browser: Browser
    visitors: "list[Visitor]" = field(default_factory=list)

    def visitor(self, name: str, **how: Any) -> "Visitor":
        """Somebody new, in a browser that knows nothing yet; ``how`` is said to the browser."""
        context = self.browser.new_context(
            base_url=self.url, locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce", **how
        )
        context.set_default_timeout(PATIENCE * 1000)
        visitor = Visitor(name=name, url=self.url, context=context, page=context.new_page())
        self.visitors.append(visitor)
        return visitor

    def signed_in(self, user: User, **how: Any) -> "Visitor":
        """A person with a session, and with both factors where that is asked for; tests of signing in do it by hand."""
        visitor = self.visitor(user.name, **how)
        visitor.become(user)
        return visitor

    def keep_pictures(self, folder: Path) -> None:
        """Keep what everybody saw last, for whoever asks why a test failed."""
        folder.mkdir(parents=True, exist_ok=True)
        for visitor in self.visitors:
            with suppress(PlaywrightError):
                visitor.picture(str(folder / f"{visitor.name}.png"))
                print(f"{visitor.name} at {visitor.page.url}: {folder / visitor.name}.png")

    @property
    def troubles(self) -> list[str]:
        """What went wrong in any browser."""
        return [trouble for visitor in self.visitors for trouble in visitor.troubles]


@dataclass
class Visitor:
    """One person's browser. ``actions`` counts what the person had to do: opening, following, pressing, typing."""

    name: str
    url: str
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)
    actions: int = 0

    def __post_init__(self) -> None:
        self.context.add_init_script(TELL_VIOLATIONS)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self._note(f"script: {error.error}"))
        self.page.on("response", self._answered)

    def _answered(self, answer: Response) -> None:
        if answer.status >= 500:
            self._note(f"{answer.status} {answer.url}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.type}: {message.text}")

    def _note(self, trouble: str) -> None:
        self.troubles.append(f"{self.name}, {self.page.url}: {trouble}")

    def become(self, user: User) -> None:
        """Take over a session that was begun without pages."""
        if not user.authenticator_set.exists():  # type: ignore[attr-defined]
            TOTP.activate(user, generate_totp_secret())
        client = Client()
        client.force_login(user)
        session = client.session
        session["second_factor"] = True
        session[f"proof user:{user.pk}"] = ["authenticator", datetime.now(UTC).isoformat()]
        session.save()
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.url}])

    # --- what people do ------------------------------------------------------------------------------------------

    def open(self, address: str) -> None:
        """Type an address, or click a link in a mail."""
        self.actions += 1
        answer = self.page.goto(urljoin(self.url, address))
        assert answer is not None, address
        assert answer.status == 200, f"{address} answered {answer.status}"

    def follow(self, name: str | re.Pattern[str], *, within: str = "main") -> None:
        """Click the link of this name."""
        self.actions += 1
        self.page.locator(within).get_by_role("link", name=name, exact=isinstance(name, str)).first.click()

    def go(self, name: str) -> None:
        """Click this place in the navigation."""
        self.follow(re.compile(rf"^{name}"), within=".nav-list")

    def press(self, name: str | re.Pattern[str]) -> None:
        """Click the button of this name, once the page is there with its scripts: some buttons are theirs."""
        self.actions += 1
        self.page.wait_for_load_state()
        self.page.locator("main").get_by_role("button", name=name, exact=isinstance(name, str)).first.click()

    def fill(self, **fields: str) -> None:
        """Type into fields, each named as its label begins: ``legal_name`` for "Legal name"."""
        for label, value in fields.items():
            self.actions += 1
            self._labelled(label.replace("_", "[ -]")).fill(value)

    def fill_in(self, name: str, value: str) -> None:
        """Type into the field of this technical name, where a page has many with one label."""
        self.actions += 1
        self.page.locator(f'[name="{name}"]').fill(value)

    def type_and_enter(self, words: str) -> None:
        """Type where the cursor is, and press Enter."""
        self.actions += 2
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")

    def choose(self, name: str, value: str) -> None:
        """Choose from the list of this technical name."""
        self.actions += 1
        self.page.locator(f'select[name="{name}"]').select_option(value)

    def tick(self, label: str) -> None:
        """Tick a box or take a choice, named as its label begins."""
        self.actions += 1
        self._labelled(re.escape(label)).check()

    def _labelled(self, words: str) -> Locator:
        return self.page.locator("main").get_by_label(re.compile(rf"^\s*{words}", re.IGNORECASE)).first

    def attach(self, name: str, *files: tuple[str, str, bytes]) -> None:
        """Choose files (name, type, bytes) in the field of this technical name."""
        self.actions += 1
        payload: Any = [{"name": title, "mimeType": kind, "buffer": content} for title, kind, content in files]
        self.page.locator(f'input[name="{name}"]').set_input_files(payload)

    def download(self, name: str) -> bytes:
        """Click the link of a file, as soon as the page offers it, and read what comes."""
        self.actions += 1
        with self.page.expect_download() as downloading:
            self.page.locator("main").get_by_role("link", name=re.compile(rf"^{name}")).first.click()
        return Path(downloading.value.path()).read_bytes()

    # --- what people see -----------------------------------------------------------------------------------------

    def sees(self, *words: str | re.Pattern[str]) -> None:
        """Wait until all these words stand on the page."""
        for one in words:
            expect(self.page.locator("main")).to_contain_text(one, timeout=PATIENCE * 1000)

    def is_at(self, heading: str | re.Pattern[str]) -> None:
        """Wait until the page has this heading."""
        expect(self.page.locator("h1")).to_contain_text(heading, timeout=PATIENCE * 1000)

    def text(self) -> str:
        """The words of the page, with plain spaces."""
        return self.page.locator("main").inner_text().replace("\N{NO-BREAK SPACE}", " ")

    def picture(self, path: str, *, whole: bool = True) -> None:
        """Keep a picture of the page."""
        self.page.screenshot(path=path, full_page=whole)

    # --- signing in ----------------------------------------------------------------------------------------------

    def open_account(self, *, name: str, email: str) -> None:
        """On the sign-up page: say who one is, and enter the code from the mail."""
        self.fill(Your_name=name)
        self.fill_in("email", email)
        self.press("Go on")
        self.enter_mailed_code(email, "Confirm")

    def sign_in(self, email: str) -> None:
        """On the sign-in page: ask for a code, and enter it."""
        self.fill_in("email", email)
        self.press("Send me a code")
        self.enter_mailed_code(email, "Sign in")

    def enter_mailed_code(self, email: str, button: str) -> None:
        """Enter the code of the newest mail, and go on."""
        self.page.locator('input[name="code"]').wait_for()
        letter = mail_to(email, about=re.compile("code|Confirm your e-mail"))
        found = re.search(r"^([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})*)$", str(letter.body), re.MULTILINE)
        assert found, letter.body
        self.fill_in("code", found[1])
        self.press(button)

    def enter_totp(self, secret: str, button: str) -> None:
        """Enter what the authenticator app shows, not in the last moment of its half minute."""
        if time.time() % 30 > 24:
            time.sleep(30 - time.time() % 30)
        self.fill_in("code", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
        self.press(button)


@contextmanager
def passkey(visitor: Visitor) -> Iterator[None]:
    """A phone that says yes to every question, and knows its owner."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield
    session.detach()


def wait_for(what: Callable[[], Any], missed: Callable[[], str]) -> Any:
    """Ask again and again until there is an answer; ``missed`` says what did not come."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(missed())


def mail_to(email: str, *, about: re.Pattern[str], after: int = 0) -> EmailMessage:
    """Wait for a mail to this mailbox with such a subject; the newest, none of the first ``after`` in the outbox."""

    def newest() -> EmailMessage | None:
        return next((m for m in mail.outbox[after:][::-1] if email in m.to and about.search(str(m.subject))), None)

    found: EmailMessage = wait_for(newest, lambda: f"no mail to {email} about {about.pattern}: {subjects()}")
    return found


def link_in(letter: EmailMessage) -> str:
    """The one button of a mail."""
    found = re.search(r"^(http://\S+)$", str(letter.body), re.MULTILINE)
    assert found, letter.body
    return found[1]


def subjects() -> list[str]:
    """What has been sent, for a message that says what is missing."""
    return [f"{', '.join(letter.to)}: {letter.subject}" for letter in mail.outbox]
