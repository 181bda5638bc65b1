"""Two people pick at the same moment: one of them signs, and what the other picked is never in force."""

from decimal import Decimal

from apps.contracts.models import Contract, Signature
from apps.core.errors import IllegalTransition, NotAllowed
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.workflows import contracting
from tests import options, scenarios
from tests.races import together
from tests.scenarios import acting, key


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
