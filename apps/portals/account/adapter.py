"""Where allauth meets the house: who signs up gets a user without a password, who signs in leaves a record of how."""

import logging
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.core import clock
from apps.parties import rules
from apps.parties.models import User
from apps.portals import formats, proving, security_log
from apps.portals.access import signed_in_user
from apps.workflows.mails import letter
from apps.workflows.mails.letter import absolute, fact

log = logging.getLogger(__name__)
MOST_OF_A_BROWSER: Final = 200
"""Signs of what a browser says of itself that a mail repeats."""
WORDS: Final = {"totp": "authenticator", "webauthn": "passkey", "recovery_codes": "recovery code"}
"""How evidence calls the second factor; English, because evidence is kept, not shown in the reader's language."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def clean_email(self, email: str) -> str:
        return rules.mailbox(str(super().clean_email(email)))

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """A code that was wrong is noted: guessing shows in the log."""
        if code == "incorrect_code":
            security_log.note("wrong_code", self.request)
        error: ValidationError = super().validation_error(code, *args)
        return error

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.email = self.clean_email(form.cleaned_data["email"])
        user.name = form.cleaned_data["name"]
        user.language = translation.get_language() or "en"
        user.set_unusable_password()
        if commit:
            user.save()
        return user

    def send_account_already_exists_mail(self, email: str) -> None:
        """Whoever opens a second account is told to sign in; there is no password to reset."""
        self.send_mail("account/email/account_already_exists", email, {})

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMultiAlternatives:
        """Codes look like the other mails, and say that no person wrote them."""
        message: EmailMultiAlternatives = super().render_mail(
            template_prefix, email, context, headers={"Auto-Submitted": "auto-generated", **(headers or {})}
        )
        forms = [(letter.inlined(str(content)), kind) for content, kind in message.alternatives]
        message.alternatives = []
        for html, kind in forms:
            message.attach_alternative(html, str(kind))
        return message

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell the person what has changed about how they sign in.

        It has changed already, so a mail server that does not answer is told to the log and not to the person.
        """
        facts = [
            fact(_("When"), formats.instant(clock.now(), timezone.get_current_timezone_name())),
            fact(_("Network address"), self.get_client_ip(self.request)),
            fact(_("Browser"), self.request.headers.get("User-Agent", "")[:MOST_OF_A_BROWSER]),
        ]
        button = {"button_words": _("See how you sign in"), "button_url": absolute(reverse("mfa_index"))}
        try:
            super().send_notification_mail(template_prefix, user, {**(context or {}), "facts": facts, **button}, email)
        except OSError:
            log.exception("A change of how a person signs in could not be told by mail: %s", template_prefix)

    def login(self, request: HttpRequest, user: User) -> None:
        """Django changes the session's key here; the factors that were used stay in the session as evidence."""
        super().login(request, user)
        factors = [record for record in get_authentication_records(request, user) if record["method"] == "mfa"]
        second = [WORDS.get(str(record.get("type")), "second factor") for record in factors[-1:]]
        first = [] if factors and factors[-1].get("passwordless") else ["code sent to e-mail"]
        how = " + ".join([*first, *second])
        request.session["authenticated_by"] = how
        proving.keep_of(request, user, by=how)
        security_log.note("signed_in", request, user=user, by=how)

    def logout(self, request: HttpRequest) -> None:
        security_log.note("signed_out", request, user=signed_in_user(request))
        super().logout(request)


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """The same of authenticators, recovery codes and passkeys."""
        if code == "incorrect_code":
            security_log.note("wrong_factor", context.request)
        error: ValidationError = super().validation_error(code, *args)
        return error
