"""Who is who in a deal that is being played, and what its next event refers to."""

from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from django.db.models import Q, QuerySet

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, GuestGrant, Termination
from apps.core.errors import Refused
from apps.financing.models import Assignment, ExposureLimit, Facility, FundingRequest, Offer, Tranche
from apps.invoicing.models import Application, Invoice, Payment
from apps.milestones.models import Dispute, Milestone, Submission
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows.deal_file import setting
from apps.workflows.deal_file.deal import Deal, Event

BY_SIGNATORY: Final = frozenset({"pass_to", "take_back"})
"""What only the signatory does by its own link, and not the colleague to whom it was passed on."""
ON_SUBMISSION: Final = frozenset(
    {
        "accept",
        "accept_part",
        "accept_with_reservations",
        "request_changes",
        "ask_question",
        "dispute",
        "dispute_rest",
        *BY_SIGNATORY,
    }
)
"""What the signatory may do by the link to what was submitted last."""
ON_DEFECTS: Final = frozenset({"still_missing", "release_reservation", "agree_reduction", "ask_reduction"})
IN_DISPUTE: Final = frozenset({"reply_in_dispute", "agree_outcome", "offer_outcome", "withdraw_dispute"})
ON_TERMINATION: Final = frozenset({"answer_values", "sign_settlement"})
ON_APPLICATION: Final = frozenset({"certify", "return_application"})
"""What the signatory may do by the links to what goes on after a decision."""


