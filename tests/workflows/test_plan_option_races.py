"""A plan that was picked, in committed transactions: by one of two at the same moment, and from then on to the end."""

from decimal import Decimal
from pathlib import Path

from django.core.management import call_command
from django.db.models import Sum

from apps.contracts.documents.page import page_of
from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract, ContractDocument, Signature
from apps.core import canonical
from apps.core.errors import IllegalTransition, NotAllowed
from apps.core.made import MadeState
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.revenue.models import Recognition
from apps.workflows import contracting, worker
from tests import change_orders, options, scenarios
from tests.packed import says_of
from tests.races import together
from tests.scenarios import acting, key
from tests.workflows.test_packs import _bytes, _files, _packed, _zip


def test_two_signers_with_different_picks_make_one_contract(scratch: str) -> None:
    parties = scenarios.organisations()
    contract = options.proposed(parties)
    version = options.version_of(contract)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    bea = scenarios.actor_of(parties.people["approver"])

    def signing(actor: Actor, pick: int) -> object:
        with acting(actor):
            return contracting.sign_contract(
                actor=actor, key=key(), version_ref=version.ref, seen=version.sha256, pick=pick
            )

    answers = together(lambda: signing(guest, 3), lambda: signing(bea, 0))
    assert sorted(isinstance(one, Exception) for one in answers) == [False, True]
    # Who comes second finds the contract in force, or the link dead.
    assert isinstance(next(one for one in answers if isinstance(one, Exception)), IllegalTransition | NotAllowed)
    with acting(Actor.system(organisation_id=contract.seller_id)):
        found = Contract.objects.select_related("active_version").get(pk=contract.pk)
        picked = Signature.objects.get(contract=contract, side="buyer").plan
        agreed = sum(Milestone.objects.values_list("amount", flat=True))
    assert picked is not None
    assert found.active_version == picked
    assert agreed == {0: Decimal(40000), 3: Decimal(30000)}[picked.option_number]


def test_the_plan_that_was_picked_is_printed_changed_billed_earned_and_proven(scratch: str, tmp_path: Path) -> None:
    """A mix: 9,500.00 at signature and one milestone of 30,000.00, which a change order makes 31,000.00."""
    parties = scenarios.organisations()
    contract = options.proposed(parties)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    options.sign(contract, by=guest, pick=3)
    worker.run_due_jobs()
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    dearer = ChangeDraft(
        "Second warehouse",
        "The buyer opened one.",
        lines=(change_orders.line(contract, 2, amount=Decimal("31000.00")),),
        added=(change_orders.TRAINING,),
    )
    change_orders.sign(change_orders.propose(contract, dearer, by=sina), by=olga)
    scenarios.accepted_milestone(contract, position=2)
    worker.run_due_jobs()

    with acting(sina):
        document = ContractDocument.objects.select_related("version").filter(kind="signed").order_by("pk")[0]
        version = document.version
        plan = page_of(version.canonical_text, canonical.read(document.snapshot))
        milestones = list(Milestone.objects.order_by("position").values_list("position", "amount", "state"))
        nets = sorted(Invoice.objects.values_list("net", flat=True))
        earned = Recognition.objects.aggregate(sum=Sum("amount"))["sum"]
    assert (plan.plan_name, plan.price, [row.title for row in plan.rows]) == (
        "A mix",
        "39,500.00\N{NO-BREAK SPACE}EUR",
        ["At signature", "Everything"],
    )
    assert [name for name, _words in plan.plans] == ["By milestones", "Upfront", "Monthly"]
    assert document.state == MadeState.READY
    # The position after every line that was offered, in whichever plan.
    assert milestones == [(2, Decimal(31000), "accepted"), (4, Decimal(3000), "planned")]
    assert nets == [9500, 31000]
    assert earned is not None
    for command in ("verify_ledger", "verify_audit"):
        call_command(command, verbosity=0)
    code, said = says_of(_zip(_files(_bytes(_packed(parties, contract))), tmp_path / "pack.zip"))
    assert code == 0, said
