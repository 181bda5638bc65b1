"""What the forms of all portals share: one-time keys, amounts as people type them, refusals in their language."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from babel.numbers import NumberFormatError, format_decimal, get_decimal_symbol, parse_decimal
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import activate, get_language, gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts.measure_wording import Quantity
from apps.core import days, money
from apps.core.errors import WORDS, Refused
from apps.core.percent import Percent
from apps.core.printing import words
from apps.core.texts import has_unseen
from apps.portals import formats
from apps.portals.missing import TellingForm

TYPED_NUMBER = re.compile(r"[0-9][0-9.,'\u2019\u00a0\u202f ]*", re.ASCII)
"""ASCII digits with separators: no sign, no exponent, no full-width digits, no NaN."""


def new_key() -> str:
    """A one-time key for a form: sent twice, it acts once."""
    return str(uuid4())


WAYS: Final = {
    "bank_account": ("account:bank_account", _("Add a bank account")),
    "datev_accounts": ("seller:datev_accounts", _("Enter your accounts in DATEV")),
    "xero_accounts": ("seller:xero_accounts", _("Enter your accounts in Xero")),
    "quickbooks_accounts": ("seller:quickbooks_accounts", _("Enter your accounts in QuickBooks")),
}
"""Where somebody adds what a refusal finds lacking, and the words of the link there."""


def explain(refused: Refused) -> str:
    """The refusal in the reader's language; with a link to where what is lacking can be added, if there is such."""
    if refused.more:
        return format_html_join(" ", "{}", ((_explained(one),) for one in (refused, *refused.more)))
    return _explained(refused)


def _explained(refused: Refused) -> str:
    template = gettext(refused.template)
    parts = {name: _told(name, part) for name, part in refused.parts.items()}
    said = template.format(**parts) if parts else template
    if refused.lacks not in WAYS:
        return said
    address, told = WAYS[refused.lacks]
    return leading(said, reverse(address), told)


def leading(said: str, url: str, told: object) -> SafeString:
    """A sentence and the link to where that is mended."""
    return format_html('{} <a href="{}">{}</a>', said, url, told)


def _told(name: str, part: Any) -> Any:
    """A part of a refusal as the reader writes it: words of the product, sums of money, days, refusals; all else as it
    is."""
    if isinstance(part, Refused):
        return explain(part)
    if isinstance(part, money.Money):
        return f"{formats.number(part.rounded().amount, part.currency)} {part.currency}"
    if isinstance(part, Quantity):
        return part.in_words()
    if isinstance(part, Percent):
        return words.percent(part.points)
    if isinstance(part, date) and not isinstance(part, datetime):
        return formats.day(part)
    return gettext(part) if name in WORDS and part else part


def to_be_seen(text: str) -> None:
    """A validator: refuse what the services refuse, at the field in which it stands."""
    if has_unseen(text.replace("\r\n", "\n")):
        raise ValidationError(gettext("This text contains signs that cannot be seen. Type it anew."), code="unseen")


def add_refusal(form: forms.BaseForm, refused: Refused) -> None:
    """Show a service's refusal on the form, at its field where it names one that the form has."""
    field = refused.field if refused.field in form.fields else None
    form.add_error(field, ValidationError(explain(refused), code="refused"))


def show_anew(form: forms.BaseForm, *, seen: str) -> None:
    """After a stale text: the form keeps what was typed, and agrees from now on to the text that is shown with it."""
    form.data = {**{name: form.data[name] for name in form.data}, "seen": seen}


SHOWN_IN: Final = "shown_in"
"""In which language the page of a form was shown, as the form says it."""


class KeyInput(forms.HiddenInput):
    """The one-time key, and beside it the language of the page."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        language = format_html('<input type="hidden" name="{}" value="{}">', SHOWN_IN, get_language() or "")
        return super().render(name, value, attrs, renderer) + language


class ActionForm(TellingForm, forms.Form):
    """A form that does something: it carries its one-time key, made when the page was shown.

    It acts, and answers, in the language in which it was shown, whatever was chosen in another window since: what
    somebody agrees to is kept in the words that were on the page.
    """

    key = forms.CharField(max_length=80, widget=KeyInput, initial=new_key)

    def clean_key(self) -> str:
        """The key; it is the first field, so amounts too are read as the page was written."""
        shown_in = self.data.get(SHOWN_IN)
        if shown_in in dict(settings.LANGUAGES) and shown_in != get_language():
            activate(shown_in)
        return str(self.cleaned_data["key"])


class SeenForm(ActionForm):
    """A form that acts on a text that was shown: it also carries the text's SHA-256."""

    seen = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)


class PickForm(SeenForm):
    """A signature: of several plans the page names one, by its number; of one plan nothing is picked."""

    pick = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)


