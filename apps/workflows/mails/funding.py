"""Mails about early payment: to the seller how a request stands, to the buyer whom to pay."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import GuestGrant
from apps.core.money import total
from apps.financing.models import Assignment, FundingRequest, Offer
from apps.financing.models.offer import OfferState
from apps.financing.models.request import RequestState
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails.contracts import link_to, live_grant
from apps.workflows.mails.invoices import account_lines
from apps.workflows.mails.letter import About, Letter, absolute, fact, money, send


def funding_news(*, request_ref: str) -> None:
    """Tell the seller what became of a request: an offer to answer, a refusal with its reason, or money on its way."""
    requests = FundingRequest.objects.select_related("financier", "seller")
    request = requests.get(ref=request_ref)
    offers = request.offers.filter(approved_at__isnull=False).order_by("-version")
    offer = offers.first()
    letter = _letter_about(request, offer)
    if letter is not None:
        send(letter)


def _letter_about(request: FundingRequest, offer: Offer | None) -> Letter | None:
    """The letter for the state of things now; None when there is no news that the seller does not know."""
    to = parties.mailboxes(organisation_id=request.seller_id, action=Action.REQUEST_FUNDING)
    about = fact(_("For"), request.about)
    if request.state == RequestState.DECLINED:
        return Letter(
            name="funding_declined",
            key=request.ref,
            sender=request.financier,
            reader=request.seller,
            to=to,
            button=_("Open funding"),
            url=absolute(reverse("seller:funding")),
            facts=[about, money(_("Total with tax"), request.face, request.currency)],
            context={"request": request},
        )
    if offer is None:
        return None
    # What stands on for the rest of a milestone was paid out with the first.
    paid = list(offer.tranches.filter(carried_from=None).exclude(funded_on=None).order_by("funded_on", "pk"))
    if paid:
        reserve = total(tranche.reserve for tranche in paid)
        return Letter(
            name="funding_paid",
            # Another letter for each payout: an offer can be paid out in parts.
            key=paid[-1].ref,
            sender=request.financier,
            reader=request.seller,
            to=to,
            button=_("Open the advance"),
            url=absolute(reverse("seller:tranche", args=[paid[-1].ref])),
            facts=[
                about,
                money(_("Paid to you"), total(tranche.net for tranche in paid), offer.currency),
                fact(_("Value date"), on=paid[-1].funded_on),
                money(_("Reserve, paid when the buyer has paid"), reserve, offer.currency),
            ],
            context={"request": request, "offer": offer, "paid": total(tranche.net for tranche in paid)},
        )
    if offer.state != OfferState.ISSUED:
        return None
    return Letter(
        name="funding_offer",
        key=offer.ref,
        sender=request.financier,
        reader=request.seller,
        to=to,
        button=_("See the offer"),
        url=absolute(reverse("seller:offer", args=[offer.ref])),
        by=offer.expires_at,
        facts=[
            about,
            money(_("Advance"), offer.gross, offer.currency),
            money(_("Discount"), offer.discount, offer.currency),
            money(_("Fee"), offer.fee, offer.currency),
            money(_("Reserve, paid when the buyer has paid"), offer.reserve, offer.currency),
        ],
        context={"request": request, "offer": offer, "apr": offer.apr / 100},
    )


def assignment_notice(*, grant_ref: str) -> None:
    """Notify the buyer that the invoice is to be paid to the financier now, and to which account.

    It goes to the buyer's people who may acknowledge it; while there are none, and when the link is renewed, to the
    signatory by personal link.
    """
    grant = live_grant(grant_ref)
    if grant is None:
        return
    # What the buyer may not see (the advance, its terms, the financier's own data) is not asked for either.
    assignment = Assignment.objects.select_related(
        "milestone__invoice", "milestone__line__version", "contract__buyer", "contract__seller"
    ).get(ref=grant.subject_ref)
    contract = assignment.contract
    payee = PayeeInstruction.objects.live().get(milestone_id=assignment.milestone_id)
    people = parties.mailboxes(organisation_id=contract.buyer_id, action=Action.ACKNOWLEDGE_ASSIGNMENT)
    as_members = bool(people) and grant.replaces_id is None
    page = absolute(reverse("buyer:acknowledge_assignment", args=[assignment.ref])) if as_members else link_to(grant)
    send(
        Letter(
            name="assignment_notice",
            key=grant.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=people if as_members else [grant.email],
            button=_("Read and confirm"),
            url=page,
            facts=[
                *_receivable(assignment),
                fact(_("Pay to"), payee.payee_name),
                *account_lines(payee),
            ],
            context={"assignment": assignment, "invoice": assignment.invoice, "payee": payee},
            about=About(f"assignment:{assignment.ref}", contract),
        )
    )


def readers_of_notice(assignment: Assignment) -> list[str]:
    """The mailboxes of the buyer to which the notice of an assignment went; that of what stands on for the rest of a
    milestone is the notice of the first."""
    people = parties.mailboxes(organisation_id=assignment.contract.buyer_id, action=Action.ACKNOWLEDGE_ASSIGNMENT)
    same = Assignment.objects.filter(contract=assignment.contract_id, notice_sha256=assignment.notice_sha256)
    told = GuestGrant.objects.filter(subject_ref__in=same.values("ref")).order_by("pk")
    return list(dict.fromkeys([*people, *told.values_list("email", flat=True)]))


def assignment_revoked(*, assignment_ref: str) -> None:
    """Tell the buyer to pay the seller again what is open, and into which account once there is an invoice.

    It goes to everybody to whom the notice went, members and the signatory alike. An invoice that was issued while it
    was assigned names another account for ever, so the letter says the one that counts now.
    """
    assignment = Assignment.objects.select_related(
        "milestone__invoice__open_item", "milestone__line__version", "contract__buyer", "contract__seller"
    ).get(ref=assignment_ref)
    contract = assignment.contract
    invoice, instruction = assignment.invoice, None
    if invoice is not None:
        if invoice.open_item.open == 0:
            # Paid before the advance was: there is nothing to tell.
            return
        instruction = PayeeInstruction.objects.live().filter(milestone_id=assignment.milestone_id).first()
        if instruction is not None and instruction.payee_id != contract.seller_id:
            # Assigned anew before the mail server was reached: that notice says whom to pay.
            return
    send(
        Letter(
            name="assignment_revoked",
            key=assignment.ref,
            sender=contract.seller,
            reader=contract.buyer,
            to=readers_of_notice(assignment),
            button=_("Open the milestone") if invoice is None else _("Open the invoice"),
            url=absolute(
                reverse("buyer:milestone", args=[assignment.milestone.ref])
                if invoice is None
                else reverse("buyer:invoice", args=[invoice.ref])
            ),
            facts=[
                *_receivable(assignment),
                fact(_("Pay to"), instruction.payee_name if instruction else contract.seller.legal_name),
                *(account_lines(instruction or _printed_on(invoice)) if invoice is not None else []),
            ],
            context={"assignment": assignment, "invoice": invoice, "names_another_account": instruction is not None},
        )
    )


def _printed_on(invoice: Invoice) -> snapshot.CreditTransfer | None:
    return snapshot.read(invoice.snapshot).credit_transfer


def _receivable(assignment: Assignment) -> list[dict[str, Any]]:
    """What is assigned: the invoice, or the milestone with what its invoice will come to."""
    invoice, milestone = assignment.invoice, assignment.milestone
    if invoice is None:
        amount = invoicing.amount_to_bill(milestone)
        return [
            fact(_("Milestone"), milestone.title),
            money(_("Total with tax, once you accept"), amount, milestone.currency),
        ]
    return [
        fact(_("Invoice"), invoice.number),
        money(_("Total with tax"), invoice.gross, invoice.currency),
        fact(_("Due"), on=invoice.open_item.due_on),
    ]
