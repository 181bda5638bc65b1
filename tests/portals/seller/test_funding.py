"""Getting paid early: what can be sold, asking, the offer with its price, the advance."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract
from apps.financing import services as financing
from apps.financing.models import FundingRequest, Offer, Tranche
from apps.milestones.models import Milestone
from tests import scenarios
from tests.portals.seller.conftest import (
    SignIn,
    accepted_offer,
    hidden,
    issued_offer,
    offered_as_one,
    opened_facility,
    priced_offer,
    requested_funding,
    settled_tranche,
)
from tests.scenarios import Parties, acting, software_draft

LIST = "/seller/funding/"


def accepted(parties: Parties) -> Milestone:
    return scenarios.accepted_milestone(scenarios.active_contract(parties))


def asking(milestone: Milestone) -> str:
    """The page on which this milestone is asked for, chosen already."""
    return f"{reverse('seller:request_funding', args=[milestone.contract.ref])}?milestone={milestone.ref}"


def test_without_a_line_the_page_says_what_will_stand_there(parties: Parties, seller: Client) -> None:
    accepted(parties)
    assert "No financier has opened a line for you yet" in seller.get(LIST).content.decode()


def test_what_can_be_sold_is_listed_with_what_it_would_come_to(parties: Parties, seller: Client) -> None:
    accepted(parties)
    opened_facility(parties)
    ((_invoice, guess),) = seller.get(LIST).context["fundable"]
    assert (guess.price.gross, guess.price.discount, guess.price.fee, guess.price.net) == (
        Decimal("12138.00"),
        Decimal("121.38"),
        Decimal("60.69"),
        Decimal("11955.93"),
    )
    tiles = {str(tile.label): tile.amount for tile in seller.get("/seller/").context["tiles"]}
    assert tiles["Available to finance"] == Decimal("12138.00")


def test_what_is_available_stays_within_the_line(parties: Parties, seller: Client) -> None:
    accepted(parties)
    opened_facility(parties, limit="5000")
    tiles = {str(tile.label): tile.amount for tile in seller.get("/seller/").context["tiles"]}
    assert tiles["Available to finance"] == Decimal(5_000)


def test_receivables_that_may_not_be_assigned_are_not_offered(parties: Parties, seller: Client) -> None:
    draft = software_draft(parties, is_assignable=False)
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, draft=draft))
    opened_facility(parties)
    assert seller.get(LIST).context["fundable"] == []
    address = asking(milestone)
    shown = seller.get(address)
    assert "Nothing of this contract can be funded" in shown.content.decode()
    facility = shown.context["form"]["facility"].value()
    response = seller.post(address, {**hidden(shown), "facility": facility, "milestones": [milestone.ref]})
    assert response.status_code == 422
    assert "does not allow its receivables to be assigned" in response.content.decode()


def test_asking_twice_by_two_clicks_asks_once(parties: Parties, seller: Client) -> None:
    milestone = accepted(parties)
    opened_facility(parties)
    address = asking(milestone)
    shown = seller.get(address)
    assert "14,280.00" in shown.content.decode()
    assert [is_chosen for _milestone, _face, is_chosen in shown.context["milestones"]] == [True, False, False]
    form = {
        **hidden(shown),
        "facility": shown.context["form"]["facility"].value(),
        "milestones": [milestone.ref],
        "note": "Payroll on the 25th.",
    }
    for _click in range(2):
        assert seller.post(address, form)["Location"] == LIST
    with acting(scenarios.seller_actor(parties)):
        assert FundingRequest.objects.get().note == "Payroll on the 25th."
    left = [found.ref for found, _face, _is_chosen in seller.get(address).context["milestones"]]
    assert milestone.ref not in left
    assert len(left) == 2
    assert seller.get(LIST).context["fundable"] == []
    assert seller.post(address, {**form, "key": "other"}).status_code == 422


def test_a_line_that_is_not_the_sellers_cannot_be_asked(parties: Parties, strangers: Parties, seller: Client) -> None:
    milestone = accepted(parties)
    opened_facility(parties)
    foreign = opened_facility(strangers)
    address = asking(milestone)
    response = seller.post(address, {**hidden(seller.get(address)), "facility": foreign, "milestones": [milestone.ref]})
    assert response.status_code == 422
    assert "facility" in response.context["form"].errors


def test_a_request_is_withdrawn_once(parties: Parties, seller: Client) -> None:
    request = requested_funding(parties, accepted(parties), opened_facility(parties))
    address = reverse("seller:withdraw_request", args=[request])
    form = hidden(seller.get(address))
    for _click in range(2):
        assert seller.post(address, form)["Location"] == LIST
    with acting(scenarios.seller_actor(parties)):
        assert FundingRequest.objects.get().state == "withdrawn"
    assert seller.post(address, {"key": "another"}).status_code == 422


def test_the_offer_shows_money_apr_and_xirr_and_where_the_money_goes(parties: Parties, seller: Client) -> None:
    offer = issued_offer(parties, accepted(parties), opened_facility(parties))
    response = seller.get(reverse("seller:offer", args=[offer.ref]))
    page = response.content.decode()
    assert response.context["cost"] == Decimal("182.07")
    # 182.07 / 11955.93 × 365 / 30, and the same compounded: (1 + 182.07 / 11955.93) ^ (365 / 30) − 1.
    assert "18.53%" in page
    assert "20.19%" in page
    for part in ("Annual percentage rate (APR)", "Internal rate of return (XIRR)", "11,955.93", "2,142.00"):
        assert part in page, part
    assert "DISCLOSURE" in page
    assert [amount for _label, amount in response.context["waterfall"].steps] == [
        Decimal("14280.000"),
        Decimal("-2142.000"),
        Decimal("-121.380"),
        Decimal("-60.690"),
    ]
    assert "Offer for" in seller.get("/seller/").content.decode()


def test_an_offer_that_waits_for_its_approval_is_not_the_sellers_yet(parties: Parties, seller: Client) -> None:
    offer = priced_offer(parties, accepted(parties), opened_facility(parties))
    for name in ("offer", "accept_offer", "decline_offer"):
        assert seller.get(reverse(f"seller:{name}", args=[offer])).status_code == 404
    ((_request, shown),) = seller.get(LIST).context["requests"]
    assert shown is None


def test_accepting_signs_the_disclosure_that_was_shown_once(parties: Parties, seller: Client) -> None:
    offer = issued_offer(parties, accepted(parties), opened_facility(parties))
    address = reverse("seller:accept_offer", args=[offer.ref])
    stale = seller.post(address, {"key": scenarios.key(), "seen": "0" * 64})
    assert stale.status_code == 422
    form = hidden(seller.get(address))
    assert form["seen"] == offer.disclosure_sha256
    first, second = seller.post(address, form), seller.post(address, form)
    with acting(scenarios.seller_actor(parties)):
        tranche = Tranche.objects.get()
    assert first["Location"] == second["Location"] == reverse("seller:tranche", args=[tranche.ref])
    assert "Meridian Logistik AG acknowledges the assignment" in seller.get(first["Location"]).content.decode()


def test_declining_ends_the_offer_once(parties: Parties, seller: Client) -> None:
    offer = issued_offer(parties, accepted(parties), opened_facility(parties))
    address = reverse("seller:decline_offer", args=[offer.ref])
    form = hidden(seller.get(address))
    for _click in range(2):
        assert seller.post(address, form)["Location"] == LIST
    with acting(scenarios.seller_actor(parties)):
        assert Offer.objects.get().state == "declined"
    assert "not open any more" in seller.get(address).content.decode()
    accept = reverse("seller:accept_offer", args=[offer.ref])
    assert seller.post(accept, {"key": "k", "seen": offer.disclosure_sha256}).status_code == 422


def test_who_may_not_ask_for_funding_is_told_so(parties: Parties, signed_in: SignIn) -> None:
    milestone = accepted(parties)
    facility = opened_facility(parties)
    client = signed_in("delivery")
    ask = asking(milestone)
    shown = client.get(ask)
    answers = [client.post(ask, {**hidden(shown), "facility": facility, "milestones": [milestone.ref]})]
    offer = issued_offer(parties, milestone, facility)
    form = {"key": scenarios.key(), "seen": offer.disclosure_sha256}
    answers += [
        client.post(reverse(f"seller:{name}", args=[offer.ref]), form) for name in ("accept_offer", "decline_offer")
    ]
    with acting(scenarios.seller_actor(parties)):
        request = FundingRequest.objects.get()
    answers.append(client.post(reverse("seller:withdraw_request", args=[request.ref]), form))
    for response in answers:
        assert response.status_code == 422
        assert "Your role does not allow you to ask for funding" in response.content.decode()


def test_the_advance_tells_its_story_to_the_last_cent(parties: Parties, seller: Client) -> None:
    tranche = accepted_offer(parties, accepted(parties), opened_facility(parties))
    context = seller.get(reverse("seller:tranche", args=[tranche.ref])).context
    assert [step.state for step in context["steps"]] == ["done", "current", "ahead", "ahead", "ahead"]
    assert [tile.amount for tile in context["tiles"]] == [0, 0, Decimal("2142.000")]


def test_a_settled_advance_has_paid_everything_out(parties: Parties, seller: Client) -> None:
    tranche = settled_tranche(parties, accepted(parties), opened_facility(parties))
    response = seller.get(reverse("seller:tranche", args=[tranche.ref]))
    assert [step.state for step in response.context["steps"]] == ["done"] * 5
    # Paid the same day: half of the discount is the least charge of 15 days, the other half comes back.
    assert [tile.amount for tile in response.context["tiles"]] == [Decimal("14158.62"), 0, 0]
    assert "This advance is closed" in response.content.decode()


def test_several_milestones_are_asked_for_and_offered_as_one(parties: Parties, seller: Client) -> None:
    milestone = accepted(parties)
    opened_facility(parties)
    address = reverse("seller:request_funding", args=[milestone.contract.ref])
    shown = seller.get(address)
    refs = [found.ref for found, _face, _is_chosen in shown.context["milestones"]]
    nothing = seller.post(address, {**hidden(shown), "facility": shown.context["form"]["facility"].value()})
    assert nothing.status_code == 422
    assert "Choose at least one milestone" in nothing.content.decode()
    form = {**hidden(shown), "facility": shown.context["form"]["facility"].value(), "milestones": refs}
    assert seller.post(address, form)["Location"] == LIST
    with acting(scenarios.seller_actor(parties)):
        request = FundingRequest.objects.get()
    offer = offered_as_one(parties, request)
    page = seller.get(reverse("seller:offer", args=[offer.ref])).content.decode()
    for part in ("Milestone by milestone", "before acceptance", "unit-period", "the advance on it is paid back by you"):
        assert part in page, part
    accept = reverse("seller:accept_offer", args=[offer.ref])
    shown = seller.get(accept)
    assert "What the buyer will owe for “Integration” is assigned" in shown.content.decode()
    assert seller.post(accept, hidden(shown))["Location"] == reverse("seller:offer", args=[offer.ref])
    with acting(scenarios.seller_actor(parties)):
        tranches = list(Tranche.objects.order_by("milestone__position"))
    page = seller.get(reverse("seller:offer", args=[offer.ref])).content.decode()
    assert all(reverse("seller:tranche", args=[tranche.ref]) in page for tranche in tranches)
    before = seller.get(reverse("seller:tranche", args=[tranches[1].ref]))
    assert [str(step.name) for step in before.context["steps"]][3] == "Milestone accepted"


def test_an_advance_that_is_not_paid_out_is_cancelled_once(parties: Parties, seller: Client) -> None:
    tranche = accepted_offer(parties, accepted(parties), opened_facility(parties))
    page = reverse("seller:tranche", args=[tranche.ref])
    address = reverse("seller:cancel_tranche", args=[tranche.ref])
    assert address in seller.get(page).content.decode()
    shown = seller.get(address)
    for part in ("12,138.00", "Meridian Logistik AG", "is told by mail to pay you again"):
        assert part in shown.content.decode().replace("\N{NO-BREAK SPACE}", " "), part
    assert seller.post(address, hidden(shown)).status_code == 422
    form = {**hidden(shown), "reason": "The buyer pays early."}
    for _click in range(2):
        assert seller.post(address, form)["Location"] == page
    with acting(scenarios.seller_actor(parties)):
        tranche.refresh_from_db()
    assert (tranche.state, tranche.cancel_reason) == ("cancelled", "The buyer pays early.")
    assert address not in seller.get(page).content.decode()
    assert "Only an advance that is accepted and not paid out" in seller.get(address).content.decode()


def test_who_may_not_ask_for_funding_does_not_cancel(parties: Parties, signed_in: SignIn) -> None:
    tranche = accepted_offer(parties, accepted(parties), opened_facility(parties))
    client = signed_in("delivery")
    address = reverse("seller:cancel_tranche", args=[tranche.ref])
    assert address not in client.get(reverse("seller:tranche", args=[tranche.ref])).content.decode()
    refused = client.post(address, {"key": scenarios.key(), "reason": "Mine."})
    assert refused.status_code == 422
    assert "Your role does not allow you" in refused.content.decode()


def test_what_if_shows_early_beside_waiting_and_writes_nothing(parties: Parties, seller: Client) -> None:
    milestone = accepted(parties)
    opened_facility(parties)
    page = seller.get(asking(milestone))
    assert page.context["answer"] is None
    today = page.context["trying"].today
    tried = {"tried": milestone.ref, "paid_on": today.isoformat(), "line": page.context["lines"][0].ref}
    answer = seller.get(asking(milestone), tried).context["answer"]
    assert (answer.whole.gross, answer.whole.net) == (Decimal("12138.00"), Decimal("11955.93"))
    assert answer.early == answer.whole.face - Decimal("182.07")
    assert answer.rates.apr < answer.rates.xirr
    assert [step.days for step in answer.lines[0].steps] == [0, 0]
    half = seller.get(asking(milestone), tried | {"share": "42.5"}).context["answer"]
    assert half.whole.gross == Decimal("6069.00")
    more = seller.get(asking(milestone), tried | {"share": "99"}).context["answer"]
    assert more.whole.gross == answer.whole.gross, "no more than the line gives"
    assert not FundingRequest.objects.exists()


def test_what_if_says_why_there_is_no_answer(parties: Parties, seller: Client) -> None:
    milestone = accepted(parties)
    opened_facility(parties)
    page = seller.get(asking(milestone))
    tried = {"tried": milestone.ref, "paid_on": "2020-01-01", "line": page.context["lines"][0].ref}
    assert "Choose today or a later day." in seller.get(asking(milestone), tried).content.decode()
    last = seller.get(asking(milestone), {**tried, "paid_on": "9999-12-31"}).content.decode()
    assert "The year 9999 cannot be meant" in last
    none = seller.get(asking(milestone), {**tried, "tried": "", "paid_on": "2030-01-01"}).content.decode()
    assert "Choose at least one milestone." in none or "is not one of the available choices" in none


def test_a_history_is_counted_from_three_cases_on(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        history = financing.history_of(Contract.objects.select_related("seller").get(pk=contract.pk))
    assert (history.slips, history.lateness) == ([], [])
