"""A termination on the pages: notice, values, check, the effect before signing, and the end."""

from django.urls import reverse

from apps.contracts.models import Termination
from apps.core.database import walls
from apps.milestones.models import Settlement
from tests import scenarios
from tests.portals.test_change_orders import browser, carried


def test_the_buyer_gives_notice_both_value_the_work_and_the_seller_ends_it(db: None) -> None:
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract, position=3)
    buyer, seller = browser(parties, "buyer"), browser(parties, "seller")

    assert reverse("buyer:terminate_contract", args=[contract.ref]) in (
        buyer.get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    )
    page = buyer.get(reverse("buyer:terminate_contract", args=[contract.ref]))
    form = page.context["form"]
    typed = {"key": form["key"].value(), "effective_on": form["effective_on"].value().isoformat(), "ground": "cause"}
    refused = buyer.post(page.request["PATH_INFO"], typed)
    assert (refused.status_code, "The cause is missing" in refused.content.decode()) == (422, True)
    given = buyer.post(page.request["PATH_INFO"], typed | {"reason": "The warehouse is sold."})
    with walls.asking_for(contract.seller_id):
        notice = Termination.objects.get(contract=contract)
    assert given["Location"] == reverse("buyer:termination", args=[notice.ref])

    write = reverse("seller:propose_settlement", args=[notice.ref])
    forms = seller.get(write).context["forms"]
    first, second = (one["amount"].html_name for one in forms.values)
    too_much = seller.post(write, {"key": "k", first: "12,000.01", second: "0"})
    assert (too_much.status_code, "only 12,000.00 EUR are not billed" in too_much.content.decode()) == (422, True)
    check = seller.post(write, {"key": "k", first: "5,000.00", second: "0", "note": "Two of three interfaces run."})
    said = check.content.decode()
    assert "We claim 5,000.00 EUR net of tax in all" in said
    sent = seller.post(write, carried(check))
    assert sent["Location"] == reverse("seller:termination", args=[notice.ref])

    # The buyer answers with other figures, beginning from those that wait.
    write = reverse("buyer:propose_settlement", args=[notice.ref])
    assert buyer.get(write).context["forms"].values[0]["amount"].value() == "5,000.00"
    answer = buyer.post(write, {"key": "k", first: "4,000.00", second: "0"})
    buyer.post(write, carried(answer))
    with walls.asking_for(contract.seller_id):
        settlement = Settlement.objects.get(contract=contract, state="proposed")
    assert "Settle the termination" in seller.get(reverse("seller:home")).content.decode()
    sign = reverse("seller:sign_settlement", args=[settlement.ref])
    shown = seller.get(sign)
    effect = shown.context["effect"]
    assert (effect.billed, effect.draft.valued, effect.billed_after) == (16000, 4000, 20000)
    again = shown.context["again"]
    done = seller.post(sign, {name: again[name].value() for name in ("key", "seen")})
    assert done["Location"] == reverse("seller:termination", args=[notice.ref])
    for client, side in ((seller, "seller"), (buyer, "buyer")):
        assert "Settled" in client.get(reverse(f"{side}:termination", args=[notice.ref])).content.decode()
        shown_now = client.get(reverse(f"{side}:contract", args=[contract.ref])).content.decode()
        assert "Terminated" in shown_now
        tabs = client.get(reverse(f"{side}:contracts")).context["tabs"]
        assert {tab.label: tab.count for tab in tabs if tab.label in ("Completed", "Terminated")} == {
            "Completed": 0,
            "Terminated": 1,
        }
        assert contract.number in client.get(f"{reverse(f'{side}:contracts')}?state=terminated").content.decode()
        assert contract.number not in client.get(f"{reverse(f'{side}:contracts')}?state=completed").content.decode()
        # What was accepted, on both sides, and not the 40,000.00 that were signed.
        assert "20,000.00" in shown_now.split("<tfoot>", 1)[1].split("</tfoot>", 1)[0]
