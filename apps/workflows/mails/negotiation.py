"""Mails of a negotiation: what one side writes, a version of the buyer's own, a last day that went by."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Comment, Contract, ContractVersion, GuestGrant
from apps.contracts.services import newest_proposal
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails import changes
from apps.workflows.mails.contracts import both_sides, link_to, live_grant
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def contract_comment(*, comment_ref: str) -> None:
    """Pass on a comment: to whom the seller has for contracts, to the buyer's signatory or its people who sign."""
    comment = Comment.objects.select_related("version__contract__seller", "version__contract__buyer").get(
        ref=comment_ref
    )
    version = comment.version
    contract = version.contract
    sender, reader = both_sides(contract, first=comment.side)
    to, url = _reach(version, side="buyer" if comment.side == "seller" else "seller")
    send(
        Letter(
            name="contract_comment",
            key=comment.ref,
            sender=sender,
            reader=reader,
            to=to,
            button=_("Read and answer"),
            url=url,
            facts=_facts(contract, version),
            context={"contract": contract, "version": version, "comment": comment},
        )
    )


def counter_proposal(*, version_ref: str) -> None:
    """Tell the seller's people who write contracts that the buyer proposes a version, and what is different."""
    version = _version(version_ref)
    contract = version.contract
    earlier = changes.before(version)
    send(
        Letter(
            name="counter_proposal",
            key=version.ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=parties.mailboxes(organisation_id=contract.seller_id, action=Action.EDIT_CONTRACT),
            button=_("Read and answer"),
            url=absolute(reverse("seller:contract", args=[contract.ref])),
            by=version.answer_until,
            facts=_facts(contract, version),
            context={
                "contract": contract,
                "version": version,
                "earlier": earlier,
            },
        )
    )


def seller_asked(*, grant_ref: str) -> None:
    """Ask who is to take the seller's place to do so: there the contract of the buyer waits to be read and signed.

    No token is in it: whoever signs in with this mailbox may take the organisation over.
    """
    grant = live_grant(grant_ref)
    if grant is None:
        return
    contract = grant.contract
    version = newest_proposal(contract)
    send(
        Letter(
            name="seller_asked",
            key=f"{grant.ref} {version.number}",
            sender=contract.buyer,
            reader=contract.seller,
            to=[grant.email],
            button=_("Read and answer"),
            url=absolute(reverse("account:choose_organisation")),
            by=version.answer_until,
            facts=_facts(contract, version),
            context={"contract": contract, "version": version, "grant": grant},
        )
    )


def proposal_expired(*, version_ref: str) -> None:
    """Tell the people of the side that proposed that nobody signed by the last day, and what they can do."""
    version = _version(version_ref)
    contract = version.contract
    reader, sender = both_sides(contract, first=version.author)
    send(
        Letter(
            name="proposal_expired",
            key=version.ref,
            sender=sender,
            reader=reader,
            to=parties.mailboxes(organisation_id=reader.pk, action=Action.EDIT_CONTRACT),
            button=_("Open the contract"),
            url=absolute(reverse(f"{version.author}:contract", args=[contract.ref])),
            facts=_facts(contract, version),
            context={"contract": contract, "version": version},
        )
    )


def _version(ref: str) -> ContractVersion:
    versions = ContractVersion.objects.select_related("contract__seller", "contract__buyer")
    return versions.prefetch_related("lines__criteria").get(ref=ref)


def _facts(contract: Contract, version: ContractVersion) -> list[dict[str, Any]]:
    return [
        fact(_("Contract"), f"{contract.number} · {contract.title}"),
        fact(_("Version"), version.number),
        money(_("Price, net of tax"), version.price, contract.currency),
        *([fact(_("Can be signed until"), on=version.answer_until)] if version.answer_until else []),
    ]


def _reach(version: ContractVersion, *, side: str) -> tuple[list[str], str]:
    """To whom a side is written about a version, and where they read it: by their link where one is live."""
    contract = version.contract
    if side == "buyer":
        live = GuestGrant.objects.filter(
            purpose=GuestGrant.Purpose.SIGN_CONTRACT,
            subject_ref=version.ref,
            used_at__isnull=True,
            revoked_at__isnull=True,
        ).first()
        if live is not None:
            return [live.email], link_to(live)
        to = parties.mailboxes(organisation_id=contract.buyer_id, action=Action.SIGN_CONTRACT)
    else:
        to = parties.mailboxes(organisation_id=contract.seller_id, action=Action.EDIT_CONTRACT)
    return to, absolute(reverse(f"{side}:contract", args=[contract.ref]))
