"""Retention on the pages of both sides: what is held, released and due of a contract, and its release by one's word."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts import retention_wording
from apps.contracts.models import Contract
from apps.contracts.retention import SELLER, RetentionTerms
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.services import PartState, RetentionState
from apps.parties.roles import Action
from apps.portals import formats, plan_sums
from apps.portals.access import PortalRequest
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import retention


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of the schedule as a page shows it."""

    state: PartState
    when: str
    kind: str
    came_back: bool = False


@dataclass(frozen=True, slots=True)
class RetentionPanel:
    """What a contract's page shows of its retention, in the contract's currency."""

    sums: RetentionState
    agreed: str
    rows: Sequence[PartRow]
    may_release: bool


class ReleaseForm(ActionForm):
    """Which part of the retention is released."""

    position = forms.IntegerField(
        label=gettext_lazy("What you release"),
        min_value=1,
        max_value=100,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what you release.")},
    )


def panel_of(contract: Contract, *, side: str) -> RetentionPanel | None:
    """The retention of a contract that the reader may see; None where there is none."""
    state = invoicing.retention_state(contract)
    if state is None:
        return None
    agreed = retention_wording.withheld(state.terms, currency=contract.currency)
    return RetentionPanel(
        sums=state,
        agreed=" ".join(filter(None, (agreed, _of_which_price(contract, terms=state.terms)))),
        rows=[
            PartRow(
                one,
                retention_wording.event(one.part),
                state.kinds[one.kind - 1].name,
                came_back=one.position > len(state.terms.schedule),
            )
            for one in state.parts
        ],
        may_release=bool(_open(state, side=side)),
    )


def _of_which_price(contract: Contract, *, terms: RetentionTerms) -> str:
    """Where terms measure something by the price, and the contract came to another since: that it is the signed one."""
    version = contract.active_version
    if version is None or not any(kind.cap_percent is not None or kind.steps for kind in terms.kinds):
        return ""
    price = plan_sums.of_contracts([contract.pk]).get(contract.pk, {}).get("price", money.ZERO)
    if price == version.price:
        return ""
    said = _("The price is here the one that was signed, %(signed)s, and not %(price)s, to which it came since.")
    amounts = {"signed": version.price, "price": price}
    return said % {name: formats.money(amount, contract.currency) for name, amount in amounts.items()}


def form_of(request: PortalRequest, contract: Contract, *, side: str) -> ReleaseForm:
    """The form with the parts that this side may release now.

    What was sent is answered by the release itself: a second click finds its part gone from the choices, and done.
    """
    form = ReleaseForm(request.POST or None)
    state = invoicing.retention_state(contract)
    parts = _open(state, side=side) if state is not None else []
    form.fields["position"].widget.choices = [
        (
            one.position,
            _choice(one, contract=contract, kind=state.kinds[one.kind - 1].name if state is not None else ""),
        )
        for one in parts
    ]
    return form


def _choice(one: PartState, *, contract: Contract, kind: str) -> str:
    said = {"amount": formats.money(one.amount, contract.currency), "when": retention_wording.event(one.part)}
    if kind:
        return _("%(kind)s: %(amount)s, agreed to be due %(when)s") % {**said, "kind": kind}
    return _("%(amount)s, agreed to be due %(when)s") % said


def released(request: PortalRequest, contract: Contract, form: ReleaseForm) -> str:
    """The reference of the statement that asks for what was released; empty when the form says why not."""
    if not form.is_valid():
        return ""
    try:
        answer = retention.release_retention(
            actor=request.actor,
            key=form.cleaned_data["key"],
            contract_ref=contract.ref,
            position=form.cleaned_data["position"],
        )
    except Refused as refused:
        add_refusal(form, refused)
        return ""
    return str(answer["invoice"])


ACTIONS = {"seller": Action.RECORD_PAYMENT, "buyer": Action.DECIDE_MILESTONE}
"""Which right a person of each side needs for it."""


def _open(state: RetentionState, *, side: str) -> list[PartState]:
    """What a side may release: the buyer everything that is held, the seller what is his to call."""
    return [
        one
        for one in state.parts
        if not one.is_released and one.amount and (side == "buyer" or one.part.event == SELLER)
    ]
