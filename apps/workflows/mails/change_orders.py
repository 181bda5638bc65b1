"""The mail about a change order: recorded, proposed, signed, declined or withdrawn by the other side."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts import services as contracts
from apps.contracts.models import ChangeOrder, ContractVersion
from apps.contracts.rules import moved
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.changes import Line
from apps.workflows.mails.contracts import both_sides
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def change_order(*, order_ref: str, what: str, organisation_id: int) -> None:
    """Tell a side what the other one did with a change order; ``what`` is the word for it.

    It goes to the people who write contracts for the seller, and to those who sign for the buyer: to the signatory that
    the contract names while the buyer has nobody here.
    """
    order = ChangeOrder.objects.select_related("contract__seller", "contract__buyer").get(ref=order_ref)
    contract = order.contract
    side = "seller" if organisation_id == contract.seller_id else "buyer"
    reader, sender = both_sides(contract, first=side)
    version = order.versions.select_related("contract", "changes__contract").order_by("number").last()
    to = parties.mailboxes(
        organisation_id=reader.pk, action=Action.EDIT_CONTRACT if side == "seller" else Action.SIGN_CONTRACT
    )
    if not to and side == "buyer" and contract.active_version is not None:
        to = [contract.active_version.signatory_email]
    send(
        Letter(
            name="change_order",
            key=f"{order.ref}-{what}-{version.number if version is not None else 0}",
            sender=sender,
            reader=reader,
            to=to,
            button=_("Read and answer") if what == "proposed" else _("Open the change order"),
            url=absolute(reverse(f"{side}:change_order", args=[order.ref])),
            facts=_facts(order, version),
            context={
                "contract": contract,
                "order": order,
                "what": what,
                "version": version,
                "reason": order.closed_reason or (version.changes_asked if version is not None else ""),
                "changes": _lines(version, currency=contract.currency) if version is not None else [],
            },
        )
    )


def _facts(order: ChangeOrder, version: ContractVersion | None) -> list[dict[str, Any]]:
    contract = order.contract
    facts = [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Change order"), f"{order.number} · {order.title}"),
    ]
    if version is None or version.changes is None:
        return facts
    return [
        *facts,
        money(_("Price before, net of tax"), version.changes.price, contract.currency),
        money(_("Net change"), version.price - version.changes.price, contract.currency),
        money(_("Price after it, net of tax"), version.price, contract.currency),
    ]


def _lines(version: ContractVersion, *, currency: str) -> list[Line]:
    """What is different, line by line, in the form in which mails show what changed."""
    if version.changes is None:
        return []
    words = {"added": _("new"), "removed": _("taken out"), "changed": _("another date, or other words")}
    lines: list[Line] = []
    for one in moved(contracts.plan_of(version.changes), contracts.plan_of(version)):
        if one.kind == "repriced" and one.before is not None and one.after is not None:
            amounts = {"before": one.before.amount, "after": one.after.amount, "currency": currency}
            lines.append({"term": one.title, **amounts})
        else:
            lines.append({"term": one.title, "word": words[one.kind]})
    return lines
