"""Mails that come back: a notice proves nothing then, and silence never accepts; forged and broken ones say nothing."""

import imaplib
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.audit.models import Entry
from apps.contracts.models import GuestGrant, MailFailure, SentMail
from apps.contracts.rules.returned_mail import MOST_BYTES, read_returned
from apps.core import clock
from apps.core.database import walls
from apps.milestones import rules
from apps.milestones.models import Decision, Submission
from apps.parties.actor import Actor
from apps.workflows import contracting, reviews
from apps.workflows.mailboxes import read_all
from apps.workflows.returned import Taken, take_returned
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.returned import notification
from tests.scenarios import Parties, acting, key

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = datetime(2026, 4, 15, 21, 59, 59, tzinfo=UTC)
BEA = "bea@meridian.example"


@pytest.fixture
def parties(founded: Parties) -> Parties:
    return founded


@pytest.fixture
def sent(parties: Parties) -> Submission:
    """Submitted and mailed at noon of 1 April; silence accepts after 14 days."""
    draft = scenarios.software_draft(parties, silence="accepted")
    contract = scenarios.active_contract(parties, draft=draft, at=NOON - 10 * DAY)
    submission = scenarios.submitted_milestone(contract, at=NOON)
    work(submission, at=NOON)
    return fresh(submission)


def work(submission: Submission, *, at: datetime) -> None:
    with clock.stopped(at), walls.asking_for(submission.contract.buyer_id):
        run_due_jobs()


def fresh(submission: Submission) -> Submission:
    with walls.asking_for(submission.contract.seller_id):
        return Submission.objects.select_related("contract", "notice", "milestone").get(pk=submission.pk)


def mail_of(submission: Submission) -> SentMail:
    with walls.asking_for(submission.contract.seller_id):
        return SentMail.objects.filter(subject=f"submission:{submission.ref}").latest("pk")


def come_back(mail: SentMail, *, at: datetime, read_at: datetime | None = None, mailbox: str = BEA) -> Taken:
    with clock.stopped(read_at or at):
        return take_returned(notification(mail.message_id, mailbox), received_at=at)


def silence(at: datetime) -> list[str]:
    """What the clock does at this moment."""
    with clock.stopped(at):
        due = reviews.due(at=at)
        for one in due:
            reviews.tend(submission_ref=one.submission_ref, seller_id=one.seller_id, what=one.what, due=one.due)
    return [one.what for one in due]


# --- the clock ---------------------------------------------------------------------------------------------------


def test_a_notice_that_came_back_starts_no_clock_and_silence_never_accepts(sent: Submission) -> None:
    mail = mail_of(sent)
    assert (sent.notified_at, sent.notified_by, sent.notice, sent.review_due_at) == (NOON, "mail", mail, DUE)
    # Read only after the deadline: it counts when it was received.
    assert come_back(mail, at=NOON + 23 * HOUR, read_at=DUE + DAY) == Taken(is_notice=True, is_ours=True, noted=1)
    stopped = fresh(sent)
    assert (stopped.notified_at, stopped.notified_by, stopped.notice) == (None, "", None)
    assert stopped.came_back_at == DUE + DAY
    assert silence(DUE + 90 * DAY) == []
    assert fresh(sent).state == "submitted"
    # Told twice, it is noted once.
    assert come_back(mail, at=NOON + 23 * HOUR, read_at=DUE + 2 * DAY) == Taken(is_notice=True, is_ours=True, noted=0)
    with walls.asking_for(sent.contract.seller_id):
        verbs = list(
            Entry.objects.filter(subject=f"submission:{sent.ref}").order_by("pk").values_list("verb", flat=True)
        )
    assert verbs[-3:] == ["submission.notified", "mail.came_back", "submission.notice_came_back"]


def test_the_next_proof_starts_it_anew(parties: Parties, sent: Submission) -> None:
    come_back(mail_of(sent), at=NOON + HOUR)
    later = NOON + 5 * DAY
    with walls.asking_for(sent.contract.seller_id):
        grant = GuestGrant.objects.get(subject_ref=sent.ref, revoked_at__isnull=True)
    seller = scenarios.seller_actor(parties)
    with acting(seller, at=later):
        contracting.renew_link(actor=seller, key=key(), grant_ref=grant.ref)
    work(sent, at=later)
    again = fresh(sent)
    assert (again.notified_at, again.notice, again.came_back_at) == (later, mail_of(sent), None)
    assert again.review_due_at == DUE + 5 * DAY
    silence(DUE + DAY)
    assert fresh(sent).state == "submitted"
    assert silence(DUE + 5 * DAY + HOUR) == ["silence"]
    assert fresh(sent).state == "accepted"


