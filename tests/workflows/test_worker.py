"""Jobs exist with the transaction that defers them, run once, and run again when their worker died."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy

from apps.core import canonical
from apps.core.database import walls
from apps.invoicing.models import Document, Invoice
from apps.milestones.models import Certificate, Decision, EvidenceFile
from apps.parties.models import Invitation
from apps.parties.roles import Role
from apps.workflows import jobs, team, upkeep, worker
from tests import scenarios

WORK = """
import os, django; django.setup()
from django.db import connections
for alias in ("default", "owner"):
    connections[alias].settings_dict["NAME"] = {name!r}
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
settings.EMAIL_FILE_PATH = {mails!r}
from django.core.management import call_command
"""
"""A worker process on this test's database, whose mails are written to files."""


def statuses(task: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE task_name LIKE %s ORDER BY id", [f"%{task}"])
        return [status for (status,) in cursor.fetchall()]


def invite(email: str = "neu@nordlicht.example") -> str:
    """An owner invites somebody: one job is deferred."""
    actor = scenarios.seller_actor(scenarios.organisations())
    with scenarios.acting(actor):
        return team.invite_member(actor=actor, key="k", email=email, roles=frozenset({Role.BILLING}))["invitation"]


def wait_until(reached: Callable[[], bool]) -> None:
    """Poll for at most a minute: a process starts slowly where many others run."""
    for _ in range(600):
        if reached():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to pass within a minute")


def sweep_now() -> None:
    """Instead of waiting for the full minute, unless a sweep waits already."""
    with suppress(AlreadyEnqueued):
        upkeep.retry_stalled_jobs.configure().defer(timestamp=0)


def test_a_job_of_a_rolled_back_transaction_does_not_exist(scratch: str) -> None:
    with transaction.atomic():
        jobs.send_invitation.defer(invitation_ref="x", organisation_id=1)
        assert statuses("send_invitation") == ["todo"]
        transaction.set_rollback(True)
    assert statuses("send_invitation") == []
    assert worker.run_due_jobs() == 0


def test_a_job_runs_once_after_the_commit(scratch: str) -> None:
    invite()
    assert statuses("send_invitation") == ["todo"]
    assert worker.run_due_jobs() == 1
    assert worker.run_due_jobs() == 0
    assert statuses("send_invitation") == ["succeeded"]
    assert [message.to for message in mail.outbox] == [["neu@nordlicht.example"]]


@pytest.mark.django_db
def test_what_a_job_raises_is_raised_and_the_job_failed() -> None:
    jobs.send_invitation.defer(invitation_ref="no such thing", organisation_id=1)
    with pytest.raises(Invitation.DoesNotExist):
        worker.run_due_jobs()
    assert statuses("send_invitation") == ["failed"]


@pytest.mark.django_db
def test_the_walls_stand_as_before_when_jobs_have_run() -> None:
    invite()
    with walls.asking_for(4711, user=12):
        worker.run_due_jobs()
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.orgs'), current_setting('app.user')")
            assert cursor.fetchone() == ("4711", "12")


@pytest.mark.django_db
def test_no_job_carries_a_token_or_content() -> None:
    ref = invite()
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        (arguments,) = cursor.fetchone()
    assert set(json.loads(arguments)) == {"invitation_ref", "organisation_id"}
    assert ref in arguments


def test_a_worker_thread_runs_jobs_and_stops(scratch: str) -> None:
    invite()
    with worker.running():
        wait_until(lambda: statuses("send_invitation") == ["succeeded"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        assert cursor.fetchone() == (0,)


def test_a_job_whose_worker_died_is_run_by_another(scratch: str) -> None:
    invite()
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_register_worker_v1()")
        (dead,) = cursor.fetchone()
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", [dead])
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert statuses("send_invitation") == ["doing"]
    sweep_now()
    with worker.running():
        wait_until(lambda: statuses("send_invitation") == ["succeeded"])
    assert len(mail.outbox) == 1


def test_a_worker_killed_in_the_middle_of_a_job_leaves_it_to_another_and_nothing_is_doubled(
    scratch: str, tmp_path: Path
) -> None:
    """SIGKILL, while the document is being made: stored already, and not yet known to be."""
    contract = scenarios.active_contract(scenarios.organisations())
    milestone = scenarios.accepted_milestone(contract)
    entered = tmp_path / "entered"
    program = (
        WORK.format(name=scratch, mails=str(tmp_path))
        + f"""
import pathlib, time
from apps.invoicing import documents
def never_finished(document, *, stored_as, **others):
    pathlib.Path({str(entered)!r}).write_text(stored_as)
    time.sleep(600)
documents._finish = never_finished
call_command("work")
"""
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            wait_until(entered.exists)
        finally:
            process.kill()
    assert statuses("render_invoice") == ["doing"]
    with connection.cursor() as cursor:
        # Half a minute without a heartbeat is what makes a worker count as dead.
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    sweep_now()
    with worker.running():
        wait_until(lambda: statuses("render_invoice") == ["succeeded"])
    with walls.asking_for(contract.seller_id):
        document = Document.objects.get(invoice__milestone=milestone)
        assert (document.state, document.stored_as) == ("ready", entered.read_text())
        assert Invoice.objects.count() == 1
    assert len(default_storage.listdir(f"invoices/{document.ref}")[1]) == 2, "the page and its XML, once"


def test_a_stalled_job_of_which_the_next_one_waits_already_holds_up_nobody(scratch: str) -> None:
    invite()
    upkeep.accrue_everybodys_income.configure().defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_register_worker_v1()")
        (dead,) = cursor.fetchone()
        for _ in range(2):
            cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", [dead])
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert statuses("accrue_everybodys_income") + statuses("send_invitation") == ["doing", "doing"]
    upkeep.accrue_everybodys_income.configure().defer(timestamp=86_400)
    # Before everything else, so that the next one waits still.
    upkeep.retry_stalled_jobs.configure(priority=1).defer(timestamp=0)
    with worker.running():
        wait_until(lambda: statuses("accrue_everybodys_income") == ["failed", "succeeded"])
        wait_until(lambda: statuses("send_invitation") == ["succeeded"])


def test_a_worker_that_fell_over_begins_again(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """How often is not fixed: on a busy machine the real one may fall over too, and begins again as it should.

    What is fixed: each beginning has its end, only the last end was asked for, and the job was done once.
    """
    invite()
    works, begun, ends = worker._work_once, list[int](), list[str]()

    async def falls_twice(*, name: str) -> None:
        """With an error, and then without: the library knows both."""
        begun.append(len(begun) + 1)
        if begun[-1] == 1:
            ends.append("an error")
            raise ConnectorException
        if begun[-1] == 2:
            ends.append("nothing said")
            return
        try:
            await works(name=name)
        finally:
            ends.append(repr(sys.exception()))

    monkeypatch.setattr(worker, "_work_once", falls_twice)
    monkeypatch.setattr(worker, "BEGIN_AGAIN_AFTER", 0.01)
    with worker.running():
        wait_until(lambda: statuses("send_invitation") == ["succeeded"])
    assert ends[:2] == ["an error", "nothing said"]
    assert len(begun) == len(ends) >= 3
    assert "CancelledError()" not in ends[:-1], ends
    assert len(mail.outbox) == 1


def test_a_connection_that_the_clock_lost_fells_no_later_worker(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It used to: the connection stayed lost in the one thread from which every worker's clock defers its jobs."""
    works, begun = worker._work_once, list[int]()

    def lose_the_connection_of_this_thread() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone() == (True,)
        connections["owner"].close()

    async def falls_with_the_clocks_connection(*, name: str) -> None:
        begun.append(len(begun) + 1)
        if begun == [1]:
            await sync_to_async(lose_the_connection_of_this_thread)()
            raise ConnectorException
        await works(name=name)

    def has_deferred() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_periodic_defers")
            return bool(cursor.fetchone()[0])

    monkeypatch.setattr(worker, "_work_once", falls_with_the_clocks_connection)
    monkeypatch.setattr(worker, "BEGIN_AGAIN_AFTER", 0.01)
    with worker.running():
        wait_until(has_deferred)
    assert begun == [1, 2]


def test_a_worker_that_falls_over_while_it_stops_does_not_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does when the database is away: it can say goodbye to nobody. It used to begin anew, for good."""
    begun = threading.Semaphore(0)
    count: list[int] = []

    async def falls_when_stopped(*, name: str) -> None:
        count.append(1)
        begun.release()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectorException from None

    monkeypatch.setattr(worker, "_work_once", falls_when_stopped)
    monkeypatch.setattr(worker, "BEGIN_AGAIN_AFTER", 0.01)
    monkeypatch.setattr(worker, "STOP_WITHIN", 0.0)
    with worker.running():
        assert begun.acquire(timeout=20)
    assert not any(thread.name == "worker" for thread in threading.enumerate())
    assert count == [1]


def aged(name: str, *, by: timedelta) -> str:
    """A stored file that was written so long ago."""
    stored_as = default_storage.save(name, ContentFile(b"orphan"))
    written = (datetime.now(UTC) - by).timestamp()
    os.utime(default_storage.path(stored_as), (written, written))
    return stored_as


def test_files_that_a_crash_left_are_swept_after_a_day_and_no_others(scratch: str) -> None:
    contract = scenarios.active_contract(scenarios.organisations())
    milestone = scenarios.accepted_milestone(contract)
    worker.run_due_jobs()
    not_rendered = scenarios.accepted_milestone(contract, position=2)
    with walls.asking_for(contract.seller_id):
        document = Document.objects.get(invoice__milestone=milestone)
        evidence = EvidenceFile.objects.get(submission__milestone=milestone)
        waiting = Document.objects.get(invoice__milestone=not_rendered)
        certificate = Certificate.objects.get(decision__submission__milestone=milestone)
        begun = Certificate.objects.create(
            contract=contract,
            decision=Decision.objects.get(submission__milestone=not_rendered),
            requested_at=datetime.now(UTC),
            snapshot="{}",
            snapshot_sha256=canonical.sha256("{}"),
        )
    long_ago, today = timedelta(days=2), timedelta(hours=23)
    kept = [
        document.stored_as,
        evidence.stored_as,
        certificate.stored_as,
        aged(f"certificates/{begun.ref}/half.pdf", by=long_ago),
        aged("evidence/ab/young", by=today),
        aged(f"invoices/{waiting.ref}/half.pdf", by=long_ago),
    ]
    for name in kept[:3]:
        written = (datetime.now(UTC) - long_ago).timestamp()
        os.utime(default_storage.path(name), (written, written))
    orphans = [
        aged("evidence/ab/orphan", by=long_ago),
        aged(f"invoices/{document.ref}/other.pdf", by=long_ago),
        aged("invoices/nobody/gone.pdf", by=long_ago),
        aged(f"certificates/{certificate.ref}/other.pdf", by=long_ago),
        aged("certificates/nobody/gone.pdf", by=long_ago),
        aged("packs/nobody/gone.zip", by=long_ago),
    ]
    upkeep.sweep_orphan_files.func(int(datetime.now(UTC).timestamp()))
    assert [name for name in kept if not default_storage.exists(name)] == []
    assert [name for name in orphans if default_storage.exists(name)] == []


def test_every_financier_accrues_once_a_day(scratch: str) -> None:
    story = scenarios.organisations()
    for _ in range(2):
        upkeep.accrue_everybodys_income.func(1_770_000_000)
    assert statuses("accrue_income") == ["todo", "todo"]
    for _ in range(2):
        upkeep.accrue_income.func(organisation_id=story.financier.pk, through="2026-02-02")
    with scenarios.acting(scenarios.member(story, "financier")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workflows_idempotencykey WHERE action = 'accrue_income'")
        assert cursor.fetchone() == (1,)


def test_every_financiers_offers_expire_once_a_day(scratch: str) -> None:
    story = scenarios.organisations()
    upkeep.expire_everybodys_offers.func(1_770_000_000)
    assert statuses("expire_offers") == ["todo"]
    for _ in range(2):
        upkeep.expire_offers.func(organisation_id=story.financier.pk, on="2026-02-02")
    with scenarios.acting(scenarios.member(story, "financier")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM workflows_idempotencykey WHERE action = 'expire_offers'")
        assert cursor.fetchone() == (1,)


def waits(strategy: BaseRetryStrategy) -> list[int]:
    """After how many seconds a job that keeps failing is tried again, each time."""
    found = []
    for attempts in range(20):
        job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        decision = strategy.get_retry_decision(exception=OSError(), job=job)
        if decision is None:
            break
        assert decision.retry_at is not None
        found.append(round((decision.retry_at - datetime.now(UTC)).total_seconds()))
    return found


def test_a_mail_outlasts_an_outage_of_most_of_a_day_and_a_document_one_of_a_minute() -> None:
    assert waits(jobs.MAIL_AGAIN) == [4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536]
    assert waits(jobs.RENDER_AGAIN) == [5, 20, 35, 50]
    mails = [task for task in app.tasks.values() if task.queue == "mail" and task != jobs.send_proof_code]
    assert mails
    assert all(task.retry_strategy is jobs.MAIL_AGAIN for task in mails)
    assert jobs.send_proof_code.retry_strategy is jobs.CODE_AGAIN, "a code is worth nothing after some minutes"


def test_every_verifier_of_the_night_exists_and_finds_an_empty_house_in_order(scratch: str) -> None:
    upkeep.verify_everything.func(0)


def test_a_worker_process_works_until_it_is_told_to_stop(scratch: str, tmp_path: Path) -> None:
    invite()
    program = WORK.format(name=scratch, mails=str(tmp_path)) + 'call_command("work")'
    with subprocess.Popen([sys.executable, "-W", "error", "-c", program]) as process:
        try:
            wait_until(lambda: statuses("send_invitation") == ["succeeded"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert len(list(tmp_path.glob("*.log"))) == 1
