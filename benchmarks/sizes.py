"""List pages, totals and sign-offs where one seller has ten thousand invoices, and where it has a million."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

from django.test import Client

from apps.workflows import sign_off
from benchmarks import stock
from benchmarks.data import say
from benchmarks.sign_off import backends, spent_by_postgres, waiting_submissions
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


@dataclass(frozen=True, slots=True)
class Spent:
    """What one page or sign-off took: seconds by the clock, and of the processor (Python and Postgres together)."""

    clock: float
    processor: float


def run(sizes: list[int]) -> None:
    found: dict[str, dict[int, list[Spent]]] = {name: {size: [] for size in sizes} for name in [*PAGES, SIGN_OFF]}
    for number in range(ROUNDS):
        for size in sizes:
            with stock.of_size(size) as parties:
                for name, act in _actions(parties, number).items():
                    found[name][size] += _timed(act)
    for size in sizes:
        with stock.of_size(size):
            stock.verified()
    _print("by the clock", found, lambda spent: spent.clock)
    _print("of the processor", found, lambda spent: spent.processor)


def _print(what: str, found: dict[str, dict[int, list[Spent]]], of: Callable[[Spent], float]) -> None:
    sizes = list(found[SIGN_OFF])
    say(
        f"Milliseconds {what}, medians of {ROUNDS * EACH} in {ROUNDS} interleaved rounds, at "
        + ", ".join(f"{n:,}" for n in sizes)
    )
    for name, by_size in found.items():
        medians = [1000 * median(of(spent) for spent in by_size[size]) for size in sizes]
        say(f"  {name:34}" + "".join(f"{one:9.1f}" for one in medians) + f"   {medians[-1] / medians[0]:.2f} times")


def _timed(act: Callable[[], object]) -> list[Spent]:
    for _ in range(WARM):
        act()
    backends.cache_clear()  # the action may have opened its connection just now
    spent = []
    for _ in range(EACH):
        clock, cpu, postgres = perf_counter(), process_time(), spent_by_postgres()
        act()
        processor = process_time() - cpu + spent_by_postgres() - postgres
        spent.append(Spent(perf_counter() - clock, processor))
    return spent


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
