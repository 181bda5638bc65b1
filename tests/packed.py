"""The evidence pack of a contract, made by its seller's owner and checked by the verifier that goes with it."""

import subprocess
import sys
from pathlib import Path

from django.core.files.storage import default_storage

from apps.contracts.models import Contract
from apps.parties import services as parties
from apps.parties.models import Membership
from apps.parties.roles import Role
from apps.workflows import proofs, worker
from apps.workflows.models import EvidencePack
from tests.scenarios import BROWSER, acting, key, shown_now

VERIFIER = Path(__file__).resolve().parents[1] / "tools" / "verify_pack.py"


def says_of(path: Path, *more: str) -> tuple[int, str]:
    """What the one documented command says, run where nothing of Cairn can be imported."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(path), *more],
        capture_output=True,
        text=True,
        check=False,
        cwd=path.parent,
    )
    return run.returncode, run.stdout + run.stderr


def assert_pack_holds(number: str, folder: Path) -> None:
    """The pack of the contract of this number is whole and known, whatever came between."""
    contract = Contract.objects.using("owner").get(number=number)
    owner = Membership.objects.using("owner").filter(organisation=contract.seller_id, roles__contains=[Role.OWNER])[0]
    actor = parties.actor_for(owner, origin=shown_now(BROWSER))
    with acting(actor):
        answer = proofs.request_pack(actor=actor, key=key(), contract_ref=contract.ref, milestone_ref="")
    worker.run_due_jobs()
    with acting(actor), default_storage.open(EvidencePack.objects.get(ref=answer["pack"]).stored_as) as stored:
        (folder / "pack.zip").write_bytes(stored.read())
    code, said = says_of(folder / "pack.zip")
    assert code == 0, said
