"""The fields by which documents before payment are agreed: of a whole contract, and of one milestone."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.contracts.payment_documents import BEGIN, RUN, PaymentDocuments
from apps.contracts.rules.payment_documents import check_names, check_payment_documents
from apps.core.errors import Refused
from apps.portals.forms import explain
from apps.portals.missing import TellingForm


class DocumentsField(forms.Field):
    """Names of documents, one a line; typed text stays as it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, tuple | list) else value

    def to_python(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, tuple | list):
            return tuple(value)
        try:
            return check_names(str(value or "").splitlines(), field="documents")
        except Refused as refused:
            raise ValidationError(explain(refused), code="refused") from refused

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it names others; what cannot be read is for ``clean`` to refuse in words."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class PaymentDocumentFields(TellingForm, forms.Form):
    """Documents before payment as they are typed; without a name nothing is asked for."""

    documents_each = DocumentsField(
        label=_("With every invoice"),
        help_text=_("One a line, such as: conditional waiver of lien. The seller hands them in, the buyer confirms."),
    )
    documents_once = DocumentsField(
        label=_("Once, before the first payment"),
        help_text=_("One a line, such as: performance bond, certificate of insurance, tax clearance."),
    )
    documents_days = forms.ChoiceField(
        label=_("The days to pay"),
        choices=[
            (BEGIN, _("begin when the last document is confirmed")),
            (RUN, _("run from the invoice's date; not due before the last document is confirmed")),
        ],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        terms = PaymentDocuments(
            each=cleaned.get("documents_each") or (),
            once=cleaned.get("documents_once") or (),
            days=cleaned.get("documents_days") or BEGIN,
        )
        cleaned["payment_documents"] = None
        try:
            cleaned["payment_documents"] = check_payment_documents(terms)
        except Refused as refused:
            self.add_error(refused.field or "documents_each", ValidationError(explain(refused), code="refused"))
        return cleaned

    @property
    def has_documents(self) -> bool:
        """Whether anything of it is written, or wrong: then the page shows it unfolded."""
        names = ("documents_each", "documents_once")
        return any(self[name].value() or self[name].errors for name in names)


def typed_payment_documents(terms: PaymentDocuments | None) -> dict[str, Any]:
    """What the fields show of terms that are not being typed."""
    terms = terms or PaymentDocuments()
    return {"documents_each": terms.each, "documents_once": terms.once, "documents_days": terms.days}
