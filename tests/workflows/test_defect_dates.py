"""The seller is reminded of a defect once before its day and once after it, unless it is mended."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed
from apps.milestones.services import Defect
from apps.workflows import reserving
from apps.workflows.mails import reservations as mails
from tests import scenarios
from tests.scenarios import Parties, acting, key
from tests.workflows.test_mails import html_of
from tests.workflows.test_reservations import BY, accept, listed, waiting

NOON = datetime(BY.year, BY.month, BY.day, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def test_it_is_told_once_before_and_once_after(parties: Parties) -> None:
    defects = [Defect("A dent", BY, Decimal(90)), Defect("A scratch", BY, Decimal(90))]
    accept(waiting(parties), actor=scenarios.approver_actor(parties), defects=defects)
    dent, scratch = listed(parties)
    with acting(scenarios.member(parties, "delivery"), at=NOON - 9 * DAY) as dario:
        reserving.report_mended(actor=dario, key=key(), reservation_ref=scratch.ref, text="It is gone.")
        with pytest.raises(NotAllowed):
            reserving.remind_of_defect(actor=dario, key=key(), reservation_ref=dent.ref, what="near")

    def found(days: int) -> list[tuple[str, str]]:
        return [(one.reservation_ref, one.what) for one in reserving.due_defects(at=NOON + days * DAY)]

    assert found(-4) == []
    assert found(-3) == found(0) == [(dent.ref, "near")]
    assert found(1) == found(14) == [(dent.ref, "passed")]
    assert found(15) == []

    for days, what, answer in ((-3, "near", dent.ref), (-2, "near", dent.ref), (1, "passed", dent.ref)):
        with clock.stopped(NOON + days * DAY):
            told = reserving.tend(reservation_ref=dent.ref, seller_id=parties.seller.pk, what=what)
        assert told == {"reservation": answer}
    with clock.stopped(NOON + 2 * DAY):
        assert reserving.tend(reservation_ref=scratch.ref, seller_id=parties.seller.pk, what="passed") == {}
    with walls.asking_for(parties.seller.pk):
        entries = Entry.objects.filter(verb="reservation.reminded")
        assert entries.count() == 2
    assert found(0) == found(1) == [], "nobody is asked for again who was told"
    mail.outbox.clear()
    with walls.asking_for(parties.seller.pk):
        for what in ("near", "passed"):
            mails.defect_reminder(reservation_ref=dent.ref, what=what)
    subjects = [one.subject for one in mail.outbox]
    assert subjects == ["“A dent” is to be mended soon", "The day for “A dent” has passed"]


def test_a_mail_about_a_defect_for_which_nothing_is_withheld_promises_no_money(parties: Parties) -> None:
    accept(waiting(parties), actor=scenarios.approver_actor(parties), defects=[Defect("A dent", BY)])
    (dent,) = listed(parties)
    dario, bea = scenarios.member(parties, "delivery"), scenarios.approver_actor(parties)
    for day in (1, 3):
        with acting(dario, at=NOON - (9 - day) * DAY):
            reserving.report_mended(actor=dario, key=key(), reservation_ref=dent.ref, text="It is gone.")
        with acting(bea, at=NOON - (8 - day) * DAY):
            if day == 1:
                reserving.say_missing(actor=bea, key=key(), reservation_ref=dent.ref, text="It is still there.")
            else:
                reserving.release_reservation(actor=bea, key=key(), reservation_ref=dent.ref, text="")
    mail.outbox.clear()
    with walls.asking_for(parties.seller.pk, parties.buyer.pk):
        words = list(dent.words.order_by("number"))
        for word in words:
            to = parties.buyer if word.side == "seller" else parties.seller
            mails.reservation_news(word_ref=word.ref, organisation_id=to.pk)
        mails.answer_reminder(reservation_ref=dent.ref, due=NOON.isoformat(), organisation_id=parties.buyer.pk)
    assert [word.kind for word in words] == ["mended", "missing", "mended", "released"]
    assert mail.outbox[3].subject == "Settled: A dent"
    assert "Nothing was withheld for it, so no payment follows." in str(mail.outbox[3].body)
    sent = [one for one in mail.outbox if isinstance(one, EmailMultiAlternatives)]
    said = " ".join(f"{one.subject} {one.body!s} {html_of(one)}" for one in sent)
    assert (len(sent), said.count("A dent") > 10) == (5, True)
    assert [word for word in ("release", "payable", "you withhold", "is withheld") if word in said] == []
