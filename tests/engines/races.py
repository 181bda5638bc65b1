"""Races: actions that exclude each other, released at the same moment, each by its own thread and connection.

Exactly one wins where only one can. Whoever loses is refused in words, never by the database, a deadlock or a
time-out; and afterwards the database has grown by what the winner does alone, and everything adds up.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from django.db import connections

from apps.core.errors import Refused
from apps.financing.models import Offer
from apps.milestones.models import Submission
from apps.parties.actor import Actor
from apps.workflows import billing, sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.engines import crash, truth
from tests.engines.actions import STORIES, Attempt
from tests.engines.report import Report
from tests.engines.world import World, copy
from tests.financing import stories
from tests.financing.stories import START
from tests.races import together
from tests.scenarios import acting, member
from tests.scenarios import key as new_key

Result = Answer | Exception

ONE_WINS: Final[dict[str, dict[str, int]]] = {
    "eight sign-offs of one milestone": {"accept_milestone": 8},
    "sign-off against asking for changes": {"accept_milestone": 4, "request_changes": 4},
    "sign-off against withdrawal": {"accept_milestone": 4, "withdraw_submission": 4},
    "asking for changes against withdrawal": {"request_changes": 4, "withdraw_submission": 4},
    "six submissions of one milestone": {"submit_milestone": 6},
    "six signatures of one contract": {"sign_contract": 6},
    "signature against withdrawal": {"sign_contract": 4, "withdraw_contract": 4},
    "signature against asking for other terms": {"sign_contract": 4, "request_contract_changes": 4},
    "six proposals of one draft": {"propose_contract": 6},
    "six records of one line of a bank statement": {"record_payment": 6},
    "six requests for one invoice": {"request_funding": 6},
    "six prices for one request": {"price_offer": 6},
    "withdrawal against refusal of one request": {"withdraw_request": 3, "decline_request": 3},
    "six approvals of one offer": {"approve_offer": 6},
    "six acceptances of one offer": {"accept_offer": 6},
    "acceptance against revocation and refusal of one offer": {
        "accept_offer": 3,
        "revoke_offer": 3,
        "decline_offer": 3,
    },
    "six acknowledgements": {"acknowledge_assignment": 6},
    "six payouts of one advance": {"fund_tranche": 6},
    "six records of one transfer for a whole offer": {"fund_offer": 6},
    "six confirmations of one signatory": {"confirm_signatory": 6},
    "payout against cancellation of one advance": {"fund_tranche": 4, "cancel_tranche": 4},
    "six collections of one line of a bank statement": {"collect_payment": 6},
    "six payouts of one refund": {"pay_refund": 6},
    "payout against withdrawal of one refund": {"pay_refund": 3, "withdraw_refund": 3},
    "six signatures of one change order": {"sign_change": 6},
    "signature against declining of one change order": {"sign_change": 3, "decline_change": 3},
    "signature against withdrawing of one change order": {"sign_change": 3, "withdraw_change": 3},
    "signature of a change order against the submission of what it changes": {"sign_change": 3, "submit_milestone": 3},
    "six payouts of one reserve": {"pay_reserve": 6},
    "six facilities of one kind": {"open_facility": 6},
    "six renewals of one link": {"renew_link": 6},
    "six documents asked for again": {"retry_document": 6},
    "six removals of one member": {"end_membership": 6},
    "six credit notes on what one page showed": {"credit_invoice": 6},
    "six releases of one retention": {"release_retention": 6},
}
"""How many of each action start together; of all of them exactly one gets through."""
SOME_WIN: Final[dict[str, dict[str, int]]] = {
    "removal of a member against the member's sign-off": {"end_membership": 1, "accept_milestone": 1},
    "a lower limit against a sign-off above it": {"change_member": 1, "accept_milestone": 1},
    "a new link against sign-off": {"renew_link": 2, "accept_milestone": 2},
    "two facts on one chain of an organisation": {"name_counterparty": 4, "set_bank_account": 4},
    "six invitations of one mailbox, each in the place of the one before": {"invite_member": 6},
    "joining against taking the invitation back": {"accept_invitation": 1, "revoke_invitation": 3},
    "taking over one organisation": {"claim_organisation": 4},
    "expiry against acceptance of one offer": {"expire_offers": 2, "accept_offer": 2},
    "an answer that is begun against a signature": {"answer_proposal": 2, "sign_contract": 2},
    "six comments and a signature": {"comment_contract": 6, "sign_contract": 1},
    "accrual against collection": {"accrue_income": 3, "collect_payment": 3},
    "a change order against a sign-off under its contract": {"sign_change": 3, "accept_milestone": 3},
    "reversal of a collection against the payout of its reserve": {
        "reverse_collection": 3,
        "pay_reserve": 3,
    },
    "acceptance against a dispute of it": {"accept_milestone": 3, "dispute_submission": 3},
    "a credit note against a payment of its invoice": {"credit_invoice": 3, "record_payment": 3},
    "withdrawal of an acceptance against a payment of its invoice": {"grant_nullification": 3, "record_payment": 3},
}
"""Here several may get through, one after the other; whoever does not is refused in words, and everything adds up."""
ABOUT: Final[dict[str, dict[str, str]]] = {
    "acceptance against a dispute of it": {"silent": "submission"},
    "a credit note against a payment of its invoice": {"payable": "creditable"},
    "withdrawal of an acceptance against a payment of its invoice": {"payable": "doubted"},
}
"""What in the stories of a race stands for what, so that they meet at one thing."""


def run(name: str, world: World, template: str) -> Report:
    """One race in a copy of the world."""
    report = Report(name, seed=0, trials=1)
    met = replace(world, refs=world.refs | {one: world[other] for one, other in ABOUT.get(name, {}).items()})
    with copy(template):
        report.findings = [f"{name}: {finding}" for finding in RACES[name](met)]
    return report


def run_all(world: World, template: str, *, seed: int, rounds: int = 1) -> Report:
    """Every race, so many times."""
    whole = Report("races", seed, notes=[f"{len(RACES)} races, {rounds} rounds"])
    for number in range(1, rounds + 1):
        for name in RACES:
            report = run(name, world, template)
            whole.trials += report.trials
            whole.findings += report.findings
        whole.tell(f"round {number} of {rounds}")
    return whole


def exactly_one(world: World, starters: dict[str, int]) -> list[str]:
    attempts = {name: STORIES[name](world) for name in starters}
    grows = {name: crash.course_of(attempt).grows for name, attempt in attempts.items()}
    truth.wait_until_alone()
    rows = truth.counts()
    names, results = _released(attempts, starters)
    won = [name for name, result in zip(names, results, strict=True) if not isinstance(result, Exception)]
    found = [*_rude(names, results)]
    if len(won) != 1:
        found.append(f"{len(won)} won: {dict(Counter(won))}")
    elif (grown := truth.added(rows)) != grows[won[0]]:
        found.append(f"{won[0]} won, and the database grew by {grown} instead of {grows[won[0]]}")
    return [*found, *truth.wrong()]


def some(world: World, starters: dict[str, int]) -> list[str]:
    names, results = _released({name: STORIES[name](world) for name in starters}, starters)
    found = [*_rude(names, results), *truth.wrong()]
    if all(isinstance(result, Exception) for result in results):
        found.append(f"nobody won: {results}")
    return found


def one_key(world: World) -> list[str]:
    """Eight clicks on one button: everybody is told of the same invoice."""
    attempt, one_time, rows = STORIES["accept_milestone"](world), new_key(), None
    grows = crash.course_of(attempt).grows
    truth.wait_until_alone()
    rows = truth.counts()
    results = together(*[lambda: attempt(one_time)] * 8)
    found = [f"they were told different things: {results}"] if any(one != results[0] for one in results) else []
    if (grown := truth.added(rows)) != grows:
        found.append(f"the database grew by {grown} instead of {grows}")
    return [*found, *_rude(["accept_milestone"] * 8, results), *truth.wrong()]


def different_milestones(world: World) -> list[str]:
    """Sign-offs on six contracts of one seller at once draw six numbers: none twice, none left out."""
    deal = world.parties
    submissions = []
    for number in range(6):
        # By links to somebody who is no member, so that nothing but the numbers is shared.
        draft = scenarios.software_draft(
            deal,
            number=f"NL-RACE-{number}",
            buyer_ref=world["unclaimed"],
            signatory_name="Hein Hafen",
            signatory_email="hein@hafen.example",
        )
        contract = scenarios.active_contract(deal, draft=draft, at=START)
        submissions.append(scenarios.submitted_milestone(contract, at=START))
    guests = [scenarios.guest_actor(scenarios.link_to_sign_off(submission)) for submission in submissions]

    def accept(guest: Actor, submission: Submission) -> Answer:
        with acting(guest, at=START):
            return sign_off.accept_milestone(
                actor=guest, key=new_key(), submission_ref=submission.ref, seen=submission.sha256
            )

    return _all_win(*[lambda pair=pair: accept(*pair) for pair in zip(guests, submissions, strict=True)])


def different_payments(world: World) -> list[str]:
    """Six parts of one invoice arrive at once: none is forgotten."""
    bilge = member(world.parties, "billing")

    def pay(number: int) -> Answer:
        with acting(bilge, at=START):
            return billing.record_payment(
                actor=bilge,
                key=new_key(),
                invoice_ref=world["payable"],
                amount=Decimal(100 + number),
                received_on=START.date(),
                bank_reference=f"PART-{number}",
            )

    return _all_win(*[lambda number=number: pay(number) for number in range(6)])


def _all_win(*actions: Callable[[], Answer]) -> list[str]:
    losers = [f"lost by {result!r}" for result in together(*actions) if isinstance(result, Exception)]
    return [*losers, *truth.wrong()]


def at_the_limit(world: World) -> list[str]:
    """Two offers are accepted at once where the facility has room for one of them."""
    deal = world.parties
    STORIES["approve_offer"](world)(new_key())
    with connections["owner"].cursor() as cursor:
        # Beside what is out or promised, the limit leaves room for one more advance of 102,000, and not for two.
        cursor.execute(
            'UPDATE financing_facility f SET "limit" = 150000 + advanced'
            " + (SELECT sum(t.gross) FROM financing_tranche t WHERE t.facility_id = f.id AND t.state = 'accepted')"
            " WHERE f.ref = %s",
            [world["facility"]],
        )
    offers = [
        Offer.objects.using("owner").select_related("request").get(ref=world[name]) for name in ("issued", "priced")
    ]
    results = together(*[lambda offer=offer: {"tranche": stories.accepted(deal, offer).ref} for offer in offers])
    found = _rude(["accept_offer"] * 2, results)
    if len([result for result in results if not isinstance(result, Exception)]) != 1:
        found.append(f"not exactly one was kept free: {results}")
    return [*found, *truth.wrong()]


RACES: Final[dict[str, Callable[[World], list[str]]]] = {
    **{name: partial(exactly_one, starters=starters) for name, starters in ONE_WINS.items()},
    **{name: partial(some, starters=starters) for name, starters in SOME_WIN.items()},
    "eight clicks on one button": one_key,
    "six sign-offs of one seller's milestones": different_milestones,
    "six payments of one invoice": different_payments,
    "two acceptances at a facility's limit": at_the_limit,
}


def _released(attempts: dict[str, Attempt], starters: dict[str, int]) -> tuple[list[str], list[Result]]:
    names = [name for name, count in starters.items() for _ in range(count)]
    return names, together(*[lambda attempt=attempts[name]: attempt(new_key()) for name in names])


def _rude(names: list[str], results: list[Result]) -> list[str]:
    """Losers who were not told in words."""
    return [
        f"{name} lost by {result!r}"
        for name, result in zip(names, results, strict=True)
        if isinstance(result, Exception) and not isinstance(result, Refused)
    ]
