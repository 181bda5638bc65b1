"""A change order on the pages: written, checked, sent, read with its effect, signed or declined, by both sides."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts import rules
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import ChangeOrder, Contract
from apps.contracts.retention import BUYER, GROSS, RetentionRelease, RetentionStep, RetentionTerms, payable_until_final
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import Milestone
from apps.portals.changing import proposing
from apps.portals.changing.terms import TermsForm
from tests import scenarios
from tests.scenarios import Parties


@pytest.fixture
def contract(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


def browser(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    return client


def order_of(contract: Contract) -> ChangeOrder:
    with walls.asking_for(contract.seller_id):
        return ChangeOrder.objects.get(contract=contract)


def typed(page: Any, *, terms: bool = False) -> dict[str, str]:
    """Everything on the form, as a browser would send it; of the terms only where they are asked for."""
    forms = page.context["forms"]
    data = {"new-count": str(len(forms.added))}
    for form in (forms.head, *forms.lines, *forms.added, *([forms.terms] if terms else [])):
        for name in form.fields:
            field = form[name]
            value = field.value()
            if value is not None and value is not False:
                data[field.html_name] = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return data


def carried(page: Any) -> dict[str, str]:
    """What the page that checks the answers sends on, with the key and the text's hash."""
    again = page.context["again"]
    return dict(page.context["carried"]) | {name: str(again[name].value()) for name in ("key", "seen")}


TRAINING = {
    "new-0-title": "Training",
    "new-0-amount": "3,000.00",
    "new-0-criteria": "Ten users passed the exam. *\nThe slides are handed over.",
    "new-0-payment_days": "7",
}