@dataclass
class Scene:
    """The deal, its organisations, and its one contract; rows are read as the acting party sees them."""

    deal: Deal
    organisations: dict[str, Organisation] = field(default_factory=dict)
    contract_ref: str = ""

    def actor(self, event: Event) -> Actor:
        """Who acts in this event: a member, or the signatory by personal link."""
        if event.by.roles:
            return setting.actor_of(event.by, self.organisations[event.by.side])
        grants = GuestGrant.objects.using("owner").filter(contract__ref=self.contract_ref).order_by("-id")
        about = grants.filter(subject_ref__in=self._subjects(event))
        live = grants.filter(used_at__isnull=True, revoked_at__isnull=True)
        if event.verb in BY_SIGNATORY:
            about = about.filter(passed_from__isnull=True)
        link = about.filter(pk__in=live.values("pk")).first() or about.first() or live.first() or grants.first()
        if link is None:
            raise Refused("The buyer has no personal link yet: the contract was not proposed.")
        return contracts.guest(link, origin=setting.ORIGIN)

    def _subjects(self, event: Event) -> list[str]:
        """What the signatory's link is about, where several may be open at once: the notice or the last submission."""
        of = {"milestone__contract__ref": self.contract_ref, "milestone__position": event.milestone or 0}
        if event.verb == "acknowledge_assignment":
            notices = Assignment.objects.using("owner").filter(**of).order_by("-id")
            return list(notices.values_list("ref", flat=True)[:1])
        if event.verb in ("sign_change", "decline_change"):
            made = ContractVersion.objects.using("owner").filter(contract__ref=self.contract_ref)
            return list(
                made.filter(change_order__state="proposed").values_list("ref", flat=True).order_by("-number")[:1]
            )
        if event.verb in ON_SUBMISSION or (event.verb == "ask" and event.milestone is not None):
            sent = (
                Submission.objects.using("owner")
                .filter(**of)
                .exclude(state="draft")
                .order_by("-milestone__part", "-number")
            )
            return list(sent.values_list("ref", flat=True)[:1])
        return self._going_on(event)

    def _going_on(self, event: Event) -> list[str]:
        """What the link is about of what goes on after a decision."""
        here = {"contract__ref": self.contract_ref}
        if event.verb in ON_DEFECTS:
            parts = Milestone.objects.using("owner").filter(**here, position=event.milestone or 0)
            return list(parts.filter(reservations__isnull=False).values_list("ref", flat=True).distinct())
        if event.verb in IN_DISPUTE:
            return list(Dispute.objects.using("owner").filter(**here).values_list("ref", flat=True).order_by("-pk")[:1])
        if event.verb in ON_APPLICATION:
            waiting = Application.objects.using("owner").filter(**here, state="submitted")
            return list(waiting.values_list("ref", flat=True))
        if event.verb == "confirm_event":
            return [self.contract_ref]
        if event.verb in ON_TERMINATION:
            return list(Termination.objects.using("owner").filter(**here).values_list("ref", flat=True))
        return []

    def contract(self) -> Contract:
        return Contract.objects.get(ref=self.contract_ref)

    def version(self) -> ContractVersion:
        return ContractVersion.objects.filter(contract__ref=self.contract_ref, proposed_at__isnull=False).latest(
            "number"
        )

    def milestone(self, event: Event) -> Milestone:
        """The milestone as it stands: what is left of one that was accepted in part."""
        parts = Milestone.objects.filter(contract__ref=self.contract_ref, position=event.milestone or 0)
        found = parts.order_by("part").last()
        if found is None:
            raise Refused("The contract is not signed yet, so it has no milestones.")
        return found

    def of_milestone(self, event: Event, by: str) -> dict[str, object]:
        """All parts of the milestone that an event names, whatever lines of the plan they live by."""
        return {f"{by}__contract__ref": self.contract_ref, f"{by}__position": self.milestone(event).position}

    def milestones(self, event: Event) -> list[Milestone]:
        """All that the event names, in the order of the plan."""
        found = Milestone.objects.filter(contract__ref=self.contract_ref, position__in=event.milestones)
        return list(found.order_by("position"))

    def submission(self, event: Event) -> Submission:
        found = (
            Submission.objects.filter(milestone=self.milestone(event)).exclude(state="draft").order_by("number").last()
        )
        if found is None:
            raise Refused("This milestone was not submitted yet.")
        return found

    def invoice(self, event: Event) -> Invoice:
        """Of a line with several (parts, periods), the one that is named, the first that is open, else the last one."""
        invoices = list(self.invoices(event).select_related("open_item"))
        found = next((one for one in invoices if one.open_item.open), invoices[-1] if invoices else None)
        if found is None:
            raise Refused("This line of the plan has no invoice yet: it was not accepted, or is not due.")
        return found

    def invoices(self, event: Event) -> "QuerySet[Invoice]":
        """All of a line, or of the period that is named."""
        invoices = Invoice.objects.filter(contract__ref=self.contract_ref)
        if event.period is not None:
            invoices = invoices.filter(instalment__number=event.period)
        of_line = Q(milestone__position=event.milestone) | Q(instalment__position=event.milestone)
        return invoices.filter(of_line).order_by("milestone__part", "instalment__number")

    def payment(self, event: Event) -> Payment:
        """The newest payment on the line's invoices that is not reversed."""
        paid = Payment.objects.filter(allocations__invoice__in=self.invoices(event), reversal__isnull=True)
        found = paid.order_by("id").last()
        if found is None:
            raise Refused("No payment is recorded on the invoice of this line.")
        return found

    def request(self, event: Event) -> FundingRequest:
        found = FundingRequest.objects.filter(items__milestone=self.milestone(event)).order_by("id").last()
        if found is None:
            raise Refused("Funding was not requested for this milestone.")
        return found

    def offer(self, event: Event) -> Offer:
        found = Offer.objects.filter(request=self.request(event)).order_by("version").last()
        if found is None:
            raise Refused("This request has no offer that you can see.")
        return found

    def tranche(self, event: Event) -> Tranche:
        found = Tranche.objects.filter(milestone=self.milestone(event)).order_by("id").last()
        if found is None:
            raise Refused("No offer was accepted for this milestone.")
        return found

    def facility(self) -> Facility:
        facilities = Facility.objects.live().filter(
            seller=self.organisations["seller"],
            financier=self.organisations["financier"],
            currency=self.deal.contract.currency,
        )
        found = facilities.order_by("id").last()
        if found is None:
            raise Refused("No facility is open for the seller.")
        return found

    def exposure(self, event: Event) -> ExposureLimit:
        found = ExposureLimit.objects.filter(
            organisation=self.organisations[event.side], side=event.side, currency=self.deal.contract.currency
        ).first()
        if found is None:
            raise Refused("Nothing was ever priced for this organisation, so there is nothing to limit.")
        return found

    def assignment(self, event: Event) -> Assignment:
        found = Assignment.objects.filter(milestone=self.milestone(event)).order_by("id").last()
        if found is None:
            raise Refused("This milestone is not assigned.")
        return found


def new_key() -> str:
    """A one-time key: every event of a file happens once."""
    return str(uuid4())


def reference_of(event: Event) -> str:
    """The bank's reference of an event's payment, made from its line where the file gives none."""
    return event.reference or f"line {event.line} of {event.at:%Y-%m-%d}"
