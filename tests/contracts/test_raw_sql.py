"""What Postgres refuses of contracts, whatever the code forgets."""

import pytest
from django.db import IntegrityError, connection, transaction

from apps.contracts.models import Contract, ContractParty
from apps.contracts.models.readers import reader
from apps.contracts.rules import reader_of
from apps.workflows import contracting
from tests import scenarios
from tests.scenarios import Parties, acting

pytestmark = pytest.mark.django_db


def raw(statement: str, *values: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        connection.check_constraints()


def test_a_foreign_organisation_does_not_make_itself_a_party(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    stranger = scenarios.seller_actor(scenarios.organisations("Foreign"))
    with acting(stranger):
        for side in ("financier", "buyer", "seller"):
            with pytest.raises(IntegrityError, match="nobody joins a contract uninvited"):
                raw(
                    "INSERT INTO contracts_contractparty (contract_id, organisation_id, side) VALUES (%s, %s, %s)",
                    contract.pk,
                    stranger.organisation_id,
                    side,
                )
        assert not Contract.objects.exists()
    with acting(scenarios.seller_actor(parties)):
        assert list(ContractParty.objects.values_list("side", flat=True)) == ["seller"]


def test_the_buyer_does_not_join_before_the_proposal(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    with acting(scenarios.buyer_actor(parties)), pytest.raises(IntegrityError, match="uninvited"):
        raw(
            "INSERT INTO contracts_contractparty (contract_id, organisation_id, side) VALUES (%s, %s, 'buyer')",
            contract.pk,
            parties.buyer.pk,
        )


def test_a_contract_is_active_only_with_both_signatures_on_its_version(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with (
        acting(scenarios.seller_actor(parties)),
        pytest.raises(IntegrityError, match="active without the signatures of both sides"),
    ):
        raw(
            "UPDATE contracts_contract SET state = 'active', activated_at = now(), active_version_id ="
            " (SELECT v.id FROM contracts_contractversion v WHERE v.contract_id = %s) WHERE id = %s",
            contract.pk,
            contract.pk,
        )


def test_the_sides_of_a_proposed_contract_stay(parties: Parties) -> None:
    scenarios.proposed_contract(parties)
    other = scenarios.named_buyer(parties)
    with acting(scenarios.seller_actor(parties)):
        for change in (f"buyer_id = {other.pk}", f"seller_id = {other.pk}", "was_proposed = false"):
            with pytest.raises(IntegrityError, match="the sides stay"):
                raw(f"UPDATE contracts_contract SET {change}")


def test_number_title_and_currency_of_what_is_signed_stay(parties: Parties) -> None:
    scenarios.active_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        for change in ("number = 'X-1'", "title = 'Other'", "currency = 'USD'"):
            with pytest.raises(IntegrityError, match="what is signed stays"):
                raw(f"UPDATE contracts_contract SET {change}")


def test_only_who_writes_a_draft_keeps_a_plan_for_it(parties: Parties) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.seller_actor(parties)), pytest.raises(IntegrityError, match="by who writes the draft"):
        raw(PLAN_UPLOAD, contract.pk, parties.seller.pk)
    draft = scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, number="NL-2"))
    with acting(scenarios.buyer_actor(parties)), pytest.raises(IntegrityError, match="by who writes the draft"):
        raw(PLAN_UPLOAD, draft.pk, parties.buyer.pk)
    with acting(scenarios.seller_actor(parties)):
        raw(PLAN_UPLOAD, draft.pk, parties.seller.pk)
        with pytest.raises(IntegrityError, match="one_file_of_a_side_waits_for_a_draft"):
            raw(PLAN_UPLOAD.replace("'ref1'", "'ref2'"), draft.pk, parties.seller.pk)
        with pytest.raises(IntegrityError, match="names_its_hashes"):
            raw(PLAN_UPLOAD.replace("repeat('0', 64)", "'0'"), draft.pk, parties.seller.pk)


PLAN_UPLOAD = (
    "INSERT INTO contracts_planupload (ref, contract_id, organisation_id, file_name, file_sha256, plan, reading,"
    " draft_sha256, uploaded_at)"
    " VALUES ('ref1', %s, %s, 'plan.csv', repeat('0', 64), '[]', '{}', repeat('0', 64), now())"
)


def test_only_the_name_of_a_template_changes(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.save_template(actor=sina, key=scenarios.key(), contract_ref=contract.ref, name="Usual")
        raw("UPDATE contracts_contracttemplate SET name = 'Other'")
        for change in ("content = '{}'", "price = 1", f"organisation_id = {parties.buyer.pk}", "ref = 'x'"):
            with pytest.raises(IntegrityError, match="only the name of a template changes"):
                raw(f"UPDATE contracts_contracttemplate SET {change}")
        with pytest.raises(IntegrityError, match="template_has_name_and_content"):
            raw("UPDATE contracts_contracttemplate SET name = ''")


def test_a_plan_has_no_day_that_nobody_can_mean(parties: Parties) -> None:
    contract = scenarios.drafted_contract(parties)
    for day in ("9999-12-31", "0001-01-01"):
        with (
            acting(scenarios.seller_actor(parties)),
            pytest.raises(IntegrityError, match="planned_on_a_day_that_can_be_meant"),
        ):
            raw(
                "UPDATE contracts_planline SET planned_on = %s WHERE version_id IN"
                " (SELECT v.id FROM contracts_contractversion v WHERE v.contract_id = %s)",
                day,
                contract.pk,
            )


def test_a_guard_knows_the_aliases_of_a_mailbox_as_the_rule_does(db: None) -> None:
    written = [
        "Bea@Meridian.example",
        "bea+buyer@meridian.example",
        "b.e.a+x@googlemail.com",
        "ben@pm.me",
        "ben@protonmail.ch",
        "anything@cara.fastmail.com",
        "\uff22ea@meridian.example.",
        "+@meridian.example",
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {reader('one')} FROM unnest(%s::text[]) AS one", [written])
        assert [one for (one,) in cursor.fetchall()] == [reader_of(one) for one in written]
