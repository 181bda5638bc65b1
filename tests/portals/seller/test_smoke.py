import os, pathlib
from django.test import Client
from tests import scenarios
from tests.portals.seller.conftest import *
from apps.workflows import sign_off, contracting
from apps.milestones.services import CriterionVerdict
from apps.milestones.models import Submission

OUT = pathlib.Path("/tmp/sellerside/site")

def save(c, name, url, data=None, files=None):
    r = c.post(url, data) if data else c.get(url)
    assert r.status_code in (200, 422), (url, r, r.headers)
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.html").write_text(r.content.decode())
    return r

def test_pages(parties, seller: Client) -> None:
    save(seller, "home-new", "/seller/")
    save(seller, "contracts-empty", "/seller/contracts/")
    save(seller, "draft-new", "/seller/contracts/new/")
    d = scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, number="D1", title="Data migration"))
    p = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="P1", title="Yard management rollout"))
    q = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="P2", title="Support portal"))
    guest = scenarios.guest_actor(scenarios.link_to_sign(q))
    with acting(guest):
        v = scenarios.ContractVersion.objects.get(contract=q)
        contracting.request_contract_changes(actor=guest, key=key(), version_ref=v.ref, reason="Please plan the integration for June, and add a criterion on response times.")
    c = scenarios.active_contract(parties)
    m = scenarios.accepted_milestone(c)
    s = scenarios.submitted_milestone(c, position=2)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(s))
    with acting(guest):
        s = Submission.objects.select_related("milestone").get(pk=s.pk)
        crit = list(s.milestone.line.criteria.all())
        sign_off.request_changes(actor=guest, key=key(), submission_ref=s.ref, seen=s.sha256, verdicts=[CriterionVerdict(crit[0].pk, False, "The protocol lists two open defects of class A: 17 and 23."), CriterionVerdict(crit[1].pk, True)], comment="Nearly there.")
    f = opened_facility(parties)
    save(seller, "prepare-again", f"/seller/milestones/{s.milestone.ref}/prepare/")
    m3 = scenarios.milestone_of(c, position=3)
    save(seller, "prepare-first", f"/seller/milestones/{m3.ref}/prepare/")
    scenarios.prepared_milestone(c, actor=scenarios.seller_actor(parties), position=3)
    save(seller, "prepare-draft", f"/seller/milestones/{m3.ref}/prepare/")
    save(seller, "submit", f"/seller/milestones/{m3.ref}/submit/")
    save(seller, "milestone-back", f"/seller/milestones/{s.milestone.ref}/")
    s3 = scenarios.submitted_milestone(c, position=3)
    save(seller, "milestone-waiting", f"/seller/milestones/{m3.ref}/")
    save(seller, "withdraw-submission", f"/seller/submissions/{s3.ref}/withdraw/")
    save(seller, "milestone-accepted", f"/seller/milestones/{m.ref}/")
    save(seller, "contract-active", f"/seller/contracts/{c.ref}/")
    save(seller, "contract-draft", f"/seller/contracts/{d.ref}/")
    save(seller, "contract-back", f"/seller/contracts/{q.ref}/")
    save(seller, "contract-proposed", f"/seller/contracts/{p.ref}/")
    r = save(seller, "draft-change", f"/seller/contracts/{d.ref}/change/")
    save(seller, "propose", f"/seller/contracts/{d.ref}/propose/")
    save(seller, "withdraw-contract", f"/seller/contracts/{d.ref}/withdraw/")
    save(seller, "draft-errors", "/seller/contracts/new/", {"key": "k", "do": "save", "title": "", "number": "X", "buyer": "new", "price": "12,00.0", "currency": "EUR", "payment_days": "30", "review_days": "0", "tax_category": "S", "tax_rate": "19", "signatory_email": "nobody", "plan-count": "2", "plan-0-count": "1", "plan-0-title": "Prototype", "plan-0-basis": "percent", "plan-0-portion": "130", "plan-0-c-0-text": "It runs.", "plan-1-count": "1", "plan-1-portion": "30", "plan-1-basis": "percent"})
    save(seller, "draft-allocated", "/seller/contracts/new/", {"key": "k", "do": "add", "title": "Warehouse", "number": "X", "buyer": parties.buyer.ref, "price": "400,000", "currency": "EUR", "payment_days": "30", "review_days": "14", "tax_category": "S", "tax_rate": "19", "plan-count": "2", "plan-0-count": "1", "plan-0-title": "Prototype", "plan-0-basis": "percent", "plan-0-portion": "30", "plan-0-c-0-text": "It runs.", "plan-1-count": "1", "plan-1-title": "Integration", "plan-1-portion": "55", "plan-1-basis": "percent"})
    with acting(scenarios.seller_actor(parties)):
        i = m.invoice
    save(seller, "contracts", "/seller/contracts/")
    save(seller, "invoices", "/seller/invoices/")
    save(seller, "invoice", f"/seller/invoices/{i.ref}/")
    save(seller, "payment", f"/seller/invoices/{i.ref}/payment/")
    save(seller, "payment-review", f"/seller/invoices/{i.ref}/payment/", {"key": "k", "do": "review", "amount": "15,000.00", "received_on": "2026-01-02", "bank_reference": "ST 12/4"})
    save(seller, "fund", f"/seller/invoices/{i.ref}/fund/")
    save(seller, "funding", "/seller/funding/")
    o = issued_offer(parties, m, f)
    save(seller, "home", "/seller/")
    save(seller, "funding-offered", "/seller/funding/")
    save(seller, "offer", f"/seller/funding/offers/{o.ref}/")
    save(seller, "offer-accept", f"/seller/funding/offers/{o.ref}/accept/")
    save(seller, "offer-decline", f"/seller/funding/offers/{o.ref}/decline/")
    save(seller, "request-withdraw", f"/seller/funding/requests/{o.request.ref}/withdraw/")
    r = seller.get(f"/seller/funding/offers/{o.ref}/accept/")
    r = seller.post(f"/seller/funding/offers/{o.ref}/accept/", hidden(r))
    assert r.status_code == 302, r.content.decode()[:9000]
    save(seller, "tranche", r.url)
    save(seller, "invoice-assigned", f"/seller/invoices/{i.ref}/")
    from apps.financing.models import Tranche
    with acting(scenarios.seller_actor(parties)):
        t = Tranche.objects.get()
    finish(parties, t)
    save(seller, "tranche-settled", f"/seller/funding/tranches/{t.ref}/")
    save(seller, "funding-end", "/seller/funding/")
    save(seller, "contract-end", f"/seller/contracts/{c.ref}/")
