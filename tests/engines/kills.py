"""Random ``kill -9`` under load: web, worker, a database backend, and on a server of its own the whole database.

People sign off and record payments over HTTP, and press again with the same one-time key until they are answered.
Meanwhile processes die. In the end every acknowledged action is there exactly once, none is there twice or by half,
and the same key once more is answered and changes nothing.

Only processes that this engine started are killed, and only on a server of its own is the database itself.
"""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import Empty, Queue
from typing import Final, TypeVar
from urllib.parse import urlencode

import psutil  # type: ignore[import-untyped]
from django.conf import settings
from django.db import OperationalError, connections
from django.test import Client
from django.urls import reverse

from apps.core import clock
from config.embedded_pg import base
from tests import scenarios
from tests.engines import mutants, truth
from tests.engines.report import Report
from tests.engines.world import World, copy
from tests.financing.stories import START
from tests.scenarios import key as new_key

Found = TypeVar("Found")
CSRF: Final = "c" * 32
PATIENCE: Final = 180.0
"""Seconds after which an action that is still not answered counts as lost."""
GENTLE: Final = ("web", "worker", "session")
"""What dies on a server that others use too: of the database only one session, ended by its own server."""
ALL: Final = ("web", "worker", "backend", "database")


@dataclass
class Press:
    """One button, pressed until somebody answers."""

    path: str
    session: str
    fields: dict[str, str]
    found_by: str
    """SQL that counts how often it is there."""
    acknowledged: bool = False
    tries: int = 0

    def press(self, port: int) -> bool:
        """Whether the answer was the redirect that follows what worked."""
        self.tries += 1
        body = urlencode({**self.fields, "csrfmiddlewaretoken": CSRF})
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={CSRF}; {settings.SESSION_COOKIE_NAME}={self.session}",
        }
        web = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            web.request("POST", self.path, body, headers)
            answer = web.getresponse()
            return answer.status == HTTPStatus.FOUND and "/accounts/" not in (answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()


@dataclass
class House:
    """The processes under load, and how to start each again."""

    database: str
    mutant: str = ""
    port: int = 0
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.engines.served", name, str(self.port)]
        environment = {
            **os.environ,
            "ENGINES_DATABASE": self.database,
            "ENGINES_DATA_DIR": str(settings.DATA_DIR),
            "ENGINES_MUTANT": self.mutant,
            "LOG_LEVEL": "CRITICAL",
        }
        quiet = subprocess.DEVNULL
        self.running[name] = subprocess.Popen(
            command, env=environment, cwd=settings.BASE_DIR, stdout=quiet, stderr=quiet
        )

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def wait_until_served(self) -> None:
        for _ in range(3_000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the web process did not come up within a minute")


def run(
    world: World,
    template: str,
    *,
    seed: int,
    payments: int,
    contracts: int,
    kills: int,
    victims: tuple[str, ...] = GENTLE,
    mutant: str = "",
    careless: bool = False,
) -> Report:
    """Load, kill so many times, and count. ``careless`` lets the database acknowledge long before it has written."""
    report = Report("kill -9 under load" + (f" [{mutant}]" if mutant else ""), seed)
    chance = random.Random(seed)
    with copy(template), _serving(mutant) as house, _careless(house) if careless else nullcontext():
        presses = _work(world, payments=payments, contracts=contracts)
        chance.shuffle(presses)
        house.start("web")
        if not mutant:  # those that are seeded show in what web leaves behind
            house.start("worker")
        house.wait_until_served()
        killed = _under_load(house, presses, chance, kills=kills, victims=victims)
        house.wait_until_served()
        report.trials = len(presses)
        report.notes.append(f"{', '.join(f'{killed.count(v)} x {v}' for v in victims)} killed")
        report.notes.append(f"{sum(press.tries for press in presses)} presses of {len(presses)} buttons")
        report.findings += _wrong(presses)
        for press in chance.sample(presses, min(20, len(presses))):
            if not press.press(house.port):
                report.findings.append(f"{press.path}: the same key once more is not answered as before")
        report.findings += [finding for finding in _wrong(presses) if finding not in report.findings]
    return report


def find(fault: str, world: World, template: str, *, seed: int, most: int) -> bool:
    """Whether the engine notices a mutant; as kills meet it by chance, a little load is run so many times at the most.

    That a busy machine never answered says nothing of the fault.
    """
    load = mutants.OF_KILLS[fault][1]
    return any(
        "never answered" not in finding
        for turn in range(most)
        for finding in run(
            world,
            template,
            seed=seed + turn,
            payments=load["payments"],
            contracts=load["contracts"],
            kills=1,
            mutant=fault,
            victims=("web",),
        ).findings
    )


@contextmanager
def _careless(house: House) -> Iterator[None]:
    """COMMIT is answered at once, and what it wrote stays in shared memory for ten seconds: what is killed loses it.

    As Postgres comes, its writer follows after 0.2 seconds, which is less than it takes here to find all processes of
    the server: nothing would be lost by then, and nothing found. Only on a server of one's own: it changes all of it.
    """
    asked = {"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{house.database}" SET synchronous_commit = off')
        for name, value in asked.items():
            cursor.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        cursor.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        connections["owner"].close()
        with connections["owner"].cursor() as cursor:
            for name in asked:
                cursor.execute(f"ALTER SYSTEM RESET {name}")
            cursor.execute("SELECT pg_reload_conf()")


def _work(world: World, *, payments: int, contracts: int) -> list[Press]:
    sessions = {role: _session(world, role) for role in ("billing", "approver")}
    presses = [_payment(world, number, sessions["billing"]) for number in range(payments)]
    with clock.stopped(START):
        for number in range(contracts):
            draft = scenarios.software_draft(world.parties, number=f"NL-KILL-{number}")
            contract = scenarios.active_contract(world.parties, draft=draft, at=START)
            for position in (1, 2, 3):
                submission = scenarios.submitted_milestone(contract, position=position, at=START)
                presses.append(
                    Press(
                        reverse("buyer:accept_milestone", args=[submission.ref]),
                        sessions["approver"],
                        {"key": new_key(), "seen": submission.sha256},
                        "SELECT count(*) FROM milestones_decision d JOIN milestones_submission s"
                        f" ON s.id = d.submission_id WHERE s.ref = '{submission.ref}'",
                    )
                )
    return presses


def _payment(world: World, number: int, session: str) -> Press:
    invoice = world[("payable", "failed", "fundable")[number % 3]]
    fields = {
        "key": new_key(),
        "amount": "1.25",
        "received_on": str(clock.today()),
        "bank_reference": f"KILL-{number}",
        "do": "record",
    }
    return Press(
        reverse("seller:record_payment", args=[invoice]),
        session,
        fields,
        f"SELECT count(*) FROM invoicing_payment WHERE bank_reference = 'KILL-{number}'",
    )


def _session(world: World, role: str) -> str:
    browser = Client()
    browser.force_login(world.parties.people[role].user)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def _under_load(
    house: House, presses: list[Press], chance: random.Random, *, kills: int, victims: tuple[str, ...]
) -> list[str]:
    """Four people press; after every so many answers somebody dies. Answers who died."""
    waiting: Queue[Press] = Queue()
    for press in presses:
        waiting.put(press)
    answered = threading.Semaphore(0)
    deadline = time.monotonic() + PATIENCE

    def person() -> None:
        with suppress(Empty):
            while True:
                press = waiting.get_nowait()
                while not press.acknowledged and time.monotonic() < deadline:
                    press.acknowledged = press.press(house.port)
                    if not press.acknowledged:
                        time.sleep(0.05)
                answered.release()

    people = [threading.Thread(target=person, daemon=True) for _ in range(4)]
    for one in people:
        one.start()
    killed = []
    for _ in range(kills):
        for _ in range(max(1, len(presses) // (kills + 1))):
            answered.acquire(timeout=PATIENCE)
        killed.append(chance.choice(victims))
        _kill(house, killed[-1])
    for one in people:
        one.join(PATIENCE)
    return killed


def _kill(house: House, victim: str) -> None:
    if victim in ("web", "worker"):
        house.kill(victim)
        house.start(victim)
    elif victim == "session":
        _for_one_session("SELECT pg_terminate_backend(%s)")
    elif victim == "backend":
        number = _for_one_session("SELECT %s")
        if number:
            os.kill(number, signal.SIGKILL)
    else:
        connections.close_all()
        _processes_of_own_server(signal.SIGKILL)


def _for_one_session(sql: str) -> int:
    """Do something to a session that works at this moment; the answer is its process, 0 where nobody is there."""

    def it() -> int:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend' ORDER BY state = 'idle', random() LIMIT 1"
            )
            found = cursor.fetchone()
            if found:
                cursor.execute(sql, found)
        return int(found[0]) if found else 0

    return _once_back(it) or 0


def _once_back(ask: Callable[[], Found]) -> Found | None:
    """Ask as the owner; None where the server, which an earlier kill brought down, does not come back in a minute."""
    for _ in range(300):
        try:
            connections["owner"].close()
            return ask()
        except OperationalError:
            time.sleep(0.2)
    return None


def _processes_of_own_server(sign: signal.Signals) -> None:
    """The postmaster first, so that it starts nothing any more."""
    cluster = str(base.server().cluster)
    mine = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name().startswith("postgres") and process.cwd() == cluster:
                mine.append(process)
    for process in sorted(mine, key=lambda process: process.pid):
        with suppress(psutil.Error):
            process.send_signal(sign)
    psutil.wait_procs(mine, timeout=30)


def _wrong(presses: list[Press]) -> list[str]:
    def it() -> list[str]:
        found = []
        with connections["owner"].cursor() as cursor:
            for press in presses:
                cursor.execute(press.found_by)
                (times,) = cursor.fetchone()
                if not press.acknowledged:
                    found.append(f"{press.path}: never answered in {press.tries} tries; it is there {times} times")
                elif times != 1:
                    found.append(f"{press.path}: acknowledged, and there {times} times")
        return [*found, *truth.wrong()]

    found = _once_back(it)
    return ["the database did not come back"] if found is None else found


@contextmanager
def _serving(mutant: str) -> Iterator[House]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house = House(str(connections["owner"].settings_dict["NAME"]), mutant=mutant, port=port)
    try:
        yield house
    finally:
        for process in house.running.values():
            process.kill()
            process.wait()