def proposed(parties: Parties, contract: Contract, *, side: str = "seller") -> Client:
    """Integration costs 2,000.00 more, final delivery is taken out, training is new: 40,000.00 becomes 29,000.00."""
    client = browser(parties, side)
    address = reverse(f"{side}:propose_change", args=[contract.ref])
    page = client.get(address)
    assert page.status_code == 200
    said = {"title": "Second warehouse", "reason": "It was opened in May.", "line-2-amount": "14,000.00"}
    check = client.post(address, typed(page) | said | TRAINING | {"line-3-is_out": "on"})
    assert check.status_code == 200, check.context["problems"]
    shown = check.content.decode()
    assert "29,000.00" in shown
    assert "I sign change order 1 of contract NL-2026-014" in shown
    sent = client.post(address, carried(check))
    assert sent["Location"] == reverse(f"{side}:change_order", args=[order_of(contract).ref])
    # The second click of the same button does nothing more, and goes to the same place.
    assert client.post(address, carried(check))["Location"] == sent["Location"]
    assert client.get(sent["Location"]).status_code == 200
    return client


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_one_side_proposes_and_the_other_signs(parties: Parties, contract: Contract, side: str) -> None:
    scenarios.accepted_milestone(contract)
    first = proposed(parties, contract, side=side)
    other = "buyer" if side == "seller" else "seller"
    second, order = browser(parties, other), order_of(contract)
    address = reverse(f"{other}:sign_change", args=[order.ref])
    home = second.get(reverse(f"{other}:home")).content.decode()
    assert "Sign the change order: Second warehouse" in home
    assert (
        reverse(f"{other}:sign_change", args=[order.ref])
        in second.get(reverse(f"{other}:change_order", args=[order.ref])).content.decode()
    )

    page = second.get(address)
    shown = page.content.decode()
    for words in (
        "Training",
        "Ten users passed the exam.",
        "<li>Days to pay of its invoice: 7, counted as the contract says.</li>",
        "taken out",
        "12,000.00",
        "Accepted and billed",
        "29,000.00",
    ):
        assert words in shown
    signed = second.post(address, {name: str(page.context["again"][name].value()) for name in ("key", "seen")})

    assert signed["Location"] == reverse(f"{other}:change_order", args=[order.ref])
    with walls.asking_for(contract.seller_id):
        found = Milestone.objects.filter(contract=contract).values_list("position", "state")
        assert list(found) == [(1, "accepted"), (2, "planned"), (3, "cancelled"), (4, "planned")]
    for client, portal in ((first, side), (second, other)):
        contract_page = client.get(reverse(f"{portal}:contract", args=[contract.ref])).content.decode()
        for words in ("Original price", "40,000.00", "−11,000.00", "Current price", "29,000.00", "Cancelled"):
            assert words in contract_page or words.replace("−", "-") in contract_page, words
        for name in ("contracts", "home"):
            assert client.get(reverse(f"{portal}:{name}")).status_code == 200


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(parties: Parties, contract: Contract) -> None:
    client = browser(parties, "seller")
    address = reverse("seller:propose_change", args=[contract.ref])
    page = client.get(address)
    nothing = client.post(address, typed(page) | {"title": "Nothing", "reason": "No reason."})
    assert (nothing.status_code, "Nothing is different yet" in nothing.content.decode()) == (422, True)
    assert len(nothing.context["problems"]) == 1, "nobody is asked for the new milestone that was left empty"
    wrong = client.post(address, typed(page) | {"line-2-amount": "12,000.005", "new-0-title": "Training"})
    shown = wrong.content.decode()
    assert wrong.status_code == 422
    assert {target for target, _label, _text in wrong.context["problems"]} >= {
        "id_title",
        "id_reason",
        "id_line-2-amount",
        "id_new-0-amount",
    }
    assert 'value="Training"' in shown
    emptied = typed(page, terms=True) | {"terms-signatory_name": "", "terms-signatory_email": " "}
    nobody = client.post(address, emptied | {"title": "Nobody", "reason": "Left out."})
    assert (nobody.status_code, {target for target, _label, _text in nobody.context["problems"]}) == (
        422,
        {"id_terms-signatory_name", "id_terms-signatory_email"},
    )
    assert "Name the person who signs off for the buyer." in nobody.content.decode()
    until = clock.today("Europe/Berlin") + timedelta(days=9)
    said = {"title": "Late", "reason": "Now agreed.", "answer_until": until.isoformat(), "terms-late_rate": "9"}
    said |= {"terms-late_fee": "40", "terms-back_charges": "price"}
    unassigned = {name: value for name, value in typed(page, terms=True).items() if name != "terms-is_assignable"}
    check = client.post(address, unassigned | said)
    words = {row.label: row.after for row in check.context["reading"].terms}
    assert set(words) == {"Late payment", "Damages, bonuses and back-charges", "Invoices may be assigned"}
    assert "9" in words["Late payment"]
    assert check.context["until"] == until
    more = client.post(address, typed(page) | {"do": "add", "title": "Half written"})
    assert (more.status_code, len(more.context["forms"].added)) == (200, 2)
    assert 'value="Half written"' in more.content.decode()


def test_what_is_typed_on_one_page_of_the_plan_goes_along_to_the_others(
    parties: Parties, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "AT_ONCE", 1)
    client = browser(parties, "seller")
    address = reverse("seller:propose_change", args=[contract.ref])

    def sent(page: Any, **said: str) -> Any:
        kept = {"kept": page.context["kept"], "from": str(page.context["others"].begins)}
        return client.post(address, typed(page) | kept | {"title": "Both ends", "reason": "Agreed."} | said)

    first = client.get(address)
    assert [form.placed.position for form in first.context["forms"].lines] == [1]
    # What no page wrote is nothing: not even half a character breaks it.
    forged = client.post(address, typed(first) | {"kept": r'{"2": {"scope": "\ud800"}}', "do": "go:2"})
    assert (forged.status_code, forged.context["forms"].changed_elsewhere) == (200, [])
    wrong = sent(first, **{"line-1-amount": "10,000.005", "do": "go:2"})
    second = sent(wrong, do="go:3")
    assert second.context["forms"].changed_elsewhere == ["Prototype"]
    # What is wrong on another page is shown there, with what was typed.
    refused = sent(second, **{"line-3-amount": "17,000.00"})
    assert (refused.status_code, refused.context["others"].begins) == (422, 1)
    assert "id_line-1-amount" in {target for target, _label, _text in refused.context["problems"]}
    check = sent(refused, **{"line-1-amount": "11,000.00"})
    assert check.status_code == 200, check.context["problems"]
    shown = check.content.decode()
    assert "11,000.00" in shown
    assert "17,000.00" in shown
    again = client.post(address, dict(check.context["carried"]) | {"do": "back"})
    assert again.context["forms"].changed_elsewhere == ["Final delivery and sign-off"]
    sent_on = client.post(address, carried(check))
    order = order_of(contract)
    assert sent_on["Location"] == reverse("seller:change_order", args=[order.ref])
    with walls.asking_for(contract.seller_id):
        version = order.versions.get()
        assert [line.amount for line in version.lines.all()] == [11_000, 12_000, 17_000]


