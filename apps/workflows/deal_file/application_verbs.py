"""What the verbs of applications for payment do: applied for, certified, returned, withdrawn, and paid."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing.models import Application
from apps.invoicing.services import applications
from apps.invoicing.services.certifying import Figure
from apps.parties.actor import Actor
from apps.workflows import applying, billing
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key, reference_of
from apps.workflows.once import Answer


def _apply(scene: Scene, event: Event, actor: Actor) -> Answer:
    application, contract = _newest(scene, "open"), scene.contract()
    today = clock.today(contract.seller.time_zone)
    _text, seen = applications.preview_application(application, contract=contract, today=today)
    return applying.submit_application(actor=actor, key=new_key(), application_ref=application.ref, seen=seen)


def _withdraw(scene: Scene, event: Event, actor: Actor) -> Answer:
    return applying.withdraw_application(actor=actor, key=new_key(), application_ref=_newest(scene, "submitted").ref)


def _certify(scene: Scene, event: Event, actor: Actor) -> Answer:
    """What is named of a milestone is certified of it; of every other one all that was applied for."""
    application = _newest(scene, "submitted")
    lines = list(application.lines.select_related("milestone"))
    figures = {}
    for said in event.worth:
        refs = [line.milestone.ref for line in lines if line.milestone.position == said.milestone]
        if len(refs) != 1:
            raise Refused("The application asks for nothing of this milestone, or for several parts of it.")
        figures[refs[0]] = Figure(said.amount, said.note)
    return applying.certify_application(
        actor=actor,
        key=new_key(),
        application_ref=application.ref,
        seen=application.sha256,
        figures=figures,
        comment=event.text,
    )


def _return(scene: Scene, event: Event, actor: Actor) -> Answer:
    application = _newest(scene, "submitted")
    return applying.return_application(
        actor=actor, key=new_key(), application_ref=application.ref, seen=application.sha256, reason=event.text
    )


def _pay(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The seller records what the buyer paid of the newest certified application, or of the one that is named."""
    found = Application.objects.filter(contract__ref=scene.contract_ref, state="certified").order_by("-number")
    application = (found.filter(number=event.application) if event.application else found).first()
    if application is None:
        raise Refused("No such application is certified yet, so it has no invoice.")
    invoice = application.invoice
    return billing.record_payment(
        actor=actor,
        key=new_key(),
        invoice_ref=invoice.ref,
        amount=event.amount or invoice.open_item.open,
        received_on=event.on,
        bank_reference=reference_of(event),
    )


def _newest(scene: Scene, state: str) -> Application:
    found = Application.objects.filter(contract__ref=scene.contract_ref, state=state).first()
    if found is None:
        raise Refused("There is no such application for payment: nothing was accepted, or none was submitted.")
    return found


APPLYING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "apply_for_payment": _apply,
        "withdraw_application": _withdraw,
        "certify": _certify,
        "return_application": _return,
        "pay_application": _pay,
    }
)
"""The verbs of applications for payment."""
