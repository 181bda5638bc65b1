"""Mails about damages, back-charges and what became of them, to the side that did not act."""

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Charge
from apps.invoicing.models.charge import ChargeState
from apps.parties import services as parties
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

HEADINGS = {
    ChargeState.CLAIMED: _("{kind} claimed: please answer"),
    ChargeState.OBJECTED: _("{kind}: the seller objects"),
    ChargeState.STANDING: _("{kind}: a credit note is issued"),
    ChargeState.WAIVED: _("{kind} waived"),
    ChargeState.WITHDRAWN: _("{kind} withdrawn"),
}


def charge_news(*, charge_ref: str, state: str, organisation_id: int) -> None:
    """What is charged on which milestone, why, and what it is now; nothing once it is something else."""
    related = ("milestone", "contract__seller", "contract__buyer", "credit_note", "undone_by")
    charge = Charge.objects.select_related(*related).get(ref=charge_ref)
    contract = charge.contract
    if charge.state != state:
        return
    to_seller = organisation_id == contract.seller_id
    reader, sender = (contract.seller, contract.buyer) if to_seller else (contract.buyer, contract.seller)
    said = charge.ended_reason or charge.answer or charge.reason
    note = charge.undone_by or charge.credit_note
    with translation.override(reader.language):
        heading = str(HEADINGS[ChargeState(state)]).format(kind=charge.get_kind_display())
    facts = [
        fact(_("Milestone"), charge.milestone.title),
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        money(_("Net of tax"), charge.net or charge.asked, charge.currency),
        *([fact(_("Reason"), said)] if said else []),
        *([fact(_("What shows it"), charge.evidence)] if charge.evidence else []),
        *([fact(_("Credit note"), note.number)] if note is not None else []),
    ]
    send(
        Letter(
            name="charge_news",
            key=f"charge.{charge.ref}.{state}",
            sender=sender,
            reader=reader,
            to=_people(reader, to_seller=to_seller),
            button=_("Open it"),
            url=_page(charge, reader=reader, to_seller=to_seller),
            facts=facts,
            context={"charge": charge, "heading": heading},
        )
    )


def _people(reader: Organisation, *, to_seller: bool) -> list[str]:
    action = Action.CREDIT_INVOICE if to_seller else Action.DECIDE_MILESTONE
    return parties.mailboxes(organisation_id=reader.pk, action=action) or [reader.email]


def _page(charge: Charge, *, reader: Organisation, to_seller: bool) -> str:
    side = "seller" if to_seller else "buyer"
    return absolute(reverse(f"{side}:milestone_charges", args=[charge.milestone.ref])) if reader.is_claimed else ""
