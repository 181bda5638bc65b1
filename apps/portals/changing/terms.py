"""The terms that a change order may say anew: of the whole contract, and of one milestone."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from apps.contracts import rules
from apps.contracts.billing import BY_MILESTONE
from apps.contracts.drafts import AS_THEY_ARE, ChangedTerms, ContractDraft, LineTerms
from apps.contracts.exemptions import EXEMPTION
from apps.contracts.models.version import PaymentBasis, ReviewUnit, Silence, TaxCategory
from apps.contracts.payment_documents import PaymentDocuments
from apps.parties import rules as parties
from apps.portals.changing.retention import LIMITS, ChangedRetentionFields
from apps.portals.choices import known_calendars
from apps.portals.drafting.charges import ChargeFields, typed_charges
from apps.portals.drafting.documents import DocumentsField, PaymentDocumentFields, typed_payment_documents
from apps.portals.drafting.late_payment import LatePaymentFields, typed_late_payment
from apps.portals.drafting.own_terms import AgreedFields, agreed_values
from apps.portals.drafting.retention import NAMES as OF_RETENTION
from apps.portals.drafting.retention import typed_retention
from apps.portals.drafting.tax import ExemptionFields
from apps.portals.drafting.waiting import WaitingField
from apps.portals.forms import AmountField, RateField
from apps.portals.version_differences import Row, term_rows

LONGEST: Final = 365
SILENCES: Final = Silence.choices
OF_SEVERAL_FIELDS: Final = ("retention", "payment_documents", "late_payment", "charges")
SAID: Final = tuple(name for name in rules.CHANGEABLE if name not in OF_SEVERAL_FIELDS)
"""The terms that the form says as they are called."""
TICKED: Final = ("partial_acceptance", "needs_inspection", "is_assignable")
FOLDED: Final = (*LatePaymentFields.base_fields, *ChargeFields.base_fields, *OF_RETENTION)
"""What stands in parts of the page that are folded away while nothing of them is agreed."""
IN_MONEY: Final = ("second_acceptor_above", "late_fee", "damages_amount", "bonus_amount", *LIMITS)
NAMED: Final = ("signatory_name", "signatory_email")


class TermsForm(ExemptionFields, PaymentDocumentFields, LatePaymentFields, ChargeFields, ChangedRetentionFields):
    """The terms of the contract as they stand, to be said anew. One that was left as it is is no change."""

    use_required_attribute = False
    ticked = TICKED
    field_order = (
        *("payment_days", "payment_basis", "review_days", "silence", "partial_acceptance", "question_suspensions"),
        *("needs_inspection", "second_acceptor_above", "tax_category", "tax_rate", *EXEMPTION),
    )

    payment_days = forms.IntegerField(
        label=gettext_lazy("Days to pay"),
        min_value=0,
        max_value=LONGEST,
        help_text=gettext_lazy("Calendar days from the date of each invoice issued from then on."),
    )
    payment_basis = forms.ChoiceField(
        label=gettext_lazy("Days to pay count"), choices=PaymentBasis.choices, required=False
    )
    review_days = forms.IntegerField(
        label=gettext_lazy("Days to review"),
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Of what is submitted from then on."),
    )
    silence = forms.ChoiceField(label=gettext_lazy("If the buyer says nothing"), choices=SILENCES)
    partial_acceptance = forms.BooleanField(
        label=gettext_lazy("The buyer may accept a milestone in part"), required=False
    )
    question_suspensions = forms.IntegerField(
        label=gettext_lazy("Questions that stop the review clock"), min_value=0, max_value=rules.MOST_SUSPENSIONS
    )
    needs_inspection = forms.BooleanField(
        label=gettext_lazy("Somebody of the buyer inspects before anybody accepts"), required=False
    )
    second_acceptor_above = AmountField(
        label=gettext_lazy("Two people accept above"),
        required=False,
        help_text=gettext_lazy("Net of tax, for one milestone; empty: one person is enough."),
    )
    tax_category = forms.ChoiceField(label=gettext_lazy("Tax"), choices=TaxCategory.choices)
    tax_rate = RateField(
        label=gettext_lazy("Tax rate in percent"),
        required=False,
        help_text=gettext_lazy("Of what is not billed and not under review then. Only the standard rate bears tax."),
    )
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days of notice of termination"), min_value=0, max_value=rules.LONGEST_PERIOD_OF_NOTICE
    )
    governing_law = forms.CharField(label=gettext_lazy("Governing law"), max_length=80, required=False)
    terms = forms.CharField(
        label=gettext_lazy("Further terms"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    review_unit = forms.ChoiceField(label=gettext_lazy("Days that count"), choices=ReviewUnit.choices, required=False)
    review_country = forms.ChoiceField(label=gettext_lazy("Calendar of holidays"), required=False)
    review_subdivision = forms.CharField(
        label=gettext_lazy("Region of the calendar"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("A code such as BY for Bavaria; empty for the whole country."),
    )
    review_time_zone = forms.ChoiceField(label=gettext_lazy("Time zone of the review"), required=False)
    signatory_name = forms.CharField(
        label=gettext_lazy("Who signs off for the buyer"),
        max_length=120,
        required=False,
        error_messages={"required": gettext_lazy("Name the person who signs off for the buyer.")},
    )
    signatory_email = forms.EmailField(
        label=gettext_lazy("Their e-mail"),
        max_length=254,
        required=False,
        error_messages={"required": gettext_lazy("Give the e-mail of the person who signs off for the buyer.")},
        help_text=gettext_lazy(
            "This change is signed by whom the contract names now. Links that wait go to the new person then."
        ),
    )
    is_assignable = forms.BooleanField(label=gettext_lazy("Invoices may be assigned to a financier"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, stands: ContractDraft) -> None:
        initial: dict[str, Any] = {name: getattr(stands, name) for name in SAID}
        initial |= typed_payment_documents(stands.payment_documents)
        initial |= typed_late_payment(stands.late_payment) | typed_charges(stands.charges)
        initial |= typed_retention(stands.retention)
        # A page that says nothing of terms leaves them as they are.
        super().__init__(
            data if data is not None and "terms-silence" in data else None, prefix="terms", initial=initial
        )
        self.stands = stands
        self.may_charge = stands.bills_by == BY_MILESTONE
        known = known_calendars()
        zones = [(name, name.replace("_", " ")) for name in sorted(parties.time_zones())]
        # An empty choice says nothing anew: it is there only where it is how the contract stands.
        buyers = [("", gettext_lazy("That of the buyer's country"))] if stands.review_country not in dict(known) else []
        own = [("", gettext_lazy("The buyer's"))] if stands.review_time_zone not in dict(zones) else []
        self._choose("review_country", [*buyers, *known])
        self._choose("review_time_zone", [*own, *zones])
        self.leave_out_of_retention()
        for name in IN_MONEY:
            if name in self.fields:
                self.fields[name].currency = stands.currency  # type: ignore[attr-defined]
        for name in NAMED:
            # What both sides signed names somebody; whoever empties it meant something, and is asked what.
            self.fields[name].required = bool(getattr(stands, name))
        for bound in self.plain_fields():
            css = "form-select" if isinstance(bound.field, forms.ChoiceField) else "form-control"
            bound.field.widget.attrs["class"] = "form-check-input" if bound.name in TICKED else css

    def plain_fields(self) -> list[forms.BoundField]:
        """The fields that stand one below the other, each by itself."""
        return [bound for bound in self.visible_fields() if bound.name not in FOLDED]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["currency"] = self.stands.currency
        return super().clean()

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (narrows the type)
        field.choices = choices

    def clean_review_subdivision(self) -> str:
        return str(self.cleaned_data["review_subdivision"]).upper()

    def is_valid(self) -> bool:
        """Whether it can be read; nothing has to be said."""
        return not self.is_bound or super().is_valid()

    def changed(self) -> ChangedTerms:
        """What is different."""
        if not self.is_bound:
            return AS_THEY_ARE
        typed = self.cleaned_data
        # A text that nobody touched stays as it was signed, sign for sign, whatever a browser makes of its lines.
        said = {name: typed[name] for name in SAID if name not in rules.TEXTS or name in self.changed_data}
        if said["tax_category"] != TaxCategory.STANDARD:
            said["tax_rate"] = Decimal(0)
        # Why it bears no tax is no text of several lines, and may be left out with its treatment.
        said |= {name: typed[name] for name in EXEMPTION}
        changed: dict[str, Any] = {
            name: value for name, value in said.items() if value is not None and value != getattr(self.stands, name)
        }
        if said["second_acceptor_above"] is None and self.stands.second_acceptor_above is not None:
            changed["one_acceptor"] = True
        if typed["retention"] not in (None, self.stands.retention):
            changed["retention"] = typed["retention"]
        if typed["payment_documents"] != self.stands.payment_documents:
            changed["payment_documents"] = typed["payment_documents"] or PaymentDocuments()
        for name, nothing in rules.NOTHING.items():
            if typed[name] != getattr(self.stands, name):
                changed[name] = typed[name] or nothing
        return ChangedTerms(**changed)


class OwnTermsFields(AgreedFields):
    """What one milestone has in the place of the contract's terms."""

    own_review_days = forms.IntegerField(
        label=gettext_lazy("Own days to review"),
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Empty: as the contract says."),
    )
    own_silence = forms.ChoiceField(
        label=gettext_lazy("If the buyer says nothing of it"),
        required=False,
        choices=[("", gettext_lazy("As the contract says")), *SILENCES],
    )
    is_cumulative = forms.BooleanField(
        label=gettext_lazy("Only after every milestone above it is accepted"), required=False
    )

    own_retention_rate = RateField(
        label=gettext_lazy("Own retention in percent"),
        required=False,
        help_text=gettext_lazy("0: nothing of it is retained."),
    )
    is_materials = forms.BooleanField(label=gettext_lazy("Stored materials"), required=False)
    condition = WaitingField()
    documents = DocumentsField(label=gettext_lazy("Documents before its invoice is due, one a line"))

    @staticmethod
    def initial_own(own: LineTerms) -> dict[str, Any]:
        """The fields of a milestone that has these."""
        return {
            "own_review_days": own.review_days,
            "own_silence": own.silence,
            "is_cumulative": own.is_cumulative,
            "own_retention_rate": own.retention_rate,
            "is_materials": own.is_materials,
            "condition": own.condition,
            "documents": own.documents,
            **agreed_values(own),
        }

    def own_terms(self) -> LineTerms:
        """What was typed."""
        typed = self.cleaned_data
        return LineTerms(
            typed["own_review_days"],
            typed["own_silence"],
            typed["is_cumulative"],
            typed["own_retention_rate"],
            typed["is_materials"],
            typed["condition"],
            typed["documents"],
            **self.agreed(),
        )


def terms_in_words(changed: Sequence[Mapping[str, Any]], *, currency: str) -> list[Row]:
    """The terms that differ, before and after, as both sides read them."""
    return term_rows(
        [rules.TermChange(one["term"], one["before"], one["after"]) for one in changed], currencies=(currency,) * 2
    )
