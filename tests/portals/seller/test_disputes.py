"""A dispute through the pages of both sides: raised, answered, settled; and what is payable meanwhile."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.milestones.models import Dispute, Milestone
from apps.workflows import disputing
from tests import corrections, disputes, scenarios
from tests.portals.seller.conftest import SignIn
from tests.scenarios import Parties, acting, key

REASON = "Two days of training were not held."


def keyed(client: Client, url: str) -> dict[str, str]:
    """The one-time key of a form on the page."""
    client.get(url)
    return {"key": key()}


def post(client: Client, url: str, **data: str) -> str:
    return str(client.post(url, {**keyed(client, url), **data})["Location"])


def test_the_rest_in_dispute_stands_once_on_the_first_page_and_was_submitted(
    parties: Parties, signed_in: SignIn
) -> None:
    at = clock.now()
    contract = scenarios.active_contract(parties)
    submission = disputes.told(parties, scenarios.submitted_milestone(contract), at=at)
    bea = scenarios.approver_actor(parties)
    with acting(bea):
        disputing.dispute_rest(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            amount=Decimal(2000),
            verdicts=[],
            reason=REASON,
            answer_days=7,
        )
        rest = Milestone.objects.get(contract=contract, part=2)
    needs = signed_in("seller").get(reverse("seller:home")).context["needs"]
    assert [need.what for need in needs if rest.title in need.what] == [f"In dispute: {rest.title}"]
    steps = signed_in("approver").get(reverse("buyer:milestone", args=[rest.ref])).context["steps"]
    assert [step.state for step in steps[:3]] == ["done", "done", "stopped"]


def test_both_sides_settle_a_disputed_invoice(parties: Parties, signed_in: SignIn) -> None:
    contract = scenarios.active_contract(parties)
    invoice = corrections.invoice_of(scenarios.accepted_milestone(contract))
    approver = signed_in("approver")
    url = reverse("buyer:dispute_invoice", args=[invoice.ref])
    assert url in approver.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    raised = {"how": "amount", "amount": "1000", "reason": REASON, "answer_days": "14"}
    too_much = approver.post(url, {**keyed(approver, url), **raised, "amount": "12000.01"})
    assert too_much.status_code == 422
    here = post(approver, url, **raised)
    shown = approver.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    assert "Disputed" in shown
    assert "13,090.00" in shown, "what is payable now"
    with acting(scenarios.seller_actor(parties)):
        dispute = Dispute.objects.get()
    assert here == reverse("buyer:dispute", args=[dispute.ref])

    billing = signed_in("billing")
    assert "1,190.00 EUR disputed" in billing.get(reverse("seller:invoices")).content.decode().replace("\xa0", " ")
    own = reverse("seller:dispute", args=[dispute.ref])
    assert own in billing.get(reverse("seller:home")).content.decode()
    assert own in billing.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    page = billing.get(own).content.decode()
    assert REASON in page
    assert "withdraw" not in page.split("What both sides say")[1].lower().split("</main>")[0]
    assert post(billing, own, do="propose", outcome="upheld", amount="", note="So be it.") == own

    approver = signed_in("approver")
    with acting(scenarios.seller_actor(parties)):
        proposal = dispute.proposals.get()
    settled = approver.post(here, {**keyed(approver, here), "do": "agree", "proposal": proposal.ref}, follow=True)
    said = settled.content.decode()
    assert "CN-" in said
    assert "Upheld" in said
