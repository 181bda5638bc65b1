"""One proposal, several complete plans: exactly one is picked at signature, and only that one is ever billed."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, PlanLine, Signature
from apps.core.canonical import read
from apps.core.errors import Refused
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.workflows import contracting
from tests import options, scenarios
from tests.conftest import Once
from tests.scenarios import Parties, acting, key


@dataclass
class Story:
    parties: Parties
    contract: Contract
    guest: Actor


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def story(once: Once) -> Story:
    return once(_told)


def _told() -> Story:
    parties = scenarios.organisations()
    contract = options.proposed(parties)
    return Story(parties, contract, scenarios.guest_actor(scenarios.link_to_sign(contract)))


def signed(story: Story, pick: int | None, *, seen: str = "") -> Contract:
    version = options.version_of(story.contract)
    with acting(story.guest):
        contracting.sign_contract(
            actor=story.guest, key=key(), version_ref=version.ref, seen=seen or version.sha256, pick=pick
        )
        return Contract.objects.select_related("active_version").get(pk=story.contract.pk)


def test_every_plan_stands_in_the_text_that_is_signed(story: Story) -> None:
    version = options.version_of(story.contract)
    said = read(version.canonical_text)
    assert said["plan_name"] == "By milestones"
    assert [(one["name"], one["price"], one["discount"]) for one in said["options"]] == [
        ("Upfront", "38800", "1200"),
        ("Monthly", "40000", None),
        ("A mix", "39500", "500"),
    ]
    sums = [sum(Decimal(line["amount"]) for line in one["plan"]) for one in said["options"]]
    assert sums == [Decimal(one["price"]) for one in said["options"]]
    with acting(story.guest):
        plans = contracts.plans_of(version)
    assert [plan.price for plan in plans] == [40000, 38800, 40000, 39500]
    assert {plan.sha256 for plan in plans} == {version.sha256}
    assert contracts.paper_of(plans[3]).lines[1].amount == Decimal("30000.00")


def test_the_draft_reads_back_as_it_was_written(story: Story) -> None:
    version = options.version_of(story.contract)
    with acting(scenarios.seller_actor(story.parties)):
        draft = contracts.as_draft(version)
    assert draft == options.draft(story.parties)


@pytest.mark.parametrize(("pick", "why"), [(None, "Pick one of the plans"), (4, "does not offer that plan")])
def test_a_signature_without_a_pick_or_with_a_foreign_one_signs_nothing(
    story: Story, pick: int | None, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        signed(story, pick)
    with acting(story.guest):
        assert Contract.objects.get(pk=story.contract.pk).state == "proposed"
        assert Signature.objects.count() == 1


def test_where_one_plan_is_offered_nothing_can_be_picked(story: Story) -> None:
    contract = scenarios.proposed_contract(
        story.parties, draft=scenarios.software_draft(story.parties, number="NL-2026-099")
    )
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with pytest.raises(Refused, match="does not offer that plan"):
        options.sign(contract, by=guest, pick=1)
    assert options.sign(contract, by=guest, pick=None).state == "active"


def test_the_signature_names_the_plan_and_only_that_one_lives(story: Story) -> None:
    contract = signed(story, 3)
    version = options.version_of(contract)
    assert contract.active_version is not None
    assert (contract.state, contract.active_version.plan_name) == ("active", "A mix")
    with acting(Actor.system(organisation_id=contract.seller_id)):
        assert contract.active_version.whole == version
        signatures = {one.side: one for one in Signature.objects.filter(contract=contract)}
        lives = list(Milestone.objects.values_list("title", "amount"))
        invoices = list(Invoice.objects.values_list("net", flat=True))
        offered = PlanLine.objects.filter(version__in=ContractVersion.plans.filter(contract=contract)).count()
    assert signatures["seller"].plan_id is None
    assert "with each of its 4 plans" in signatures["seller"].statement
    assert signatures["buyer"].plan_id == contract.active_version_id
    assert "I pick the plan “A mix” at the price of 39,500.00 EUR" in signatures["buyer"].statement
    assert {one.sha256 for one in signatures.values()} == {version.sha256}
    assert lives == [("Everything", Decimal("30000.00"))]
    assert invoices == [Decimal("9500.00")]
    assert offered == 7  # what was not picked can still be read


def test_the_base_plan_is_a_pick_like_the_others(story: Story) -> None:
    contract = signed(story, 0)
    assert contract.active_version == options.version_of(contract)
    with acting(Actor.system(organisation_id=contract.seller_id)):
        assert Milestone.objects.count() == 3
        signature = Signature.objects.get(side="buyer")
    assert signature.plan_id == contract.active_version_id
    assert "“By milestones” at the price of 40,000.00 EUR" in signature.statement


def raw(sql: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type]
        connection.check_constraints()


COPY = (
    "INSERT INTO contracts_signature (contract_id, version_id, plan_id, side, organisation_id, user_id, grant_id, name,"
    " email, signed_at, address, agent, authenticated_by, statement, statement_version, sha256)"
    " SELECT contract_id, %s, %s, 'buyer', %s, NULL, %s, 'Bea', 'bea@x.example', now(), '', '', '', 'I pick', 'x',"
    " sha256 FROM contracts_signature WHERE version_id = %s"
)


def test_the_database_refuses_a_signature_without_a_pick_or_with_a_foreign_plan(story: Story) -> None:
    version = options.version_of(story.contract)
    other = scenarios.proposed_contract(story.parties, draft=options.draft(story.parties, number="NL-2026-098"))
    with acting(story.guest):
        own = [plan.pk for plan in contracts.plans_of(version)]
    foreign = options.version_of(other)
    with acting(Actor.system(organisation_id=other.seller_id)):
        foreign_option = contracts.plans_of(foreign)[1].pk
    grant, buyer = scenarios.link_to_sign(story.contract).pk, story.parties.buyer.pk
    with acting(story.guest):
        for signed_version, plan in ((own[0], None), (own[0], foreign_option), (own[0], foreign.pk), (own[1], own[1])):
            with pytest.raises(IntegrityError, match=r"who answers picks one|link signs only"):
                raw(COPY, signed_version, plan, buyer, grant, version.pk)
        raw(COPY, own[0], own[1], buyer, grant, version.pk)  # with a pick it is a signature


def test_the_database_keeps_options_as_they_were_proposed(story: Story) -> None:
    version = options.version_of(story.contract)
    with acting(Actor.system(organisation_id=story.contract.seller_id)):
        option = contracts.plans_of(version)[1]
        for change in (
            "UPDATE contracts_contractversion SET price = 1 WHERE id = %s",
            "UPDATE contracts_planline SET amount = 1 WHERE version_id = %s",
            "DELETE FROM contracts_contractversion WHERE id = %s",
        ):
            with pytest.raises(IntegrityError, match="frozen"):
                raw(change, option.pk)
        with pytest.raises(IntegrityError, match="no option joins"), transaction.atomic():
            ContractVersion.plans.create(
                **{
                    one.attname: getattr(option, one.attname)
                    for one in ContractVersion._meta.concrete_fields
                    if one.name not in ("id", "ref", "option_number")
                },
                option_number=9,
            )


def test_the_contract_is_active_with_the_plan_that_was_picked_and_no_other(story: Story) -> None:
    contract = signed(story, 1)
    version = options.version_of(contract)
    with acting(Actor.system(organisation_id=contract.seller_id)):
        other = contracts.plans_of(version)[2]
        with pytest.raises(IntegrityError, match="gives way to its change"):
            raw("UPDATE contracts_contract SET active_version_id = %s WHERE id = %s", other.pk, contract.pk)


def test_a_draft_whose_option_says_other_terms_or_another_price_is_refused(story: Story) -> None:
    contract = scenarios.drafted_contract(story.parties, draft=options.draft(story.parties, number="NL-2026-097"))
    with acting(Actor.system(organisation_id=contract.seller_id)):
        option = ContractVersion.plans.get(contract=contract, option_number=1)
        for change in ("payment_days = 90", "price = 38801", "discount = 1100", "discount_percent = 5"):
            with pytest.raises(IntegrityError, match="does not say what its version says"):
                raw(f"UPDATE contracts_contractversion SET {change} WHERE id = %s", option.pk)


def test_changes_asked_for_give_the_proposer_a_draft_with_every_plan(story: Story) -> None:
    version = options.version_of(story.contract)
    with acting(story.guest):
        contracting.request_contract_changes(
            actor=story.guest, key=key(), version_ref=version.ref, reason="Quarterly, please."
        )
    sina = scenarios.seller_actor(story.parties)
    with acting(sina):
        contract = Contract.objects.get(pk=story.contract.pk)
        draft = contracts.draft_of(contract)
        assert draft == options.draft(story.parties)
        less = replace(draft, options=(replace(draft.options[1], name="Month by month"), draft.options[0]))
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=less)
        assert contracts.draft_of(contract) == less
        _text, seen = contracts.preview(contract)
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        versions = list(ContractVersion.objects.filter(contract=contract).order_by("number"))
        found = rules.difference(*(contracts.paper_of(one) for one in versions))
    assert [one.number for one in versions] == [1, 2]
    assert (found.terms, found.lines) == ((), ())
    assert [(one.kind, shown.name) for one in found.options if (shown := one.after or one.before) is not None] == [
        ("added", "Month by month"),
        ("removed", "Monthly"),
        ("removed", "A mix"),
    ]


def test_withdrawing_a_draft_takes_its_options_with_it(story: Story) -> None:
    contract = scenarios.drafted_contract(story.parties, draft=options.draft(story.parties, number="NL-2026-096"))
    sina = scenarios.seller_actor(story.parties)
    with acting(sina):
        contracting.change_draft(
            actor=sina,
            key=key(),
            contract_ref=contract.ref,
            draft=options.draft(story.parties, number="NL-2026-096", options=(), plan_name="Alone"),
        )
        assert [one.plan_name for one in ContractVersion.plans.filter(contract=contract)] == [""]
