"""What milestones wait for, on the pages of both sides, and the buyer's word that an event has happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts import wording
from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.core import clock
from apps.core.errors import ProofNeeded, Refused
from apps.core.made import GIVEN_UP_AFTER
from apps.core.spoken import Said
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.milestones.models import ConfirmedEvent, EventCertificate, Milestone
from apps.milestones.services import Awaited
from apps.portals import formats, interrupted
from apps.portals.access import PortalRequest
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import confirming


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A milestone and what still has to happen, as a sentence."""

    milestone: Milestone
    text: str


@dataclass(frozen=True, slots=True)
class ConfirmedRow:
    """An event that was confirmed, and its certificate; ``certificate`` is None until its making is begun.

    ``is_certified``: since Cairn makes such certificates at all.
    """

    event: ConfirmedEvent
    certificate: EventCertificate | None
    is_certified: bool
    is_given_up: bool

    @property
    def place(self) -> str:
        """Where it stands on the page."""
        return f"event-{self.event.ref}"


@dataclass(frozen=True, slots=True)
class WaitingPanel:
    """What a contract's page says of its conditions; ``events`` are those that the buyer can confirm now."""

    rows: Sequence[WaitingRow]
    confirmed: Sequence[ConfirmedRow]
    events: Sequence[Awaited]
    action: ActionForm


class ConfirmEventForm(ActionForm):
    """Which event has happened, and what shows it."""

    event = forms.CharField(
        label=gettext_lazy("What has happened"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the event that has happened.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("When and how it happened, and what shows it. Both sides read it."),
    )


def panel_of(contract: Contract) -> WaitingPanel | None:
    """The conditions of a contract that the reader may see; None where nothing waits and nothing was confirmed.

    What was confirmed, and the note that says why, can still be read when the contract is over.
    """
    if contract.activated_at is None:
        return None
    is_active = contract.state == ContractState.ACTIVE
    waiting = milestones.waiting_in(contract, at=clock.now()) if is_active else []
    confirmed = [_row(one) for one in contract.confirmed_events.select_related("certificate").order_by("pk")]
    events = list(milestones.events_to_confirm(contract, payable=invoicing.payable_by_event).values())
    if not waiting and not confirmed and not events:
        return None
    rows = [WaitingRow(one.milestone, wording.waits_for(one.condition)) for one in waiting]
    return WaitingPanel(rows=rows, confirmed=confirmed, events=events, action=ActionForm(auto_id="event_%s"))


def _row(event: ConfirmedEvent) -> ConfirmedRow:
    certificate: EventCertificate | None = getattr(event, "certificate", None)
    now = clock.now()
    if certificate is not None:
        is_given_up = certificate.is_given_up(now=now)
    else:
        is_given_up = event.confirmed_at + GIVEN_UP_AFTER < now
    return ConfirmedRow(event, certificate, event.circumstances is not None, is_given_up)


def waits_for(milestone: Milestone) -> str:
    """What a milestone still waits for before it can be submitted, as a sentence; empty where nothing."""
    condition = milestones.waits_for_first(milestone, at=clock.now())
    return wording.waits_for(condition) if condition is not None else ""


def form_of(request: PortalRequest, contract: Contract) -> ConfirmEventForm:
    """The form with the events that can be confirmed, each with what waits for it."""
    form = ConfirmEventForm(request.POST or None)
    interrupted.give_back(request, form)
    form.fields["event"].widget.choices = [
        (one.event, f"{one.event} ({'; '.join(_effects(one, contract.currency))})")
        for one in milestones.events_to_confirm(contract, payable=invoicing.payable_by_event).values()
    ]
    return form


def page_of(contract: Contract, form: ConfirmEventForm) -> dict[str, Any]:
    """What the page with that form shows besides it: each statement that may be agreed to, and what was confirmed."""
    return {
        "contract": contract,
        "has_events": bool(form.fields["event"].widget.choices),
        "statements": statements(contract),
        "confirmed": contract.confirmed_events.order_by("pk"),
    }


def statements(contract: Contract) -> list[Said]:
    """What is agreed to with each of the events, in the order of the form."""
    awaited = milestones.events_to_confirm(contract, payable=invoicing.payable_by_event)
    return [milestones.event_statement(contract, awaited=one) for one in awaited.values()]


def _effects(one: Awaited, currency: str) -> list[str]:
    """What becomes of the event, in a few words."""
    titles = ", ".join(_("“%(title)s”") % {"title": title} for title in one.milestones)
    return [
        *([_("%(amount)s net is payable") % {"amount": formats.money(one.payable, currency)}] if one.payable else []),
        *([_("%(titles)s waits for it") % {"titles": titles}] if titles else []),
    ]


def confirmed(request: PortalRequest, contract: Contract, form: ConfirmEventForm) -> bool:
    """Whether the event that was chosen is confirmed now; the form says why not otherwise."""
    if not form.is_valid():
        return False
    try:
        confirming.confirm_event(
            actor=request.actor,
            key=form.cleaned_data["key"],
            contract_ref=contract.ref,
            event=form.cleaned_data["event"],
            note=form.cleaned_data["note"],
        )
    except ProofNeeded as needed:
        interrupted.ask(request, request.user, form, needed)
        return False
    except Refused as refused:
        add_refusal(form, refused)
        return False
    return True
