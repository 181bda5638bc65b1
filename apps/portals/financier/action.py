"""An action page: a form where something must be typed, a review that says what will happen, then one workflow.

The reason that stands in the place of a button is a courtesy: the service decides, under its locks, and its refusal is
shown with everything that was typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused, Stale
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.pages import address, asker, why_not
from apps.portals.financier.window import Window
from apps.portals.forms import ActionForm, add_refusal, show_anew
from apps.portals.parts import Fact
from apps.workflows.once import Answer

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What an action will do, restated before it is done: how much, to or from whom, and what follows."""

    amount_label: str
    amount: Decimal
    currency: str
    button: str
    party: str = ""
    facts: Sequence[Fact] = ()
    effects: Sequence[str] = ()
    statement: str = ""


class ActionPage(Generic[Row]):
    """One action on one row. ``name`` is the word of its workflow and of its URL."""

    name: ClassVar[str]
    route: ClassVar[str]
    title: ClassVar[str | Promise]
    needs: ClassVar[Action]
    form_class: ClassVar[type[ActionForm]] = ActionForm
    css: ClassVar[str] = "btn-primary"

    def __init__(self, window: Window) -> None:
        self.window = window

    # --- what each action says for itself --------------------------------------------------------------------

    def why_not(self, request: HttpRequest, row: Row) -> str:
        """The reason for which this person cannot do this now, or nothing."""
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Row) -> dict[str, Any]:
        """What the form begins with."""
        return {}

    def form(self, request: HttpRequest, row: Row, data: Any) -> ActionForm:
        return self.form_class(data, initial=self.initial(request, row))

    def lead(self, request: HttpRequest, row: Row) -> str:
        """One line under the heading of the form."""
        return ""

    def aside(self, request: HttpRequest, row: Row) -> Sequence[Fact]:
        """What one needs to know while filling the form in."""
        return ()

    def payee(self, row: Row) -> Sequence[tuple[str, str]]:
        """Where the money goes, in lines to be copied into the bank's form; nothing when none leaves."""
        return ()

    def review(self, request: HttpRequest, row: Row, data: dict[str, Any]) -> Review:
        """What will happen with these values. May refuse."""
        raise NotImplementedError

    def act(self, actor: Actor, row: Row, data: dict[str, Any]) -> Answer:
        """Call the workflow."""
        raise NotImplementedError

    def done(self, row: Row, data: dict[str, Any]) -> str:
        """What is said when it is done."""
        raise NotImplementedError

    def say(self, request: HttpRequest, answer: Answer) -> None:
        """What else is said when it is done; nothing for most."""

    def afterwards(self, row: Row, answer: Answer) -> str:
        """Where one goes when it is done."""
        return address(self.window.model, self.window.key_of(row))

    def row(self, request: HttpRequest, *, ref: str) -> Row:
        """The row that the action is about; 404 for one that does not exist or is not theirs."""
        found: Row = self.window.row(request, ref)
        return found

    def frame(self, request: HttpRequest, row: Row) -> dict[str, Any]:
        """Title, way there and way back."""
        back = address(self.window.model, self.window.key_of(row))
        return {**self.window.frame(request, row, (str(self.title), "")), "back_url": back}

    # --- what is the same for all ----------------------------------------------------------------------------

    @classmethod
    def url(cls, row: Any) -> str:
        return reverse(f"admin:{cls.name}", args=[row.ref])

    @property
    def answer(self) -> Any:
        """The view, under the action's name."""

        @require_http_methods(["GET", "HEAD", "POST"])
        def view(request: HttpRequest, **where: str) -> HttpResponseBase:
            return self._answer(request, self.row(request, **where))

        view.__name__ = self.name
        return view

    def _answer(self, request: HttpRequest, row: Row) -> HttpResponseBase:
        form = self.form(request, row, request.POST if request.method == "POST" else None)
        step = request.POST.get("do", "")
        if form.is_bound and step != "change" and form.is_valid():
            try:
                review = self.review(request, row, form.cleaned_data)
                if step != "act":
                    return self._reviewed(request, row, form, review)
                answer = self.act(asker(request), row, form.cleaned_data)
            except Refused as refused:
                if isinstance(refused, Stale) and "seen" in form.fields:
                    show_anew(form, seen=self.initial(request, row)["seen"])
                add_refusal(form, refused)
            else:
                messages.success(request, self.done(row, form.cleaned_data))
                self.say(request, answer)
                return redirect(self.afterwards(row, answer))
        if form.visible_fields():
            return self._asked(request, row, form)
        return self._reviewed(request, row, form, self.review(request, row, {}))

    def _asked(self, request: HttpRequest, row: Row, form: ActionForm) -> HttpResponseBase:
        more = {"lead": self.lead(request, row), "facts": self.aside(request, row)}
        return self._shown(request, row, form, "admin/action.html", more)

    def _reviewed(self, request: HttpRequest, row: Row, form: ActionForm, review: Review) -> HttpResponseBase:
        more = {"review": review, "may_change": bool(form.visible_fields()), "css": self.css}
        return self._shown(request, row, form, "admin/review.html", more)

    def _shown(
        self, request: HttpRequest, row: Row, form: ActionForm, template: str, more: dict[str, Any]
    ) -> HttpResponseBase:
        context = {
            **self.frame(request, row),
            "refusal": self.why_not(request, row),
            "payee": self.payee(row),
            "form": form,
            **more,
        }
        has_failed = form.is_bound and bool(form.errors)
        return TemplateResponse(request, template, context, status=422 if has_failed else 200)
