"""Who is missing at the buyer, in words: for whoever sends or signs a contract, and on pages of milestones."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.contracts import services as contracts
from apps.contracts.drafts import LineTerms
from apps.contracts.models import ContractVersion
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.rules import Agreed
from apps.contracts.rules.people_needed import Lack
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import ENDED
from apps.portals import formats


def of_version(version: ContractVersion, *, side: str) -> list[str]:
    """What nobody of the buyer could do if this version, with whichever of its plans, were signed as it stands."""
    plans = contracts.plans_of(version)
    lines = [line for plan in plans for line in plan.lines.all() if line.due is None and line.amount is not None]
    terms = version.document_terms or PaymentDocuments()
    documents = [*terms.each, *terms.once, *(name for line in lines for name in line.documents)]
    asked = [(line.amount, line.own) for line in lines if line.amount]
    return _words(version, asked=asked, price=version.price, side=side, documents=documents)


def of_milestone(milestone: Milestone, *, side: str) -> list[str]:
    """What nobody of the buyer can do of what this milestone still needs."""
    if milestone.state in ENDED:
        return []
    version = milestone.line.version
    version.contract = milestone.contract
    return _words(version, asked=[(milestone.amount, milestone.line.own)], price=None, side=side)


def _words(
    version: ContractVersion,
    *,
    asked: Sequence[tuple[Decimal, LineTerms]],
    price: Decimal | None,
    side: str,
    documents: Sequence[str] = (),
) -> list[str]:
    buyer = version.contract.buyer
    found = contracts.missing_people(version, milestones=asked, price=price, documents=documents)
    said, two_accept = [], any(Agreed(version, own).needs_second(amount) for amount, own in asked)
    for one in found:
        amount = formats.money(one.amount, version.currency) if one.amount is not None else ""
        what = {
            Lack.SIGNER: _("Nobody at %(buyer)s may sign for %(amount)s."),
            Lack.INSPECTOR: _("Nobody at %(buyer)s can inspect: who inspects is somebody else than who accepts."),
            Lack.CONFIRMS: _("Nobody at %(buyer)s can confirm the documents that come before payment."),
            Lack.ACCEPTOR: _("%(buyer)s has too few people who may accept a milestone of %(amount)s."),
            Lack.LIMIT: _("Nobody else at %(buyer)s has a limit that reaches a milestone of %(amount)s.")
            if two_accept
            else _("Nobody at %(buyer)s has a limit that reaches a milestone of %(amount)s."),
        }[one.lack] % {"buyer": buyer.legal_name, "amount": amount}
        said.append(f"{what} {_what_to_do(one.lack, is_claimed=buyer.is_claimed, side=side)}")
    return said


def _what_to_do(lack: Lack, *, is_claimed: bool, side: str) -> str:
    if not is_claimed:
        return _(
            "Nobody of the buyer has an account here yet: its team takes its place first, or the term is left out."
        )
    if side == "seller":
        return _("Ask an owner of the buyer to invite somebody, or to raise a limit; or leave the term out.")
    if lack in (Lack.SIGNER, Lack.LIMIT):
        return _("An owner raises a limit, or gives somebody else the role, under “Team”.")
    return _("An owner invites somebody with the role, under “Team”.")