def test_it_is_declined_with_a_reason_and_priced_anew(parties: Parties, contract: Contract) -> None:
    seller = proposed(parties, contract)
    buyer, order = browser(parties, "buyer"), order_of(contract)
    address = reverse("buyer:decline_change", args=[order.ref])
    page = buyer.get(address)
    key = str(page.context["form"]["key"].value())
    assert buyer.post(address, {"key": key, "reason": ""}).status_code == 422
    buyer.post(address, {"key": key, "reason": "Training is too dear."})
    assert "Training is too dear." in seller.get(reverse("seller:change_order", args=[order.ref])).content.decode()

    again = reverse("seller:price_change", args=[order.ref])
    page = seller.get(again)
    check = seller.post(again, typed(page) | {"line-2-amount": "12,500.00"})
    seller.post(again, carried(check))
    assert order_of(contract).state == "proposed"

    back = reverse("seller:withdraw_change", args=[order.ref])
    page = seller.get(back)
    seller.post(back, {"key": str(page.context["form"]["key"].value()), "reason": "Later."})
    assert (order_of(contract).state, order_of(contract).closed_reason) == ("withdrawn", "Later.")


def test_a_change_is_recorded_without_a_price(parties: Parties, contract: Contract) -> None:
    buyer = browser(parties, "buyer")
    address = reverse("buyer:record_change", args=[contract.ref])
    page = buyer.get(address)
    key = str(page.context["form"]["key"].value())
    answer = buyer.post(address, {"key": key, "title": "Cold store", "reason": "To be connected too."})
    assert answer["Location"] == reverse("buyer:change_order", args=[order_of(contract).ref])
    seller = browser(parties, "seller")
    shown = seller.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert "Cold store" in shown
    assert "no price yet" in shown
    assert (
        reverse("seller:price_change", args=[order_of(contract).ref])
        in seller.get(reverse("seller:change_order", args=[order_of(contract).ref])).content.decode()
    )


def test_who_may_not_write_or_sign_is_told_so(parties: Parties, contract: Contract) -> None:
    proposed(parties, contract)
    payables = browser(parties, "payables")
    shown = payables.get(reverse("buyer:sign_change", args=[order_of(contract).ref])).content.decode()
    assert "I sign this change order" not in shown
    assert "Your role does not allow you" in shown


