"""Mails about a contract: to the buyer's signatory, and back to the seller."""

from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from apps.contracts import services as contracts
from apps.contracts import wording
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.models.version import BillsBy
from apps.core import clock
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.workflows.mails import changes
from apps.workflows.mails.letter import About, Letter, absolute, fact, money, send


def link_to(grant: GuestGrant) -> str:
    """The personal link of a grant; its token is made from the row and stands nowhere else."""
    token = tokens.token_for(purpose="guest_grant", ref=grant.ref)
    return absolute(reverse("link:open", kwargs={"token": token}))


def both_sides(contract: Contract, *, first: str) -> tuple[Organisation, Organisation]:
    """The organisation that is this side of a contract, and the other one."""
    sides = (contract.seller, contract.buyer)
    return sides if first == "seller" else sides[::-1]


def going_on_at(contract: Contract, purpose: str, subject_ref: str) -> str:
    """The newest personal link of the signatory to something that goes on, or that ended a moment ago; nothing where
    there is none. That of a colleague is the colleague's alone."""
    links = contract.grants.filter(purpose=purpose, subject_ref=subject_ref, revoked_at=None, passed_from=None)
    grant = links.filter(expires_at__gt=clock.now()).order_by("-pk").first()
    return link_to(grant) if grant is not None else ""


def live_grant(grant_ref: str) -> GuestGrant | None:
    """The grant with its contract and both sides; None once it was used or revoked, so that no dead link is sent."""
    grants = GuestGrant.objects.select_related("contract__seller", "contract__buyer", "organisation")
    return grants.filter(ref=grant_ref, used_at__isnull=True, revoked_at__isnull=True).first()


def contract_proposal(*, grant_ref: str) -> None:
    """Ask the named signatory to read and sign the version that the seller signed."""
    grant = live_grant(grant_ref)
    if grant is None:
        return
    version = ContractVersion.objects.prefetch_related("lines").get(ref=grant.subject_ref)
    contract, review = grant.contract, contracts.review_terms(version)
    earlier = changes.before(version)
    plans = contracts.plans_of(version)
    send(
        Letter(
            name="contract_proposal",
            key=grant.ref,
            sender=contract.seller,
            reader=grant.organisation,
            to=[grant.email],
            button=_("Read and sign"),
            url=link_to(grant),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Price, net of tax"), version.price, contract.currency),
                fact(_("Payment"), lazy(wording.payment, str)(version.payment_days, version.payment_basis)),
                *([fact(_("Invoices"), BillsBy(version.bills_by).label)] if version.is_by_application else []),
                fact(_("Days to review"), lazy(wording.review_period, str)(review)),
                fact(_("If you say nothing"), lazy(wording.silence_means, str)(review.silence)),
                *([fact(_("Can be signed until"), on=version.answer_until)] if version.answer_until else []),
            ],
            context={
                "grant": grant,
                "contract": contract,
                "version": version,
                "earlier": earlier,
                "has_options": len(plans) > 1,
                "lines": [money(plan.plan_name, plan.price, contract.currency) for plan in plans]
                if len(plans) > 1
                else [money(line.title, line.amount, contract.currency) for line in version.lines.all()],
            },
            about=About(f"version:{version.ref}", contract),
        )
    )


def contract_signed(*, contract_ref: str) -> None:
    """Tell the side that proposed that both have signed: of the seller whoever works on it, of the buyer who signed."""
    contract = Contract.objects.select_related("seller", "buyer", "active_version").get(ref=contract_ref)
    version = contract.active_version
    if version is None:
        return
    signatures = {one.side: one for one in version.whole.signatures.all()}
    if version.author == "seller":
        sender, reader, signature = contract.buyer, contract.seller, signatures["buyer"]
        to = parties.mailboxes(organisation_id=reader.pk, action=Action.SUBMIT_MILESTONE)
    else:
        sender, reader, signature = contract.seller, contract.buyer, signatures["seller"]
        to = [signatures["buyer"].email]
    send(
        Letter(
            name="contract_signed",
            key=version.ref,
            sender=sender,
            reader=reader,
            to=to,
            button=_("Open the contract"),
            url=absolute(reverse(f"{version.author}:contract", args=[contract.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                money(_("Price, net of tax"), version.price, contract.currency),
                fact(_("Signed by"), signature.name),
            ],
            context={"contract": contract, "version": version, "signature": signature},
        )
    )


def signed_copy(*, version_ref: str) -> None:
    """Confirm to the signatory who signed by personal link what was signed; members find it in their portal."""
    versions = ContractVersion.objects.select_related("contract__seller", "contract__buyer")
    version = versions.get(ref=version_ref)
    contract = version.contract
    signature = version.signatures.select_related("grant", "plan").get(side="buyer")
    price = (signature.plan or version).price
    if signature.grant is None:
        return
    send(
        Letter(
            name="signed_copy",
            key=version.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=[signature.email],
            button=_("Look at the contract"),
            url=link_to(signature.grant),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                fact(_("Version"), version.number),
                money(_("Price, net of tax"), price, contract.currency),
            ],
            context={
                "contract": contract,
                "version": version,
                "signature": signature,
                "until": signature.grant.expires_at.astimezone(ZoneInfo(contract.buyer.time_zone)).date(),
            },
        )
    )


def contract_changes(*, version_ref: str) -> None:
    """Tell the side that proposed what the other one wants changed, in its own words."""
    version = ContractVersion.objects.select_related("contract__seller", "contract__buyer").get(ref=version_ref)
    contract = version.contract
    reader, sender = both_sides(contract, first=version.author)
    send(
        Letter(
            name="contract_changes",
            key=version.ref,
            sender=sender,
            reader=reader,
            to=parties.mailboxes(organisation_id=reader.pk, action=Action.EDIT_CONTRACT),
            button=_("Open the new draft"),
            url=absolute(reverse(f"{version.author}:contract", args=[contract.ref])),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                fact(_("Version"), version.number),
                money(_("Price, net of tax"), version.price, contract.currency),
            ],
            context={"contract": contract, "version": version},
        )
    )
