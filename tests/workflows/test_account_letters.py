"""Statements of account as letters: what they say, to whom they go, and every month once, also after an outage."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from pypdf import PdfReader

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.core.printing import structure
from apps.invoicing import account_text
from apps.invoicing.models import AccountLetter, AccountLetterSchedule, Invoice
from apps.invoicing.rules import Band
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows import account_letter_jobs, account_letters, billing
from tests import corrections, races, scenarios
from tests.scenarios import Parties, acting, key, member

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MAY = datetime(2026, 5, 20, 12, tzinfo=UTC)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def invoiced(parties: Parties) -> Invoice:
    """14,280.00 EUR of 2 March, due 1 April; 4,000.00 paid and 1,190.00 credited."""
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    with acting(member(parties, "billing"), at=AT + timedelta(days=3)) as bilge:
        found = Invoice.objects.get(milestone=milestone)
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=found.ref,
            amount=Decimal("4000.00"),
            received_on=date(2026, 3, 5),
            bank_reference="BANK-1",
        )
    with clock.stopped(AT + timedelta(days=4)):
        corrections.credited(parties, found.ref, "1000.00", reason="Too dear")
    return found


def asked(parties: Parties, actor: Actor, other_ref: str, **changes: object) -> AccountLetter:
    terms = {"currency": "EUR", "since": MARCH[0], "until": MARCH[1], **changes}
    with acting(actor, at=MAY):
        answer = account_letters.send_account_statement(actor=actor, key=key(), other_ref=other_ref, **terms)  # type: ignore[arg-type]
    with walls.asking_for(parties.seller.pk):
        return AccountLetter.objects.get(ref=answer["letter"])


def test_it_says_what_passed_what_is_open_and_how_old_and_goes_to_the_buyer(parties: Parties) -> None:
    invoice = invoiced(parties)
    letter = asked(parties, member(parties, "billing"), parties.buyer.ref)
    said = account_text.read(letter.snapshot)
    assert account_text.write(said) == letter.snapshot
    assert (said.opening, said.closing) == (Decimal(0), Decimal("9090.00"))
    assert [(row.event, row.amount, row.balance) for row in said.rows] == [
        ("invoice", Decimal("14280.00"), Decimal("14280.00")),
        ("payment", Decimal("-4000.00"), Decimal("10280.00")),
        ("credit_note", Decimal("-1190.00"), Decimal("9090.00")),
    ]
    assert said.rows[1].about == invoice.number, "the payment says what it settles"
    ages = account_text.by_age(said.invoices, on=said.written_on)
    assert ages[Band.TO_60] == Decimal("9090.00"), "49 days after 1 April"
    assert sum(ages.values()) == said.closing
    with clock.stopped(MAY):
        for _twice in "ab":
            account_letter_jobs.make_account_letter.func(letter_ref=letter.ref, organisation_id=parties.seller.pk)
        mail.outbox.clear()
        for _twice in "ab":
            account_letter_jobs.send_account_letter.func(letter_ref=letter.ref, organisation_id=parties.buyer.pk)
    (message,) = mail.outbox
    assert message.subject == "Statement of account until 31 Mar 2026, from Nordlicht Software GmbH"
    assert message.to == ["paul@meridian.example"]
    account = f"/buyer/accounts/{parties.seller.ref}/?currency=EUR"
    assert account in str(message.body), "the account of this letter, where there are several"
    ((_name, content, kind),) = message.attachments
    assert kind == "application/pdf"
    assert structure.findings(content) == []
    pages = PdfReader(BytesIO(content)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Closing balance 9,090.00" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "31 to 60 days late" in text
    for side, role in (("seller", "billing"), ("buyer", "payables")):
        client = Client()
        client.force_login(parties.people[role].user)
        response = client.get(f"/{side}/account-letters/{letter.ref}/")
        assert b"".join(response.streaming_content) == content  # type: ignore[attr-defined]
    sent = {"key": key(), "currency": "EUR", "since": "2026-03-01", "until": "2026-03-31"}
    response = client.post(f"/buyer/accounts/{parties.seller.ref}/send/", sent)
    assert response["Location"] == f"{account}&since=2026-03-01&until=2026-03-31#letters"


def test_the_buyer_may_ask_too_and_others_may_not(parties: Parties) -> None:
    invoiced(parties)
    letter = asked(parties, member(parties, "payables"), parties.seller.ref)
    assert account_text.read(letter.snapshot).closing == Decimal("9090.00"), "both sides read the same"
    with pytest.raises(NotAllowed):
        asked(parties, member(parties, "delivery"), parties.buyer.ref)
    with pytest.raises(Refused, match="no account"):
        asked(parties, member(parties, "billing"), parties.financier.ref)
    with pytest.raises(Refused, match="no account"):
        asked(parties, member(parties, "billing"), parties.buyer.ref, currency="USD")
    with pytest.raises(Refused, match="not a period"):
        asked(parties, member(parties, "billing"), parties.buyer.ref, until=date(2027, 1, 1))
    with walls.asking_for(parties.buyer.pk):
        Organisation.objects.filter(pk=parties.buyer.pk).update(time_zone="Pacific/Kiritimati")
    asked(parties, member(parties, "payables"), parties.seller.ref, until=date(2026, 5, 21))
    with pytest.raises(Refused, match="not a period"):
        asked(parties, member(parties, "billing"), parties.buyer.ref, until=date(2026, 5, 21))
    with walls.asking_for(parties.seller.pk):
        assert AccountLetter.objects.count() == 2


def test_every_month_is_written_once_in_order_also_after_an_outage(parties: Parties) -> None:
    invoiced(parties)
    with acting(member(parties, "billing"), at=AT + timedelta(days=5)) as bilge:
        account_letters.set_monthly_statements(actor=bilge, key=key(), is_on=True)
    written = []
    with acting(Actor.system(organisation_id=parties.seller.pk), at=MAY) as system:
        for since, until in (
            (date(2026, 4, 1), date(2026, 4, 30)),
            MARCH,
            MARCH,
            (date(2026, 4, 1), date(2026, 4, 30)),
        ):
            answer = account_letters.write_monthly_statements(actor=system, key=key(), since=since, until=until)
            written.append(answer["letters"])
        assert written == ["0", "1", "0", "1"], "April waits for March, and nothing is written twice"
        assert list(AccountLetter.objects.order_by("pk").values_list("since", "until")) == [
            MARCH,
            (date(2026, 4, 1), date(2026, 4, 30)),
        ]
        april = account_text.read(AccountLetter.objects.latest("pk").snapshot)
        assert (april.opening, april.rows, april.closing) == (Decimal("9090.00"), (), Decimal("9090.00"))
    with acting(member(parties, "delivery"), at=MAY) as dario, pytest.raises(NotAllowed):
        account_letters.set_monthly_statements(actor=dario, key=key(), is_on=False)


def test_postgres_refuses_what_goes_round(parties: Parties) -> None:
    invoiced(parties)
    letter = asked(parties, member(parties, "billing"), parties.buyer.ref)
    tries = (
        ("UPDATE invoicing_accountletter SET snapshot = 'x'", "frozen"),
        ("UPDATE invoicing_accountletter SET state = 'ready'", "has_its_bytes"),
        (f"UPDATE invoicing_accountletter SET seller_id = {parties.financier.pk}", "frozen|row-level"),
    )
    for sql, words in tries:
        with (
            walls.asking_for(letter.seller_id),
            pytest.raises((IntegrityError, ProgrammingError), match=words),
            transaction.atomic(),
        ):
            connection.cursor().execute(sql)


def test_two_who_begin_the_schedule_at_once_begin_one(scratch: str) -> None:
    parties = scenarios.organisations()
    bilge = member(parties, "billing")

    def begins() -> str:
        with acting(bilge, at=AT):
            return account_letters.set_monthly_statements(actor=bilge, key=key(), is_on=True)["is_on"]

    with walls.asking_for(parties.seller.pk):
        assert races.together(begins, begins) == ["True", "True"]
        assert AccountLetterSchedule.objects.get().is_on


def verbs(parties: Parties) -> list[str]:
    with acting(member(parties, "seller")) as owner:
        told = Entry.objects.visible_to(owner).filter(verb__startswith="account_letter.")
        return list(told.order_by("pk").values_list("verb", flat=True))


def test_it_is_sent_again_to_the_same_mailboxes_and_not_too_often(parties: Parties) -> None:
    """The same PDF, a Message-ID of its own, each time on the record; three in an hour and then no more."""
    invoiced(parties)
    letter = asked(parties, member(parties, "billing"), parties.buyer.ref)
    again = {"letter_ref": letter.ref}

    def sent(time: int, at: datetime) -> None:
        with clock.stopped(at):
            account_letter_jobs.send_account_letter.func(**again, organisation_id=parties.buyer.pk, time=time)

    def ask(role: str, at: datetime) -> None:
        with acting(member(parties, role), at=at) as actor:
            account_letters.send_account_statement_again(actor=actor, key=key(), **again)

    with pytest.raises(Refused, match="being made right now"):
        ask("billing", MAY)
    with clock.stopped(MAY):
        account_letter_jobs.make_account_letter.func(**again, organisation_id=parties.seller.pk)
    sent(0, MAY)
    mail.outbox.clear()
    with pytest.raises(NotAllowed):
        ask("delivery", MAY + timedelta(minutes=1))
    for time, role in ((1, "billing"), (2, "payables")):
        ask(role, MAY + timedelta(minutes=10 * time))
        with pytest.raises(Refused, match="being sent right now"):
            ask(role, MAY + timedelta(minutes=10 * time + 1))
        for _twice in "ab":
            sent(time, MAY + timedelta(minutes=10 * time + 1))
    first, second = mail.outbox
    assert isinstance(first, EmailMultiAlternatives)
    assert first.attachments == second.attachments
    assert len({str(one.extra_headers["Message-ID"]) for one in mail.outbox}) == 2
    with pytest.raises(Refused, match=r"sent 3 times within an hour.* in 30 minutes"):
        ask("billing", MAY + timedelta(minutes=30))
    ask("billing", MAY + timedelta(minutes=61))
    written, went, wanted = ("account_letter." + word for word in ("written", "sent", "asked_again"))
    assert verbs(parties) == [written, went, wanted, went, wanted, went, wanted]
    with walls.asking_for(parties.seller.pk):
        kept = AccountLetter.objects.get(ref=letter.ref)
        assert (len(kept.again_at), kept.sent_again) == (3, 2)
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountLetter.objects.filter(pk=kept.pk).update(sent_again=4)
    with clock.stopped(MAY + timedelta(minutes=90)):
        client = Client()
        client.force_login(parties.people["billing"].user)
        page = client.get(f"/seller/accounts/{parties.buyer.ref}/?currency=EUR").content.decode()
    assert f"/seller/account-letters/{letter.ref}/send/" in page
    assert "paul@meridian.example" in page