def test_retention_is_agreed_and_changed_on_the_page(parties: Parties, contract: Contract) -> None:
    """First where there is none, then its steps and limits; when it is released is read, and not changed."""
    scenarios.accepted_milestone(contract)
    seller, buyer = browser(parties, "seller"), browser(parties, "buyer")
    address = reverse("seller:propose_change", args=[contract.ref])
    page = seller.get(address)
    assert "None is agreed. What you agree on here holds for what is billed from then on" in page.content.decode()
    assert "What no change order changes:" in page.content.decode()
    wanted = typed(page, terms=True) | {"title": "Retention", "reason": "As said.", "terms-retention_rate": "10"}
    half = {"terms-step_1_billed": "50"}
    unfinished = seller.post(address, wanted | half)
    assert (unfinished.status_code, "A step needs both percentages." in unfinished.content.decode()) == (422, True)
    first = {"terms-release_1_share": "100", "terms-release_1_event": "milestone"}
    accepted = first | {"terms-release_1_milestone": "Prototype"}
    refused = seller.post(address, wanted | accepted)
    assert (refused.status_code, "is accepted already" in refused.content.decode()) == (422, True)
    _sent(seller, address, wanted | half | {"terms-step_1_rate": "5"}, shows="2,000.00")
    _signed(buyer, contract)

    page = seller.get(address)
    forms = page.context["forms"]
    assert forms.terms["step_1_rate"].value() == "5"
    assert {"release_1_share", "retention_base", "second_retention_rate"}.isdisjoint(forms.terms.fields)
    assert "stays as both sides agreed" in page.content.decode()
    same = typed(page, terms=True) | {"title": "Less", "reason": "As said."}
    nothing = seller.post(address, same)
    assert (nothing.status_code, "Nothing is different yet" in nothing.content.decode()) == (422, True)
    emptied = seller.post(address, same | {"terms-retention_rate": ""})
    assert [target for target, _label, _text in emptied.context["problems"]] == ["id_terms-retention_rate"]
    changed = same | {
        "terms-step_1_billed": "60",
        "terms-retention_cap_percent": "4",
        "terms-retention_cap_each": "900",
    }
    _sent(seller, address, changed, shows="at most 4% of the price in all")
    _signed(buyer, contract)
    with walls.asking_for(contract.seller_id):
        contract.refresh_from_db()
        assert contract.active_version is not None
        terms = rules.read_retention(contract.active_version.retention)
    steps = (RetentionStep(Decimal(60), Decimal(5)),)
    assert terms == RetentionTerms(Decimal(10), steps=steps, cap_percent=Decimal(4), cap_each=Decimal(900))


def _sent(client: Client, address: str, data: dict[str, str], *, shows: str) -> None:
    check = client.post(address, data)
    assert check.status_code == 200, check.context["problems"]
    assert shows in check.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert client.post(address, carried(check)).status_code == 302


def _signed(client: Client, contract: Contract) -> None:
    with walls.asking_for(contract.seller_id):
        order = ChangeOrder.objects.get(contract=contract, state="proposed")
    address = reverse("buyer:sign_change", args=[order.ref])
    page = client.get(address)
    data = {name: str(page.context["again"][name].value()) for name in ("key", "seen")}
    assert client.post(address, data).status_code == 302


def test_a_limit_of_what_is_payable_stays_and_the_page_says_so(parties: Parties) -> None:
    draft = scenarios.software_draft(
        parties, partial_acceptance=False, retention=payable_until_final(Decimal(55)), is_assignable=False
    )
    contract = scenarios.active_contract(parties, draft=draft)
    client, address = browser(parties, "buyer"), reverse("buyer:propose_change", args=[contract.ref])
    page = client.get(address)
    assert "it counts what is billed from the beginning" in page.content.decode()
    assert not any("retention" in name or name.startswith("release") for name in page.context["forms"].terms.fields)
    longer = typed(page, terms=True) | {"title": "Later", "reason": "As said.", "terms-payment_days": "45"}
    _sent(client, address, longer, shows="45")


def test_of_two_kinds_each_keeps_its_name_its_base_and_its_release() -> None:
    defects = RetentionTerms(Decimal(5), name="Defects", base=GROSS, releases=(RetentionRelease(Decimal(100), BUYER),))
    stands = ContractDraft(
        *("C-1", "Depot", "", "EUR", Decimal(100)),
        retention=RetentionTerms(Decimal(5), name="Performance", cap_percent=Decimal(3), further=(defects,)),
    )
    shown = TermsForm(None, stands=stands)
    assert [kind["title"] for kind in shown.retention_kinds] == ["Performance", "Defects"]
    data = {shown[name].html_name: value for name in shown.fields if (value := shown[name].value()) is not None}
    same = TermsForm(data, stands=stands)
    assert same.is_valid(), same.errors
    assert not same.changed()
    more = TermsForm(data | {"terms-second_retention_rate": "7", "terms-retention_cap_percent": ""}, stands=stands)
    assert more.is_valid()
    assert more.changed().retention == RetentionTerms(
        Decimal(5), name="Performance", further=(replace(defects, rate=Decimal(7)),)
    )
    wrong = TermsForm(data | {"terms-second_retention_rate": "51"}, stands=stands)
    assert not wrong.is_valid()
    assert list(wrong.errors) == ["second_retention_rate"]
