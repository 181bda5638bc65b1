"""Above the buyer's amount the confirm page asks once more who it is.

A member goes by way of the second factor, or of a code; a guest gets the code here, on the same page, so that a
sign-off from mail to done stays within six actions: open the mail, sign off, send me a code, type it, sign.
"""

from dataclasses import dataclass, replace

from django.forms import BaseForm

from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.models import Milestone
from apps.parties.actor import ActorKind
from apps.portals import proving
from apps.portals.access import PortalRequest
from apps.portals.buyer.forms import AcceptForm, ProvenAcceptForm
from apps.portals.forms import add_refusal
from apps.workflows import step_up


@dataclass(frozen=True, slots=True)
class Asks:
    """Still to be shown: nothing, a code on this page (``by_code``), or something on another (``elsewhere``)."""

    by_code: bool = False
    elsewhere: str = ""

    @property
    def form_class(self) -> type[AcceptForm]:
        return ProvenAcceptForm if self.by_code else AcceptForm

    def send_code(self, request: PortalRequest) -> AcceptForm:
        """Send a code to the link's mailbox; the form keeps what was typed. Who needs none any more gets none."""
        written = {name: request.POST.get(name, "") for name in ("key", "seen", "comment")}
        if not self.by_code:
            return AcceptForm(initial=written)
        try:
            step_up.send_code(actor=request.actor)
        except Refused as refused:
            form = ProvenAcceptForm({**written, "code": "-"})
            add_refusal(form, refused)
            return form
        form = ProvenAcceptForm(initial=written)
        form.fields["code"].widget.attrs |= {"autofocus": True, "aria-describedby": "code-sent"}
        return form

    def send_new_code(self, request: PortalRequest) -> bool:
        """Send a code to the link's mailbox, for a page whose form is shown again as it is; whether one was sent."""
        if self.by_code:
            step_up.send_code(actor=request.actor)
        return self.by_code

    def prove(self, request: PortalRequest, form: BaseForm) -> None:
        """Take the code, and let the actor of this request have shown it; a wrong one is refused at its field."""
        if not self.by_code:
            return
        proof = step_up.prove(actor=request.actor, code=form.cleaned_data["code"])
        proving.keep(request, request.actor, proof, grant=request.grant)  # type: ignore[attr-defined]
        request.actor = replace(request.actor, origin=replace(request.actor.origin, proof=proof))


def asked_of(request: PortalRequest, milestone: Milestone) -> Asks:
    """What the page asks of this actor for this milestone."""
    actor = request.actor
    if not milestones.needs_proof(milestone, contract=milestone.contract) or proving.is_fresh(actor.origin.proof):
        return Asks()
    if actor.kind is ActorKind.GUEST:
        return Asks(by_code=True)
    return Asks(elsewhere=proving.address(request, request.user))


def wants_code(request: PortalRequest) -> bool:
    """Whether the button was pressed that sends a code to a guest."""
    return "send_code" in request.POST


def goes_elsewhere(request: PortalRequest) -> bool:
    """Whether the button was pressed that leads a member away to show who it is, and back."""
    return "show_first" in request.POST
