"""A contract that was changed, as a third party gets it: every version, on paper and in the pack, and the mails."""

from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command

from apps.contracts.models import Contract, ContractVersion
from apps.milestones.models import Milestone
from apps.workflows import changing, worker
from tests import change_orders, scenarios
from tests.change_orders import more_training
from tests.packed import says_of
from tests.scenarios import Parties, acting, key
from tests.workflows.test_packs import _bytes, _files, _packed, _zip


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def _told(parties: Parties) -> Contract:
    """A milestone accepted, the contract changed, and a milestone accepted as it was changed. Every job is done."""
    contract = scenarios.active_contract(parties)
    scenarios.accepted_milestone(contract)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    change_orders.sign(change_orders.propose(contract, more_training(contract), by=sina), by=olga)
    scenarios.accepted_milestone(contract, position=2)
    worker.run_due_jobs()
    return contract


def test_a_changed_contract_is_proved_with_every_version_that_both_signed(parties: Parties, tmp_path: Path) -> None:
    contract = _told(parties)
    for role in ("seller", "buyer"):
        content = _bytes(_packed(parties, contract, role=role))
        files = _files(content)
        for number in (1, 2):
            for name in (f"version-{number}.json", f"version-{number}.signatures.json", f"version-{number}.pdf"):
                assert f"contract/{name}" in files
        assert b'"change_order":{' in files["contract/version-2.json"]
        path = _zip(files, tmp_path / f"{role}.zip")
        code, said = says_of(path)
        assert (code, "2 version(s) of the contract are word for word what 4 signature(s) name" in said) == (0, True), (
            said
        )
    forged = {**files, "contract/version-2.json": files["contract/version-2.json"].replace(b"43500", b"42500")}
    code, said = says_of(_zip(forged, tmp_path / "forged.zip"))
    assert (code, "version-2.json" in said) == (1, True)
    for verifier in ("verify_ledger", "verify_audit"):
        call_command(verifier, verbosity=0)


def test_the_other_side_is_told_of_every_step(parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    proposed = change_orders.propose(contract, more_training(contract), by=sina)
    with acting(olga):
        changing.decline_change(
            actor=olga, key=key(), order_ref=proposed["change_order"], reason="Training is too dear."
        )
    mail.outbox.clear()
    worker.run_due_jobs()
    told = {str(one.subject): one for one in mail.outbox}
    asked = told["Change order 1 to sign: Second warehouse, Warehouse software implementation"]
    assert "bea@meridian.example" in asked.to
    for words in (
        "The buyer opened a second warehouse.",
        "40,000.00",
        "43,500.00",
        "Training",
        "new",
        "/buyer/changes/",
    ):
        assert words in asked.body.replace("\N{NO-BREAK SPACE}", " "), words
    declined = told["Change order 1 is declined: Second warehouse, Warehouse software implementation"]
    assert "Training is too dear." in declined.body
    assert "sina@nordlicht.example" in declined.to
    with acting(sina):
        assert Milestone.objects.filter(contract=contract).count() == 3
        assert ContractVersion.objects.filter(contract=contract).count() == 2
