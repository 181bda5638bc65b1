"""The form of a change order: what of each line that can be changed is to be different, and what is new."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import MILESTONE, ChangedLine, ChangeDraft, ContractDraft
from apps.contracts.rules import PlacedLine
from apps.portals.changing.lines import CalendarLineForm, LineForm, NewLineForm, form_of
from apps.portals.changing.terms import TermsForm
from apps.portals.forms import ActionForm, DayField

MOST_NEW: Final = 50


class ReasonsForm(ActionForm):
    """What a change is called, and why it is made."""

    use_required_attribute = False

    title = forms.CharField(
        label=gettext_lazy("What changes"),
        max_length=160,
        help_text=gettext_lazy("In a few words: “Second warehouse”."),
        error_messages={"required": gettext_lazy("Say in a few words what changes.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("Why, and what exactly"),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Say why, so that both sides know it later.")},
    )

    def __init__(self, *args: Any, is_known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:
            del self.fields["title"], self.fields["reason"]


class HeadForm(ReasonsForm):
    """The same of a change that is proposed, and until when it can be signed."""

    answer_until = DayField(
        label=gettext_lazy("Can be signed until"),
        required=False,
        help_text=gettext_lazy("The last day on which the other side can sign. Empty: no end."),
    )


class WhyForm(ActionForm):
    """Why one side does not sign, or takes back what it proposed."""

    use_required_attribute = False

    reason = forms.CharField(
        label=gettext_lazy("The reason"),
        help_text=gettext_lazy("The other side reads it."),
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "form-control"}),
        error_messages={"required": gettext_lazy("Give the reason; the other side reads it.")},
    )


class ChangeForms:
    """All forms of the page together: the reasons, a form for each line that can be changed, one for each new one.

    ``plan`` is what stands on the page, ``elsewhere`` what was typed of lines on other pages. ``billed`` says of each
    deposit and recurring line, by position, how many times it is billed."""

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        plan: Sequence[PlacedLine],
        elsewhere: Sequence[PlacedLine] = (),
        stands: ContractDraft,
        billed: Mapping[int, int],
        order_ref: str = "",
        more: int = 0,
    ) -> None:
        self.order_ref, currency = order_ref, stands.currency
        self.terms = TermsForm(data, stands=stands)
        self.head = HeadForm(data, is_known=bool(order_ref))
        self.lines, self.elsewhere = (
            [form_of(placed, data, currency=currency, billed=billed.get(placed.position, 0)) for placed in part]
            for part in (plan, elsewhere)
        )
        self.titles = [line.title for line in stands.lines if line.kind == MILESTONE]
        count = _count(data.get("new-count")) if data is not None else 0
        self.added = [_new(data, number, currency=currency) for number in range(count)]
        blank = range(count, min(count + more, MOST_NEW))
        self.added += [NewLineForm(prefix=f"new-{number}", currency=currency) for number in blank]

    def is_valid(self) -> bool:
        """Whether everything that was typed can be read. A new line that was left empty is none."""
        changed = [form for form in self._all_lines() if form.is_bound and form.has_changed()]
        forms_of_lines = [form for form in (*changed, *self._typed()) if not self._is_out(form)]
        return all([self.head.is_valid(), self.terms.is_valid(), *(form.is_valid() for form in forms_of_lines)])

    def draft(self) -> ChangeDraft:
        """The change that was typed."""
        head = self.head.cleaned_data
        lines = []
        for form in self._all_lines():
            if not form.is_bound:
                continue
            if self._is_out(form):
                lines.append(ChangedLine(form.placed.position, None))
            elif (changed := form.changed()) is not None:
                lines.append(changed)
        return ChangeDraft(
            title=head.get("title", ""),
            reason=head.get("reason", ""),
            lines=tuple(lines),
            added=tuple(form.line() for form in self._typed()),
            terms=self.terms.changed(),
            order_ref=self.order_ref,
            answer_until=head.get("answer_until"),
        )

    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong as (id of the field, label, message), for the summary on top of the page."""
        found = []
        for form in (self.head, self.terms, *self._all_lines(), *self.added):
            found += [(bound.id_for_label, str(bound.label), str(one)) for bound in form for one in bound.errors]
        return [*found, *(("", "", str(one)) for one in self.head.non_field_errors())]

    def wrong_elsewhere(self) -> int | None:
        """The first line of another page of which something is wrong, where nothing is on this one."""
        here = (self.head, self.terms, *self.lines, *self.added)
        if any(form.is_bound and form.errors for form in here):
            return None
        return next((form.placed.position for form in self.elsewhere if form.errors and not self._is_out(form)), None)

    @cached_property
    def changed_elsewhere(self) -> list[str]:
        """The names of the lines on other pages that are different, as they stand."""
        return [form.placed.line.title for form in self.elsewhere if form.has_changed()]

    def _all_lines(self) -> list[LineForm | CalendarLineForm]:
        """In the order of the plan, whatever page they stand on."""
        return sorted((*self.lines, *self.elsewhere), key=lambda form: form.placed.position)

    def _typed(self) -> list[NewLineForm]:
        return [form for form in self.added if form.is_bound]

    @staticmethod
    def _is_out(form: LineForm | CalendarLineForm | NewLineForm) -> bool:
        """Whatever else was typed of a line that is taken out does not matter."""
        return "is_out" in form.fields and form.is_bound and bool(form["is_out"].data)


def _new(data: Mapping[str, Any] | None, number: int, *, currency: str) -> NewLineForm:
    """A new line as it was typed; one that was left empty is asked for nothing, and has no errors."""
    form = NewLineForm(data, prefix=f"new-{number}", currency=currency)
    return form if form.has_changed() else NewLineForm(prefix=f"new-{number}", currency=currency)


def _count(typed: Any) -> int:
    return min(int(typed), MOST_NEW) if isinstance(typed, str) and typed.isascii() and typed.isdigit() else 0
