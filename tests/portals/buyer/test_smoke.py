from collections.abc import Callable
from django.test import Client
from tests import scenarios
from tests.portals.buyer.conftest import Guest, form_of
from tests.scenarios import Parties

def test_all(parties: Parties, signed_in: Callable[..., Client]) -> None:
    contract = scenarios.proposed_contract(parties)
    guest = Guest(scenarios.link_to_sign(contract))
    r = guest.get(); assert r.status_code == 200, r
    r = guest.get("sign/"); assert r.status_code == 200
    r = guest.post("sign/", **form_of(r)); assert r.status_code == 302, r.content.decode()
    r = guest.get(); assert r.status_code == 200; assert "signed by both" in r.content.decode()
    contract.refresh_from_db
    s = scenarios.submitted_milestone(contract)
    guest = Guest(scenarios.link_to_sign_off(s))
    r = guest.get(); assert r.status_code == 200, r
    r = guest.get("changes/"); assert r.status_code == 200
    f = form_of(r)
    r = guest.post("changes/", **f, verdict_1="not_met", reason_1="Crashes", verdict_2="met"); assert r.status_code == 302, r.content.decode()
    r = guest.get(); assert r.status_code == 200
    s = scenarios.submitted_milestone(contract)
    c = signed_in("approver")
    for u in ("/buyer/", "/buyer/contracts/", f"/buyer/contracts/{contract.ref}/", f"/buyer/milestones/{s.milestone.ref}/", f"/buyer/submissions/{s.ref}/accept/", f"/buyer/submissions/{s.ref}/changes/"):
        r = c.get(u); assert r.status_code == 200, (u, r)
    guest = Guest(scenarios.link_to_sign_off(s))
    r = guest.get("accept/"); assert r.status_code == 200
    r = guest.post("accept/", **form_of(r)); assert r.status_code == 302, r.content.decode()
    r = guest.get(); assert r.status_code == 200
    assert "is signed off" in r.content.decode()
    for u in ("/buyer/", "/buyer/invoices/", f"/buyer/invoices/{r.context['invoice'].ref}/", f"/buyer/milestones/{s.milestone.ref}/"):
        r = c.get(u); assert r.status_code == 200, (u, r)