def test_after_a_day_the_proof_stands_and_a_link_that_was_opened_is_one(sent: Submission) -> None:
    mail = mail_of(sent)
    with walls.asking_for(sent.contract.buyer_id):
        GuestGrant.objects.filter(subject_ref=sent.ref).update(first_viewed_at=NOON + 2 * DAY)
    assert come_back(mail, at=NOON + DAY + timedelta(seconds=1)).noted == 1
    assert fresh(sent).notified_at == NOON


def test_what_came_back_but_was_opened_counts_from_the_opening(sent: Submission) -> None:
    with walls.asking_for(sent.contract.buyer_id):
        GuestGrant.objects.filter(subject_ref=sent.ref).update(first_viewed_at=NOON + 12 * HOUR)
    come_back(mail_of(sent), at=NOON + 20 * HOUR)
    seen = fresh(sent)
    assert (seen.notified_at, seen.notified_by, seen.notice) == (NOON + 12 * HOUR, "view", None)
    assert (seen.review_due_at, seen.came_back_at) == (DUE + DAY, None)  # after midnight in Berlin


# --- Postgres ----------------------------------------------------------------------------------------------------


def refused(sql: str, *values: int | str | datetime) -> None:
    """By a guard, or because the web role may not touch the table so at all."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, list(values))


def test_postgres_keeps_the_notice_and_lets_silence_decide_nothing_else(sent: Submission) -> None:
    mail = mail_of(sent)
    clear = "UPDATE milestones_submission SET notified_at = NULL, notified_by = '', notice_id = NULL WHERE id = %s"
    with walls.asking_for(sent.contract.seller_id, sent.contract.buyer_id):
        refused(clear, sent.pk)
        refused("UPDATE milestones_submission SET came_back_at = now() WHERE id = %s", sent.pk)
        refused("UPDATE contracts_sentmail SET message_id = 'x' WHERE id = %s", mail.pk)
        row = "INSERT INTO contracts_mailfailure (mail_id, mailbox, status, reason, received_at, recorded_at)"
        refused(f"{row} VALUES (%s, 'ann@meridian.example', '', '', %s, %s)", mail.pk, NOON + HOUR, NOON + HOUR)
        refused(f"{row} VALUES (%s, %s, '', '', %s, %s)", mail.pk, BEA, NOON - HOUR, NOON)
        with connection.cursor() as cursor:
            cursor.execute(f"{row} VALUES (%s, %s, '', '', %s, %s)", [mail.pk, BEA, NOON + HOUR, NOON + HOUR])
        # Written past every service: the clock still runs, and silence is refused all the same.
        with pytest.raises(IntegrityError, match="came back"), transaction.atomic():
            Decision.objects.create(
                contract=sent.contract,
                submission=sent,
                outcome="deemed_accepted",
                rule="silence",
                organisation_name="Meridian",
                decided_at=DUE,
                recorded_at=DUE + DAY,
                statement="s",
                statement_version="1",
                sha256=sent.sha256,
                lapse_text="{}",
            )
        refused("UPDATE milestones_submission SET notified_at = now() WHERE id = %s", sent.pk)
        with connection.cursor() as cursor:
            cursor.execute(clear, [sent.pk])
        refused("DELETE FROM contracts_mailfailure WHERE mail_id = %s", mail.pk)


def test_silence_waits_until_the_notice_has_stood_a_day() -> None:
    """A deadline of one day comes sooner where the clocks are put forward in between."""
    late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
    due = datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC)
    assert rules.decides_after(due_at=due, mailed_at=late) == late + DAY
    assert rules.decides_after(due_at=due, mailed_at=None) == due


# --- notifications -----------------------------------------------------------------------------------------------


def test_only_what_we_sent_to_that_mailbox_counts(sent: Submission) -> None:
    mail = mail_of(sent)
    nobodys = Taken(is_notice=True)
    assert come_back(mail, at=NOON + HOUR, mailbox="ann@meridian.example") == nobodys
    assert take_returned(notification("<made.up@cairn.example>", BEA)) == nobodys
    assert take_returned(notification(mail.message_id, BEA, action="delayed")) == Taken()
    assert take_returned(b"Subject: hello\n\nhello") == Taken()
    assert fresh(sent).notified_at == NOON
    # By the address that we wrote, where the mailbox behind it is called otherwise.
    assert take_returned(notification(mail.message_id, "b@elsewhere.example", original=BEA.upper())).noted == 1


@pytest.mark.parametrize("form", ["text/rfc822-headers", "message/rfc822"])
def test_what_a_notification_says(form: str) -> None:
    said = read_returned(notification("<a.b@c>", "x@y.example", form=form, reason="smtp; 550 5.1.1\tno \x07such user"))
    assert said is not None
    assert said.message_id == "<a.b@c>"
    assert [(one.mailboxes, one.status, one.reason) for one in said.failures] == [
        (("x@y.example",), "5.1.1", "550 5.1.1 no such user")
    ]


def test_too_long_nested_and_broken_notifications() -> None:
    whole = notification("<a.b@c>", "x@y.example")
    padded = whole.replace(b"--=r--", b"x" * (3 * MOST_BYTES) + b"\n--=r--")
    assert read_returned(padded) is not None
    nested = b"Content-Type: multipart/mixed; boundary=n\n\n--n\n" + whole + b"\n--n--"
    assert read_returned(nested) is None
    deep = b"".join(
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="%d"\n\n--%d\n' % (n, n)
        for n in range(3_000)
    )
    assert read_returned(deep) is None
    for cut in range(0, len(whole), 7):
        read_returned(whole[:cut])  # says nothing, and never raises
    for broken in (b"", b"\xff" * 99, whole.replace(b"<a.b@c>", b"<a.b@c"), whole.replace(b"failed", b"")):
        assert read_returned(broken) is None
    # No database keeps such a sign, so whoever looked for it would read no other notification either.
    assert read_returned(whole.replace(b"<a.b@c>", b"<a\x00b@c>")) is None


# --- where they lie ----------------------------------------------------------------------------------------------


def test_from_a_maildir_and_from_standard_input(
    sent: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = mail_of(sent)
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1.host").write_bytes(b"Subject: spam\n\nspam")
    (tmp_path / "cur" / "2.host:2,").write_bytes(notification(mail.message_id, BEA))
    out = StringIO()
    call_command("read_bounces", f"maildir://{tmp_path}", stdout=out)
    assert "2 messages read, 1 say that a mail failed, 1 mailboxes noted" in out.getvalue()
    assert sorted(path.name for path in (tmp_path / "cur").iterdir()) == ["1.host:2,S", "2.host:2,S"]
    out = StringIO()
    call_command("read_bounces", f"maildir://{tmp_path}", stdout=out)
    assert out.getvalue().startswith("0 messages read")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(notification(mail.message_id, BEA))))
    out = StringIO()
    call_command("read_bounces", "-", stdout=out)
    assert "1 say that a mail failed, 0 mailboxes noted" in out.getvalue()
    with walls.asking_for(sent.contract.seller_id):
        assert MailFailure.objects.visible_to(Actor.system(organisation_id=sent.contract.seller_id)).count() == 1


class Imap:
    """A server that hands out its second message, and says for now no to the first."""

    error = imaplib.IMAP4.error

    def __init__(self, *_where: object, **_how: object) -> None:
        self.seen: list[str] = []
        servers.append(self)

    def login(self, user: str, password: str) -> None:
        assert (user, password) == ("me", "s/cret")

    def select(self, folder: str) -> tuple[str, list[bytes]]:
        return ("OK" if folder == '"Returned mail"' else "NO"), [b"2"]

    def uid(self, command: str, *told: str) -> tuple[str, list[object]]:
        if command == "SEARCH":
            return "OK", [b"7 8"]
        if command == "STORE":
            self.seen.append(told[0])
        if told[0] == "7":
            return "NO", [b"try later"]
        return "OK", [(b'2 (INTERNALDATE "01-Apr-2026 14:00:00 +0200" BODY[]<0> {5}', b"hello"), b")"]

    def logout(self) -> None:
        pass


servers: list[Imap] = []


def test_by_imap_what_is_not_handed_out_stays_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaplib.IMAP4", Imap)
    taken: list[tuple[bytes, datetime]] = []
    with pytest.raises(Imap.error, match="7"):
        read_all("imap://me:s%2Fcret@localhost/Returned%20mail", lambda *one: taken.append(one))
    assert (taken, servers[-1].seen) == ([(b"hello", NOON)], ["8"])
