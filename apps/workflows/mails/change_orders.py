"""The mail about a change order: recorded, proposed, signed, declined or withdrawn by the other side."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts import services as contracts
from apps.contracts.models import ChangeOrder, ContractVersion, GuestGrant
from apps.contracts.models.version import PaymentBasis, ReviewUnit, Silence, TaxCategory
from apps.contracts.rules import moved
from apps.core.canonical import plain
from apps.parties import services as parties
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.workflows.mails.changes import Line
from apps.workflows.mails.contracts import both_sides, contract_proposal, link_to, live_grant
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def change_order(*, order_ref: str, what: str, organisation_id: int) -> None:
    """Tell a side what the other one did with a change order; ``what`` is the word for it.

    It goes to the people who write contracts for the seller, and to those who sign for the buyer. The signatory that
    the contract names has a personal link to what is to be signed.
    """
    order = ChangeOrder.objects.select_related("contract__seller", "contract__buyer").get(ref=order_ref)
    contract = order.contract
    side = "seller" if organisation_id == contract.seller_id else "buyer"
    reader, sender = both_sides(contract, first=side)
    version = order.versions.select_related("contract", "changes__contract").order_by("number").last()
    to = parties.mailboxes(
        organisation_id=reader.pk, action=Action.EDIT_CONTRACT if side == "seller" else Action.SIGN_CONTRACT
    )
    grant = _link_to(version) if what == "proposed" and side == "buyer" else None
    if grant is not None:
        to = [mailbox for mailbox in to if mailbox != grant.email]
        _send(order, what, version, reader=reader, sender=sender, to=[grant.email], grant=grant)
    elif not to and side == "buyer" and contract.active_version is not None:
        to = [contract.active_version.signatory_email]
    if to:
        _send(order, what, version, reader=reader, sender=sender, to=to)


def proposal_by_link(*, grant_ref: str) -> None:
    """Ask the signatory by personal link to sign what waits: a contract, or a change of one."""
    grant = live_grant(grant_ref)
    if grant is None:
        return
    version = ContractVersion.objects.select_related("contract", "change_order", "changes__contract").get(
        ref=grant.subject_ref
    )
    if version.change_order is None:
        contract_proposal(grant_ref=grant_ref)
        return
    order = version.change_order
    order.contract = grant.contract
    _send(
        order,
        "proposed",
        version,
        reader=grant.organisation,
        sender=grant.contract.seller,
        to=[grant.email],
        grant=grant,
    )


def _link_to(version: ContractVersion | None) -> GuestGrant | None:
    if version is None:
        return None
    return GuestGrant.objects.filter(subject_ref=version.ref, used_at=None, revoked_at=None).order_by("-id").first()


def _send(
    order: ChangeOrder,
    what: str,
    version: ContractVersion | None,
    *,
    reader: Organisation,
    sender: Organisation,
    to: list[str],
    grant: GuestGrant | None = None,
) -> None:
    contract = order.contract
    side = "seller" if reader.pk == contract.seller_id else "buyer"
    number = f"{order.ref}-{what}-{version.number if version is not None else 0}"
    send(
        Letter(
            name="change_order",
            key=f"{number}.{grant.ref}" if grant is not None else number,
            sender=sender,
            reader=reader,
            to=to,
            button=_("Read and answer") if what == "proposed" else _("Open the change order"),
            url=link_to(grant) if grant is not None else absolute(reverse(f"{side}:change_order", args=[order.ref])),
            facts=_facts(order, version),
            by=version.answer_until if version is not None and what == "proposed" else None,
            context={
                "contract": contract,
                "grant": grant,
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
        *([fact(_("Can be signed until"), on=version.answer_until)] if version.answer_until else []),
    ]


def _terms(version: ContractVersion) -> list[Line]:
    """The terms that are different from then on; a retention is named, for the page shows it word by word."""
    names = {
        "payment_days": _("Days to pay"),
        "review_days": _("Days to review"),
        "question_suspensions": _("Questions that stop the review clock"),
        "notice_days": _("Days of notice of termination"),
        "tax_rate": _("Tax rate in percent"),
    }
    choices = {
        "silence": (_("If the buyer says nothing"), Silence),
        "tax_category": (_("Tax"), TaxCategory),
        "payment_basis": (_("Days to pay count"), PaymentBasis),
        "review_unit": (_("Days that count"), ReviewUnit),
    }
    named = {
        "retention": _("Retention"),
        "payment_documents": _("Documents before payment"),
        "partial_acceptance": _("Acceptance in part"),
        "needs_inspection": _("Inspection before acceptance"),
        "second_acceptor_above": _("Two people accept large milestones"),
        "review_country": _("Calendar of holidays"),
        "review_subdivision": _("Region of the calendar"),
        "review_time_zone": _("Time zone of the review"),
        "signatory_name": _("Who signs off for the buyer"),
        "signatory_email": _("Mailbox of who signs off for you"),
        "governing_law": _("Governing law"),
        "exemption_code": _("Reason of the exemption (code)"),
        "exemption_reason": _("Reason of the exemption, in words"),
        "terms": _("Further terms"),
        "late_payment": _("Late payment"),
        "charges": _("Damages, bonuses and back-charges"),
        "is_assignable": _("Assignment of invoices"),
    }
    lines: list[Line] = []
    for one in contracts.terms_moved(version):
        if one["term"] in names:
            was, now = (_figure(one[side]) for side in ("before", "after"))
            lines.append({"term": names[one["term"]], "before": was, "after": now, "currency": ""})
        elif one["term"] in choices:
            term, choice = choices[one["term"]]
            was, now = (choice(one[side]).label for side in ("before", "after"))
            lines.append({"term": term, "before": was, "after": now, "currency": ""})
        else:
            lines.append({"term": named[one["term"]], "word": _("changed")})
    return lines


def _figure(value: Any) -> Any:
    """A percentage without the zeros of its column."""
    return plain(value) if isinstance(value, Decimal) else value


def _lines(version: ContractVersion, *, currency: str) -> list[Line]:
    """What is different, line by line, in the form in which mails show what changed."""
    if version.changes is None:
        return []
    words = {"added": _("new"), "removed": _("taken out"), "changed": _("another date, or other words")}
    lines = _terms(version)
    for one in moved(contracts.plan_of(version.changes), contracts.plan_of(version)):
        if one.kind == "repriced" and one.before is not None and one.after is not None:
            amounts = {"before": one.before.amount, "after": one.after.amount, "currency": currency}
            lines.append({"term": one.title, **amounts})
        else:
            lines.append({"term": one.title, "word": words[one.kind]})
    return lines
