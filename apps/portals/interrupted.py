"""A form that was sent when the proof that it needs had grown old: it says so, and nothing that was typed is lost.

What was typed waits in the session while the person shows who it is, and stands in the form when its page is opened
again. It is sent anew by hand: nobody signs by coming back.
"""

from typing import Final

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.core.errors import ProofNeeded
from apps.parties.models import User
from apps.portals import proving
from apps.portals.forms import explain

TYPED: Final = "typed before a proof"
"""Where the session keeps, of the newest such form, its page and what was typed into it."""


def ask(request: HttpRequest, user: User, form: BaseForm, needed: ProofNeeded) -> None:
    """Say on the form what it needs, with the way there, and keep what was typed for the way back."""
    keep(request, form)
    grant = getattr(request, "grant", None)
    way = proving.address(request, user) if grant is None else proving.address_of_guest(request, grant)
    words = format_html('{} <a href="{}">{}</a>', explain(needed), way, _("Confirm that it is you"))
    form.add_error(None, ValidationError(words, code="refused"))


def keep(request: HttpRequest, form: BaseForm) -> None:
    """Remember what was typed, which the form has found good, until its page is opened again."""
    typed = QueryDict(mutable=True)
    for name in _typed_into(form):
        typed.setlist(name, request.POST.getlist(name))
    request.session[TYPED] = [_page_of(request), typed.urlencode()]


def give_back(request: HttpRequest, form: BaseForm) -> None:
    """Show in a form that is opened what was typed before; its one-time key and the text shown stay those of now."""
    path, written = request.session.get(TYPED, ("", ""))
    if form.is_bound or path != _page_of(request):
        return
    del request.session[TYPED]
    typed = QueryDict(written)
    for name in _typed_into(form):
        form.initial[name] = form.fields[name].widget.value_from_datadict(typed, {}, name)


def _page_of(request: HttpRequest) -> str:
    """The page, and for which organisation it was open: what was typed for one is not given back in another."""
    actor = getattr(request, "actor", None)
    return f"{request.path} {actor.organisation_id if actor is not None else ''}"


def _typed_into(form: BaseForm) -> list[str]:
    return [name for name, field in form.fields.items() if not field.widget.is_hidden]
