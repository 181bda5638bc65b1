"""A form that was sent when the proof that it needs had grown old, or its personal link had died: it says so, and
nothing that was typed is lost.

What was typed waits in the session, for as long as that lasts, while the person shows who it is or gets another link,
and stands in the form when its page is opened again. It is sent anew by hand: nobody signs by coming back.
"""

from typing import Final

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.contracts.models import GuestGrant
from apps.core.errors import ProofNeeded
from apps.parties.models import User
from apps.portals import proving
from apps.portals.forms import SHOWN_IN, explain

TYPED: Final = "typed before a proof"
"""Where the session keeps, of the newest such form, its page and what was typed into it."""
OF_THE_PAGE: Final = (
    "csrfmiddlewaretoken",
    "key",
    SHOWN_IN,
    "seen",
    "next",
    "code",
    "sign",
    "proposal",
    "offer",
    "settlement",
)
"""What a form sends besides what was typed."""
LONGEST: Final = 200_000
"""Characters that are kept, as they are sent: more than any form of a personal link takes."""
DO: Final = "do"
"""Which of several forms of a page it was."""


def ask(request: HttpRequest, user: User, form: BaseForm, needed: ProofNeeded) -> None:
    """Say on the form what it needs, with the way there, and keep what was typed for the way back."""
    keep(request, form)
    grant = getattr(request, "grant", None)
    way = proving.address(request, user) if grant is None else proving.address_of_guest(request, grant)
    words = format_html('{} <a href="{}">{}</a>', explain(needed), way, _("Confirm that it is you"))
    form.add_error(None, ValidationError(words, code="refused"))


def keep(request: HttpRequest, form: BaseForm) -> None:
    """Remember what was typed, which the form has found good, until its page is opened again."""
    _keep(request, [DO, *(form.add_prefix(name) for name in _typed_into(form))])


def keep_all(request: HttpRequest) -> bool:
    """Remember all that was typed into a page whose personal link had died; whether anything was."""
    typed = [name for name in request.POST if name not in OF_THE_PAGE]
    if not any(value.strip() for name in typed if name != DO for value in request.POST.getlist(name)):
        return False
    return _keep(request, typed)


def give_back(request: HttpRequest, *forms: BaseForm, do: str = "") -> None:
    """Show in forms that are opened what was typed before; their one-time keys and the text shown stay those of now.

    ``do`` names which of several forms of its page it is.
    """
    page, written = request.session.get(TYPED, ("", ""))
    if request.method == "POST" or page != _page_of(request):
        return
    typed = QueryDict(written)
    if do and typed.get(DO, "") != do:
        return
    del request.session[TYPED]
    for form in forms:
        for name in _typed_into(form):
            form.initial[name] = form.fields[name].widget.value_from_datadict(typed, {}, form.add_prefix(name))


def waiting_for(request: HttpRequest, grant: GuestGrant, *, token: str) -> str:
    """The page below a personal link on which something was typed while an earlier link to the same had died."""
    page = request.session.get(TYPED, ("", ""))[0]
    view, _blank, rest = page.partition(" ")
    ref, _blank, whose = rest.partition(" ")
    if not view.startswith("link:") or whose != _of_link(grant):
        return ""
    return reverse(view, kwargs={"token": token, **({"ref": ref} if ref else {})})


def _keep(request: HttpRequest, names: list[str]) -> bool:
    typed = QueryDict(mutable=True)
    for name in names:
        typed.setlist(name, request.POST.getlist(name))
    written = typed.urlencode()
    if len(written) > LONGEST:
        return False
    request.session[TYPED] = [_page_of(request), written]
    return True


def _page_of(request: HttpRequest) -> str:
    """The page, and for which organisation it was open: what was typed for one is not given back in another.

    Below a personal link, the page of what the link is for: another link to the same shows the same.
    """
    grant, match = getattr(request, "grant", None), request.resolver_match
    if grant is not None and match is not None:
        return f"{match.view_name} {match.kwargs.get('ref', '')} {_of_link(grant)}"
    actor = getattr(request, "actor", None)
    return f"{request.path} {actor.organisation_id if actor is not None else ''}"


def _of_link(grant: GuestGrant) -> str:
    return f"{grant.purpose} {grant.subject_ref} {grant.email}"


def _typed_into(form: BaseForm) -> list[str]:
    return [name for name, field in form.fields.items() if not field.widget.is_hidden]
