"""List pages, totals and sign-offs where one seller has ten thousand invoices, and where it has a million."""

from collections.abc import Callable
from statistics import median
from time import perf_counter

from django.test import Client

from apps.workflows import sign_off
from benchmarks import stock
from benchmarks.data import say
from benchmarks.sign_off import waiting_submissions
from tests import scenarios
from tests.scenarios import Parties, acting, key

ROUNDS, EACH, WARM = 3, 7, 2
PAGES = {
    "the seller's invoices": "/seller/invoices/",
    "the open ones, with their total": "/seller/invoices/?state=open",
    "the paid ones": "/seller/invoices/?state=paid",
    "the seller's contracts": "/seller/contracts/",
    "the seller's home, with totals": "/seller/",
    "the buyer's invoices": "/buyer/invoices/",
}
SIGN_OFF = "a sign-off"


def run(sizes: list[int]) -> None:
    found: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in [*PAGES, SIGN_OFF]}
    for number in range(ROUNDS):
        for size in sizes:
            with stock.of_size(size) as parties:
                for name, act in _actions(parties, number).items():
                    found[name][size] += _timed(act)
    for size in sizes:
        with stock.of_size(size):
            stock.verified()
    say(
        f"Milliseconds, medians of {ROUNDS * EACH} in {ROUNDS} interleaved rounds, at "
        + ", ".join(f"{n:,}" for n in sizes)
    )
    for name, by_size in found.items():
        medians = [1000 * median(by_size[size]) for size in sizes]
        say(f"  {name:34}" + "".join(f"{one:9.1f}" for one in medians) + f"   {medians[-1] / medians[0]:.2f} times")


def _timed(act: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(EACH + WARM):
        began = perf_counter()
        act()
        seconds.append(perf_counter() - began)
    return seconds[WARM:]


def _actions(parties: Parties, number: int) -> dict[str, Callable[[], object]]:
    clients = {side: Client() for side in ("seller", "buyer")}
    for side, client in clients.items():
        client.force_login(parties.people[side].user)

    def opening(address: str) -> Callable[[], object]:
        client = clients[address.split("/")[1]]

        def get() -> None:
            if client.get(address).status_code != 200:
                raise SystemExit(f"{address} does not answer")

        return get

    waiting = iter(waiting_submissions(parties, at_least=stock.STEPS, number=f"ROUND-{key()[:8]}-{number}"))
    bea = scenarios.approver_actor(parties)

    def accept() -> None:
        submission = next(waiting)
        with acting(bea):
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)

    return {**{name: opening(address) for name, address in PAGES.items()}, SIGN_OFF: accept}
