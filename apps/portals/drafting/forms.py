"""The draft of a contract: who, what for, on which terms. The billing plan is edited beside it (``plan``)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import ContractDraft, DraftLine
from apps.contracts.exemptions import EXEMPTION
from apps.contracts.models.version import PaymentBasis, ReviewUnit, Silence
from apps.core import money
from apps.core.errors import Refused
from apps.parties import rules as parties
from apps.parties.models import Organisation
from apps.parties.services import OrganisationData
from apps.portals.choices import country_choices, currency_choices, known_calendars
from apps.portals.drafting.charges import ChargeFields, typed_charges
from apps.portals.drafting.documents import PaymentDocumentFields, typed_payment_documents
from apps.portals.drafting.late_payment import LatePaymentFields, typed_late_payment
from apps.portals.drafting.retention import RetentionFields, typed_retention
from apps.portals.drafting.steps import StepFields
from apps.portals.drafting.tax import TaxFields
from apps.portals.einvoice_fields import NEW_BUYER_FIELDS, NewBuyerFields
from apps.portals.forms import ActionForm, AmountField, DayField, explain

NEW = "new"
"""The choice of a buyer who is not written down yet."""
NEW_COUNTERPARTY = {
    "new_legal_name": "legal_name",
    "new_street": "street",
    "new_postcode": "postcode",
    "new_city": "city",
    "new_country": "country",
    "new_vat_number": "vat_number",
    **NEW_BUYER_FIELDS,
}
"""Fields of the form that describe a new organisation, and what the service calls them."""


class DraftForm(
    NewBuyerFields,
    TaxFields,
    StepFields,
    RetentionFields,
    LatePaymentFields,
    PaymentDocumentFields,
    ChargeFields,
    ActionForm,
):
    """Everything of a contract but its plan. A draft needs a buyer, a title, a number, a currency and a price.

    ``other`` is the field that names the other side, ``side`` who begins with this form. ``seen`` is the fingerprint of
    the saved draft from which the form was filled in; empty for a new contract.
    """

    other, side = "buyer", "seller"

    use_required_attribute = False
    seen = forms.CharField(min_length=64, max_length=64, required=False, widget=forms.HiddenInput)
    field_order = (
        "title",
        "number",
        "buyer",
        "seller",
        *NEW_COUNTERPARTY,
        "buyer_language",
        "seller_email",
        "signatory_name",
        "signatory_email",
        "price",
        "currency",
    )

    buyer = forms.ChoiceField(
        label=_("Buyer"),
        help_text=_("Whoever receives the work and pays for it."),
        error_messages={"required": _("Choose the buyer, or a new organisation.")},
    )
    new_legal_name = forms.CharField(
        label=_("Legal name"), max_length=160, required=False, help_text=_("As in the company register.")
    )
    new_street = forms.CharField(label=_("Street and number"), max_length=160, required=False)
    new_postcode = forms.CharField(label=_("Postcode"), max_length=16, required=False)
    new_city = forms.CharField(label=_("City"), max_length=80, required=False)
    new_country = forms.ChoiceField(label=_("Country"), required=False)
    new_vat_number = forms.CharField(
        label=_("VAT number"), max_length=20, required=False, help_text=_("With its country in front: DE123456789.")
    )
    buyer_language = forms.ChoiceField(
        label=_("Language of mails and invoices"),
        required=False,
        choices=[("", _("As it is; for a new organisation by its country")), *settings.LANGUAGES],
        help_text=_("In which the buyer is written to, until its own people choose."),
    )
    signatory_name = forms.CharField(
        label=_("Who signs for the buyer"),
        max_length=120,
        required=False,
        help_text=_("This person gets the contract by mail, and each milestone to sign off. No account is needed."),
    )
    signatory_email = forms.EmailField(
        label=_("Their e-mail"), max_length=254, required=False, help_text=_("A mailbox of the buyer, not of yours.")
    )
    title = forms.CharField(
        label=_("What the contract is about"),
        max_length=160,
        error_messages={"required": _("Say in a few words what is delivered.")},
    )
    number = forms.CharField(
        label=_("Contract number"),
        max_length=40,
        help_text=_("Your own number."),
        error_messages={"required": _("Give the contract a number of your own.")},
    )
    currency = forms.ChoiceField(label=_("Currency"))
    price = AmountField(
        label=_("Price, net of tax"),
        help_text=_("The milestones below share this amount, to the cent."),
        error_messages={"required": _("Enter the price. It can still change while this is a draft.")},
    )
    payment_days = forms.IntegerField(
        label=_("Days to pay"),
        min_value=0,
        max_value=365,
        help_text=_("Calendar days, as they count beside."),
    )
    payment_basis = forms.ChoiceField(
        label=_("Days to pay count"),
        choices=PaymentBasis.choices,
        required=False,
        help_text=_("The last day of a month can end them, or begin them."),
    )
    review_days = forms.IntegerField(
        label=_("Days to review"),
        min_value=1,
        max_value=365,
        help_text=_("The buyer answers within this many days, counted from the day after a submission arrived."),
    )
    review_unit = forms.ChoiceField(
        label=_("Days that count"),
        choices=ReviewUnit.choices,
        required=False,
        help_text=_("Business and working days leave out public holidays."),
    )
    silence = forms.ChoiceField(
        label=_("If the buyer says nothing"),
        choices=Silence.choices,
        required=False,
        help_text=_("At the end of the review, after reminders. What was not delivered is never accepted."),
    )
    partial_acceptance = forms.BooleanField(
        label=_("The buyer may accept a milestone in part"),
        required=False,
        help_text=_("What is accepted is billed at once; the rest can be submitted again."),
    )
    review_country = forms.ChoiceField(label=_("Calendar of holidays"), required=False)
    review_subdivision = forms.CharField(
        label=_("Region of the calendar"),
        max_length=40,
        required=False,
        help_text=_("A code such as BY for Bavaria; empty for the whole country."),
    )
    review_time_zone = forms.ChoiceField(label=_("Time zone of the review"), required=False)
    is_assignable = forms.BooleanField(
        label=_("You may assign invoices to a financier"),
        required=False,
        help_text=_("Leave this on if you may want to be paid early. The buyer then pays the financier."),
    )
    governing_law = forms.CharField(
        label=_("Governing law"), max_length=80, required=False, help_text=_("For instance: Germany.")
    )
    terms = forms.CharField(
        label=_("Further terms"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Anything else that both sides agree to. It becomes part of what is signed."),
    )

    answer_until = DayField(
        label=_("Can be signed until"),
        required=False,
        help_text=_("The last day on which the other side can sign. Empty: no end."),
    )

    def __init__(self, *args: Any, known: Iterable[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(one.ref, one.legal_name) for one in known]
        self._choose(self.other, [("", _("Choose …")), *listed, (NEW, _("A new organisation"))])
        self._choose("new_country", country_choices())
        self._choose("currency", currency_choices())
        self._choose("review_country", [("", _("The buyer's own calendar")), *known_calendars()])
        zones = [(name, name.replace("_", " ")) for name in sorted(parties.time_zones())]
        self._choose("review_time_zone", [("", _("The buyer's")), *zones])

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = choices

    def clean_review_unit(self) -> str:
        return self.cleaned_data["review_unit"] or ReviewUnit.CALENDAR.value

    def clean_payment_basis(self) -> str:
        return self.cleaned_data["payment_basis"] or PaymentBasis.NET.value

    def clean_silence(self) -> str:
        return self.cleaned_data["silence"] or Silence.ESCALATES.value

    def clean_review_subdivision(self) -> str:
        return str(self.cleaned_data["review_subdivision"]).upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get(self.other) == NEW:
            for name in ("new_legal_name", "new_country"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("This is needed for a new organisation."))
        price, currency = cleaned.get("price"), cleaned.get("currency")
        if price is not None and currency:
            try:
                money.payable(price, currency)
            except Refused as refused:
                self.add_error("price", ValidationError(explain(refused), code="refused"))
        return cleaned

    def new_counterparty(self) -> OrganisationData | None:
        """What was typed of an organisation that is not written down yet."""
        if self.cleaned_data[self.other] != NEW:
            return None
        said = {name: self.cleaned_data[field] for field, name in NEW_COUNTERPARTY.items() if field in self.fields}
        language = self.cleaned_data["buyer_language"] or parties.language_of(said["country"])
        return OrganisationData(**said, language=language)

    def draft(self, *, other_ref: str, lines: Iterable[DraftLine]) -> ContractDraft:
        """What is written, with the other side by its reference."""
        return self.written(lines, buyer_ref=other_ref)

    def written(self, lines: Iterable[DraftLine], **sides: Any) -> ContractDraft:
        """What is written, with the references of the sides."""
        cleaned = self.cleaned_data
        return ContractDraft(
            **sides,
            lines=tuple(lines),
            retention=cleaned["retention"],
            late_payment=cleaned["late_payment"],
            payment_documents=cleaned["payment_documents"],
            charges=cleaned["charges"],
            **{name: cleaned[name] for name in TERMS},
        )


TERMS = (
    "number",
    "title",
    "currency",
    "price",
    "payment_days",
    "payment_basis",
    "bills_by",
    "review_days",
    "review_unit",
    "review_country",
    "review_subdivision",
    "review_time_zone",
    "silence",
    "partial_acceptance",
    "question_suspensions",
    "needs_inspection",
    "second_acceptor_above",
    "notice_days",
    "tax_category",
    "tax_rate",
    *EXEMPTION,
    "is_assignable",
    "governing_law",
    "terms",
    "answer_until",
    "signatory_name",
    "signatory_email",
)


def initial_of(draft: ContractDraft) -> dict[str, Any]:
    """What the form shows of a draft that is not being typed."""
    said = {name: getattr(draft, name) for name in TERMS} | {"buyer": draft.buyer_ref}
    said |= {"seller": draft.seller_ref, "seller_email": draft.seller_email}
    said |= typed_payment_documents(draft.payment_documents) | typed_charges(draft.charges)
    return said | typed_retention(draft.retention) | typed_late_payment(draft.late_payment)