class ReasonForm(ActionForm):
    """What one side wants changed in what the other one proposes."""

    reason = forms.CharField(
        label=_("What should change?"),
        help_text=_("The other side reads this and sends a new proposal. Nothing is signed."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 6, "class": "form-control"}),
        error_messages={"required": _("Say what should change, so that the other side can propose it.")},
    )


class DayField(forms.DateField):
    """A calendar day that can be meant, picked from the browser's calendar or typed as ``2026-12-31``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        if widget.is_hidden:
            return super().widget_attrs(widget)
        limits = {"min": days.FIRST.isoformat(), "max": days.LAST.isoformat()}
        return {**super().widget_attrs(widget), **limits}

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        try:
            return day and days.known(day)
        except Refused as refused:
            raise ValidationError(explain(refused), code="no_such_time") from None


class AmountField(forms.CharField):
    """An amount as people type it in their own language: ``12,400.50`` in English, ``12.400,50`` in German.

    A thousands separator in the wrong place is refused rather than guessed. So is one decimal separator before three
    digits: ``24.000`` on an English page is what a German means by twenty-four thousand. Only a currency that has three
    decimals is written so.
    """

    default_error_messages = {
        "required": _("Enter an amount."),
        "amount": _("Enter an amount such as %(example)s, without sign or currency."),
        "too_many_decimals": _("“%(typed)s” has more decimals than %(currency)s. Write %(large)s if you mean that."),
        "two_readings": _("“%(typed)s” can be read in two ways. Write %(small)s or %(large)s, whichever you mean."),
    }
    has_two_readings = True
    """Whether a thousand times as much can be meant as well."""
    example = Decimal("12400.5")
    currency = ""
    """Where it is known: an amount is shown with the decimals of this currency."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        super().__init__(**kwargs)
        # What validators get is a number; the length of the text is checked where it is read.
        self.validators = [one for one in self.validators if not isinstance(one, MaxLengthValidator)]
        classes = {*self.widget.attrs.get("class", "").split(), "amount"}
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off", "class": " ".join(sorted(classes))})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        locale = (get_language() or "en").replace("-", "_")
        try:
            if len(text) > (self.max_length or 0) or not TYPED_NUMBER.fullmatch(text):
                raise NumberFormatError(text)  # noqa: TRY301  one answer for both ways to be wrong
            amount = parse_decimal(text.replace(" ", ""), locale=locale, strict=True)
        except (NumberFormatError, ValueError):
            example = format_decimal(self.example, format="#,##0.00", locale=locale)
            raise ValidationError(self.error_messages["amount"], code="amount", params={"example": example}) from None
        if self.has_two_readings and self._is_ambiguous(text):
            # What is proposed instead has to be accepted: of a known currency only what it can pay.
            is_payable = not self.currency or money.is_exact(amount, self.currency)
            code = "two_readings" if is_payable else "too_many_decimals"
            raise ValidationError(
                self.error_messages[code],
                code=code,
                params={
                    "typed": text,
                    "currency": self.currency,
                    "small": self._written(amount, digits=money.digits(self.currency) if self.currency else 4),
                    "large": self._written(amount * 1000, digits=money.digits(self.currency) if self.currency else 2),
                },
            )
        if amount >= money.LARGEST:
            raise ValidationError(_("This amount is too large. Check the decimal separator."), code="too_large")
        return amount

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal) and self.currency:
            return formats.number(value, self.currency)
        if isinstance(value, Decimal):
            locale = (get_language() or "en").replace("-", "_")
            text = format_decimal(value.normalize(), format="#,##0.######", locale=locale)
            return f"{text}0" if self.has_two_readings and self._is_ambiguous(text) else text
        return value

    @staticmethod
    def _written(amount: Decimal, *, digits: int) -> str:
        locale = (get_language() or "en").replace("-", "_")
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return format_decimal(amount, format=pattern, locale=locale)

    def _is_ambiguous(self, text: str) -> bool:
        """Whether the one separator in it, before three digits, stands before decimals here and thousands elsewhere."""
        if self.currency and money.digits(self.currency) == 3:
            return False
        sign = get_decimal_symbol((get_language() or "en").replace("-", "_"))
        return re.fullmatch(rf"[1-9][0-9]{{0,2}}{re.escape(sign)}[0-9]{{3}}", text, re.ASCII) is not None


class RateField(AmountField):
    """A percentage as people type it, without its sign: ``8.25``."""

    default_error_messages = {
        "required": _("Enter a percentage."),
        "amount": _("Enter a percentage such as %(example)s, without the sign."),
    }
    example = Decimal("8.25")
    has_two_readings = False


class ShareField(RateField):
    """A percentage of something: at most 100."""

    default_validators = [MaxValueValidator(100)]
