"""What the buyer's side fills in: mostly nothing but a decision on a text that was shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Criterion
from apps.milestones.services import CriterionVerdict, Part
from apps.portals.forms import ActionForm, AmountField, DayField, PickForm, RateField, SeenForm

MET, NOT_MET = "met", "not_met"


def _textarea(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "form-control"})


def _code() -> forms.CharField:
    """The code that was sent to the link's mailbox."""
    return forms.CharField(
        label=_("Code from the mail"),
        max_length=12,
        error_messages={"required": _("Enter the code that we sent to your mailbox, or ask for one.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "form-control mono"}
        ),
    )


ORDER_HELP = _(
    "It stands on every invoice under this contract. Your accounts payable may ask for it; you can change it later."
)


class SignContractForm(PickForm):
    """The button is the signature; which plan is signed stands on the page. The number of an order may be said."""

    order_number = forms.CharField(
        label=_("Your order number (optional)"), help_text=ORDER_HELP, required=False, max_length=60
    )


class OrderNumberForm(ActionForm):
    """The number of the buyer's order, for the invoices to come; empty for none."""

    number = forms.CharField(label=_("Your order number"), help_text=ORDER_HELP, required=False, max_length=60)


class AcknowledgeForm(SeenForm):
    """The button is the acknowledgement: nothing to fill in."""


class AcceptForm(SeenForm):
    """Sign-off, with a word to the seller if the buyer wants."""

    comment = forms.CharField(
        label=_("Comment to the seller (optional)"), required=False, max_length=4_000, widget=_textarea(3)
    )


class ProvenAcceptForm(AcceptForm):
    """The same above the buyer's amount, by personal link: with the code that was sent to the link's mailbox."""

    code = _code()


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One criterion with its two fields, as the page shows them together."""

    criterion: Criterion
    verdict: forms.BoundField
    reason: forms.BoundField


class VerdictsForm(SeenForm):
    """A tick or a cross per criterion, a reason for each cross, and a comment."""

    says_more: tuple[str, ...] = ()
    """Further fields that go to the workflow by their own names."""

    comment = forms.CharField(
        label=_("Comment to the seller (optional)"), required=False, max_length=4_000, widget=_textarea(3)
    )

    def __init__(self, *args: Any, criteria: Sequence[Criterion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = list(criteria)
        for criterion in self.criteria:
            self.fields[f"verdict_{criterion.position}"] = forms.ChoiceField(
                label=criterion.text,
                choices=[(MET, _("Met")), (NOT_MET, _("Not met"))],
                widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
                error_messages={"required": _("Tick or cross this criterion.")},
            )
            self.fields[f"reason_{criterion.position}"] = forms.CharField(
                label=criterion.text, required=False, max_length=2_000, widget=_textarea(2)
            )

    def rows(self) -> list[VerdictRow]:
        """The fields by criterion, in the order of the plan."""
        return [
            VerdictRow(criterion, self[f"verdict_{criterion.position}"], self[f"reason_{criterion.position}"])
            for criterion in self.criteria
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for criterion in self.crossed(cleaned):
            field = f"reason_{criterion.position}"
            if not cleaned.get(field) and field not in self.errors:
                self.add_error(field, _("Say what is missing, so that the seller can mend it."))
        return cleaned

    def crossed(self, cleaned: dict[str, Any]) -> list[Criterion]:
        """The criteria that are not met, as far as the form is filled in."""
        return [c for c in self.criteria if cleaned.get(f"verdict_{c.position}") == NOT_MET]

    def verdicts(self) -> list[CriterionVerdict]:
        """What the buyer found, criterion by criterion; a reason typed beside a tick is not sent."""
        found = []
        for criterion in self.criteria:
            is_passed = self.cleaned_data[f"verdict_{criterion.position}"] == MET
            reason = "" if is_passed else self.cleaned_data[f"reason_{criterion.position}"]
            found.append(CriterionVerdict(criterion_id=criterion.pk, is_passed=is_passed, reason=reason))
        return found


class RequestChangesForm(VerdictsForm):
    """At least one cross, and until when it is wanted again, if that matters."""

    wanted_by = DayField(
        label=_("Wanted again by (optional)"),
        required=False,
        help_text=_("The seller reads it as your wish. A date of the plan is changed by a change order."),
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
    )
    says_more = ("wanted_by",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        crossed = self.crossed(cleaned)
        decided = all(cleaned.get(f"verdict_{c.position}") for c in self.criteria)
        if self.criteria and decided and not crossed:
            self.add_error(None, _("Cross at least one criterion. If all are met, sign the milestone off instead."))
        if not self.criteria and not cleaned.get("comment") and "comment" not in self.errors:
            self.add_error("comment", _("Say what is missing, so that the seller can mend it."))
        return cleaned


class AcceptPartForm(VerdictsForm):
    """How much is accepted, as an amount, a percentage or a quantity, and what is left, by criterion or in the comment.

    ``waits`` is the quantity that waits, in words, of a line that is agreed so. With ``needs_code`` the code that was
    sent to the link's mailbox is asked for as well.
    """

    amount = AmountField(label=_("Amount that you accept, net of tax"), required=False)
    percent = RateField(label=_("Or a percentage of what waits"), required=False)
    quantity = AmountField(label=_("Or a quantity"), required=False)
    code = _code()

    def __init__(self, *args: Any, needs_code: bool = False, waits: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].required = needs_code
        self.fields["comment"].label = _("What is left to do")
        if waits:
            self.fields["quantity"].label = _("Or a quantity, of %(waits)s") % {"waits": waits}
        else:
            del self.fields["quantity"]
        for name in self.how_much:
            self.fields[name].widget.attrs["class"] = "form-control amount"

    @property
    def how_much(self) -> list[str]:
        """The fields of which one is filled in: by quantity only where the line is agreed so."""
        return [name for name in ("amount", "percent", "quantity") if name in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        said = [name for name in self.how_much if cleaned.get(name) is not None]
        if not {*self.how_much} & self.errors.keys() and len(said) != 1:
            several = _("Enter an amount, a percentage or a quantity, one of the three.")
            either = _("Enter an amount or a percentage, one of the two.")
            self.add_error("amount", several if "quantity" in self.fields else either)
        if not cleaned.get("comment") and "comment" not in self.errors and not self.crossed(cleaned):
            self.add_error("comment", _("Say what is left to do, so that the seller can finish it."))
        return cleaned

    @property
    def is_filled(self) -> bool:
        """Whether everything but the code is as it should be, so that what would be signed can be shown."""
        return self.is_bound and not self.errors.keys() - {"code"}

    def part(self) -> Part:
        """How much is accepted."""
        return Part(**{name: self.cleaned_data[name] for name in self.how_much})
