"""One committed world in which every action of the product can be tried: made once, copied for each trial.

Nordlicht and Meridian with a contract in every state, Kontor with an advance in every state, teams with open
invitations. What the actions need is known by references, so that it means the same in every copy.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connections

from apps.contracts import services as contracts
from apps.contracts.charges import OUTSIDE, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import ChangedLine, ChangeDraft, Condition, DraftLine, Due, LineTerms
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import RetentionTerms
from apps.core import clock
from apps.core.database import scratch as scratch_databases
from apps.core.database import walls
from apps.financing import services as financing
from apps.financing.models import Assignment, BuyerVerification, ExposureLimit, Facility, Offer
from apps.invoicing import documents
from apps.invoicing import services as invoicing
from apps.invoicing.models import BankTransaction, Instalment, Invoice
from apps.invoicing.rules import Part, Share
from apps.invoicing.services import reissuing
from apps.milestones import services as milestones
from apps.milestones.models import Reservation
from apps.milestones.models.submission import Proof
from apps.milestones.services import Defect, GivenValue
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.roles import Role
from apps.workflows import (
    before_acceptance,
    billing,
    changing,
    charging,
    confirming,
    contracting,
    exporting,
    notices,
    refunding,
    reminding,
    reserving,
    revenue,
    statements,
    step_up,
    team,
    terminating,
    treasury,
)
from tests import applications, corrections, disputes, payment_documents, scenarios, terminations
from tests.financing import events, stories
from tests.financing.stories import START
from tests.invoicing.statements.bank import Booking
from tests.invoicing.statements.uploads import uploaded
from tests.scenarios import Parties, acting, key

BIG: Final = Decimal(10_000_000)
COLLECTED_ON: Final = stories.day(50)
LATE: Final = stories.day(96)
"""The sample book's dates and its days of grace are over."""
HEIN: Final = {"signatory_name": "Hein Hafen", "signatory_email": "hein@hafen.example"}


@dataclass
class World:
    """Who is there, and what: references and hashes by name."""

    parties: Parties
    refs: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.refs[name]


def build() -> World:
    """Make it, in the database to which the aliases point."""
    with clock.stopped(START):
        world = World(stories.parties())
        _contracts(world)
        _milestones(world)
        _changes(world)
        _silent(world)
        _stepped(world)
        _by_calendar(world)
        _invoices(world)
        _corrections(world)
        _disputed(world)
        _reserved(world)
        _documented(world)
        _ended(world)
        _retained(world)
        _charged(world)
        _applied(world)
        _statements(world)
        _exports(world)
        _financing(world)
        _teams(world)
        _desk(world)
        _closing(world)
    return world


def _contracts(world: World) -> None:
    deal = world.parties
    drafted = _contract(world, "drafted", scenarios.drafted_contract)
    with acting(scenarios.seller_actor(deal)):
        world.refs["drafted.text"] = contracts.preview(drafted)[1]
    planning = _contract(world, "planning", scenarios.drafted_contract)
    with acting(scenarios.seller_actor(deal)) as sina:
        kept = contracting.keep_plan(actor=sina, key=key(), contract_ref=planning.ref, **uploaded_plan("plan.xlsx"))
        saved = contracting.save_template(actor=sina, key=key(), contract_ref=drafted.ref, name="Software")
    world.refs |= {"upload": kept["upload"], "template": saved["template"]}
    proposed = _contract(world, "proposed", scenarios.proposed_contract)
    with walls.asking_for(deal.seller.pk):
        version = ContractVersion.objects.get(contract=proposed)
    grant = scenarios.link_to_sign(proposed)
    world.refs |= {"proposed.version": version.ref, "proposed.text": version.sha256, "proposed.grant": grant.ref}
    _last_day(world)


def _last_day(world: World) -> None:
    """A proposal that can be signed until a week after it was sent."""
    until = (START + timedelta(days=7)).date()
    draft = scenarios.software_draft(world.parties, number="NL-until", answer_until=until)
    contract = scenarios.proposed_contract(world.parties, draft=draft, at=START)
    with walls.asking_for(world.parties.seller.pk):
        world.refs["until.version"] = ContractVersion.objects.get(contract=contract).ref


def uploaded_plan(file_name: str) -> dict[str, Any]:
    """A plan of two milestones as it was read from a file."""
    return {
        "lines": (scenarios.line("Concept", 45), scenarios.line("Operation", 55)),
        "file_name": file_name,
        "file_sha256": "0" * 64,
        "reading": "{}",
    }


def _contract(world: World, name: str, make: Callable[..., Contract]) -> Contract:
    """A contract of the world at 40,000.00 EUR, known by its state."""
    contract = make(world.parties, draft=scenarios.software_draft(world.parties, number=f"NL-{name}"), at=START)
    world.refs[name] = contract.ref
    return contract


def _milestones(world: World) -> None:
    """One contract with a milestone submitted, one prepared, one untouched."""
    deal = world.parties
    contract = _contract(world, "active", scenarios.active_contract)
    submission = scenarios.submitted_milestone(contract, position=1, at=START)
    sina = scenarios.seller_actor(deal)
    prepared = scenarios.prepared_milestone(contract, actor=sina, position=2, at=START)
    planned = scenarios.milestone_of(contract, position=3)
    world.refs |= {
        "submission": submission.ref,
        "submission.text": submission.sha256,
        "submission.grant": scenarios.link_to_sign_off(submission).ref,
        "prepared": prepared.ref,
        "planned": planned.ref,
    }
    with acting(sina):
        world.refs["prepared.text"] = milestones.preview(prepared)[1]
        draft = prepared.submissions.get(state="draft")
        world.refs["evidence"] = draft.files.get().ref
        world.ids |= {
            "submission.criterion": submission.milestone.line.criteria.all()[0].pk,
            "prepared.criterion": prepared.line.criteria.all()[0].pk,
            **{f"planned.criterion.{n}": one.pk for n, one in enumerate(planned.line.criteria.all())},
        }


def _stepped(world: World) -> None:
    """A submission of which the buyer was told, whose clock stands still for a question that waits."""
    deal = world.parties
    draft = scenarios.software_draft(deal, number="NL-stepped", question_suspensions=2)
    submission = scenarios.submitted_milestone(scenarios.active_contract(deal, draft=draft, at=START), at=START)
    with walls.asking_for(deal.buyer.pk):
        notices.note_delivery(
            actor=Actor.system(organisation_id=deal.buyer.pk), submission_ref=submission.ref, proof=Proof.MAIL, at=START
        )
    with acting(scenarios.approver_actor(deal), at=START) as bea:
        asked = before_acceptance.ask_question(actor=bea, key=key(), submission_ref=submission.ref, text="Why?")
    world.refs |= {
        "stepped": submission.ref,
        "stepped.text": submission.sha256,
        "stepped.milestone": submission.milestone.ref,
        "question": asked["question"],
    }
    with walls.asking_for(deal.seller.pk):
        criteria = submission.milestone.line.criteria.all()
        world.ids |= {f"stepped.criterion.{n}": one.pk for n, one in enumerate(criteria)}


def _changes(world: World) -> None:
    """On the contract with a milestone prepared: a change of its amount that waits, and one without a price."""
    deal = world.parties
    with acting(scenarios.seller_actor(deal), at=START) as sina:
        contract = Contract.objects.get(ref=world["active"])
        draft = change_of(contract)
        seen = contracts.preview_change(contract, draft=draft, side="seller").sha256
        proposed = changing.propose_change(actor=sina, key=key(), contract_ref=contract.ref, draft=draft, seen=seen)
        other = _contract(world, "changeable", scenarios.active_contract)
    with acting(scenarios.seller_actor(deal), at=START):
        world.refs["changeable.text"] = contracts.preview_change(
            Contract.objects.get(pk=other.pk), draft=NOTED_AND_PRICED, side="seller"
        ).sha256
    world.refs |= {"change": proposed["change_order"], "change.text": seen}


NOTED_AND_PRICED: Final = ChangeDraft(
    title="Training",
    reason="They asked for it.",
    added=(replace(scenarios.line("T", 1), basis="amount", amount=Decimal(900)),),
)


def change_of(contract: Contract) -> ChangeDraft:
    """A change of what the second milestone comes to, with support that is new and billed by the calendar."""
    assert contract.active_version is not None
    (second,) = (one for one in contracts.plan_of(contract.active_version) if one.position == 2)
    line = replace(second.line, basis="amount", amount=second.amount + 500)
    due = Due("date", START.date() + timedelta(days=60), "", "month", 2)
    support = DraftLine("Support", basis="amount", amount=Decimal(500), kind="recurring", due=due)
    return ChangeDraft(title="Dearer", reason="More interfaces.", lines=(ChangedLine(2, line),), added=(support,))


def _silent(world: World) -> None:
    """A submission of which the buyer was told, where silence counts as accepted after 14 days."""
    deal = world.parties
    draft = scenarios.software_draft(deal, number="NL-silent", silence="accepted")
    submission = scenarios.submitted_milestone(scenarios.active_contract(deal, draft=draft, at=START), at=START)
    with walls.asking_for(deal.buyer.pk):
        mail = contracts.note_sent(
            name="sign_off_request",
            subject=f"submission:{submission.ref}",
            contract_id=submission.contract_id,
            sender_id=deal.seller.pk,
            reader_id=deal.buyer.pk,
            to=["bea@meridian.example"],
            message_id="<silent@cairn.example>",
            at=START,
        )
        notices.note_delivery(
            actor=Actor.system(organisation_id=deal.buyer.pk),
            submission_ref=submission.ref,
            proof=Proof.MAIL,
            at=START,
            notice=mail,
        )
    world.refs["silent"] = submission.ref
    world.ids["silent.mail"] = mail.pk


def _by_calendar(world: World) -> None:
    """A contract whose deposit was billed by the signature, and of whose two periods the first is due."""
    draft = scenarios.hybrid_draft(world.parties, number="NL-calendar", start=Due("signature", None, "", "month", 2))
    deposit, live, support = draft.lines
    live = replace(live, own=LineTerms(condition=Condition(events=("Site open", "Permit granted"))))
    contract = scenarios.active_contract(world.parties, draft=replace(draft, lines=(deposit, live, support)), at=START)
    world.refs["calendar"] = contract.ref
    with walls.asking_for(world.parties.seller.pk):
        world.refs["period"] = Instalment.objects.get(contract=contract, count=2, number=1).ref
    approver = scenarios.approver_actor(world.parties)
    with acting(approver, at=START):
        confirmed = confirming.confirm_event(actor=approver, key=key(), contract_ref=contract.ref, event="Site open")
    world.refs["event"] = confirmed["event"]


def _invoices(world: World) -> None:
    """One contract wholly accepted: an invoice to be paid, one whose document failed, one to be funded.

    And of another an invoice that is paid in part, with its document.
    """
    contract = _contract(world, "accepted", scenarios.active_contract)
    for position, name in enumerate(("payable", "failed", "fundable"), start=1):
        milestone = scenarios.accepted_milestone(contract, position=position, at=START)
        with walls.asking_for(world.parties.seller.pk):
            world.refs[name] = Invoice.objects.get(milestone=milestone).ref
            world.refs[f"{name}.milestone"] = milestone.ref
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE invoicing_document SET state = 'failed', failure = 'The printer was out of ink.'"
            " WHERE invoice_id = (SELECT id FROM invoicing_invoice WHERE ref = %s)",
            [world["failed"]],
        )
    milestone = scenarios.accepted_milestone(_contract(world, "billed", scenarios.active_contract), at=START)
    with acting(scenarios.member(world.parties, "billing")) as bilge:
        world.refs["paid"] = Invoice.objects.get(milestone=milestone).ref
        world.refs["paid.submission"] = milestone.submissions.get().ref
        documents.render(invoice_ref=world["paid"])
        answer = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=world["paid"],
            amount=Decimal("5000.00"),
            received_on=START.date(),
            bank_reference="IN-P",
        )
    world.refs["payment"] = answer["payment"]
    with acting(scenarios.member(world.parties, "billing")) as bilge:
        until = START.date() + timedelta(days=30)
        reminding.pause_reminders(
            actor=bilge, key=key(), invoice_ref=world["payable"], until=until, reason="They have called."
        )


def _disputed(world: World) -> None:
    """An invoice in dispute, with an outcome proposed by the seller; and a submission of which a part is acceptable."""
    deal = world.parties
    contract = _contract(world, "disputed", scenarios.active_contract)
    invoice = corrections.invoice_of(scenarios.accepted_milestone(contract, at=START))
    dispute = disputes.on_invoice(invoice.ref, actor=scenarios.approver_actor(deal), at=START)
    bilge = scenarios.member(deal, "billing")
    proposal = disputes.proposed(dispute, "partly_upheld", actor=bilge, at=START, amount="1000")
    sent = disputes.told(deal, scenarios.submitted_milestone(contract, position=2, at=START), at=START)
    world.refs |= {
        "dispute": dispute.ref,
        "dispute.proposal": proposal.ref,
        "parted": sent.ref,
        "parted.text": sent.sha256,
    }


def _documented(world: World) -> None:
    """An invoice that waits for documents: one is missing, one handed in, one returned."""
    draft = scenarios.software_draft(world.parties, number="NL-documented")
    _contract, refs = payment_documents.waiting(world.parties, draft, at=START)
    world.refs |= {
        "document.missing": refs[payment_documents.MISSING],
        "document.handed_in": refs[payment_documents.HANDED_IN],
    }


def _reserved(world: World) -> None:
    """A milestone under three reservations: one that waits, one that is mended, one with a lower price offered."""
    deal = world.parties
    contract = _contract(world, "reserved", scenarios.active_contract)
    sent = scenarios.submitted_milestone(contract, at=START)
    bea, bilge = scenarios.approver_actor(deal), scenarios.member(deal, "billing")
    dario = scenarios.member(deal, "delivery")
    with acting(bea, at=START):
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=sent.ref,
            seen=sent.sha256,
            defects=[Defect(title, date(2036, 1, 31), Decimal(90)) for title in ("A dent", "A scratch", "A stain")],
        )
        waits, mended, offered = Reservation.objects.filter(contract=contract).order_by("number")
    with acting(dario, at=START):
        reserving.report_mended(actor=dario, key=key(), reservation_ref=mended.ref, text="It is gone.")
    with acting(bilge, at=START):
        answer = reserving.offer_reduction(actor=bilge, key=key(), reservation_ref=offered.ref, amount=Decimal(40))
    world.refs |= {
        "reservation": waits.ref,
        "reservation.mended": mended.ref,
        "reservation.offer": answer["offer"],
    }


def worth_700(contract: Contract) -> list[GivenValue]:
    """The values of a settlement in which each open milestone is worth as much."""
    return [GivenValue(one.milestone_ref, Decimal(700)) for one in milestones.open_values(contract)]


def _ended(world: World) -> None:
    """A contract of which notice is to be given; one with notice to come; one with a settlement that waits."""
    deal = world.parties
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    endless = _contract(world, "endless", scenarios.active_contract)
    ending = _contract(world, "ending", scenarios.active_contract)
    ended, over = (_contract(world, name, scenarios.active_contract) for name in ("ended", "over"))
    notice = terminations.noticed(ending, by=sina, effective_on=START.date() + timedelta(days=90), at=START)
    terminations.noticed(ended, by=olga, effective_on=START.date(), at=START)
    settlement = terminations.proposed(ended, {1: "5000.00"}, by=sina, at=START)
    terminations.noticed(over, by=olga, effective_on=START.date(), at=START)
    settled = terminations.proposed(over, {}, by=sina, at=START)
    terminations.signed(settled, by=olga, at=START)
    with acting(olga, at=START):
        seen = terminating.preview_settlement(ending, side="buyer", given=worth_700(ending)).draft
    world.refs |= {
        "endless": endless.ref,
        "ending": ending.ref,
        "notice": notice.ref,
        "ending.text": seen.sha256,
        "settlement": settlement.ref,
        "settlement.text": settlement.sha256,
        "settled": settled.ref,
    }


def _corrections(world: World) -> None:
    """A contract of which one acceptance is asked about and one is not; one with money that came free, and its note."""
    deal = world.parties
    contract = _contract(world, "corrected", scenarios.active_contract)
    for position, name in enumerate(("creditable", "doubted", "owed"), start=1):
        milestone = scenarios.accepted_milestone(contract, position=position, at=START)
        world.refs |= {name: corrections.invoice_of(milestone).ref, f"{name}.milestone": milestone.ref}
    world.refs["asked"] = corrections.asked(deal, world["doubted.milestone"])
    milestone = scenarios.accepted_milestone(_contract(world, "freed", scenarios.active_contract), at=START)
    invoice = corrections.invoice_of(milestone)
    with acting(scenarios.member(deal, "billing")) as bilge:
        answer = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=invoice.gross,
            received_on=START.date(),
            bank_reference="IN-FREE",
        )
        world.refs["owed.seen"] = reissuing.preview_reissue(invoice_ref=world["owed"]).sha256
        shown = invoicing.preview_credit(invoice_ref=world["creditable"], share=Share(percent=Decimal(10)))
        _right, seen = corrections.right_of(Invoice.objects.get(ref=world["creditable"]))
    _refunds(world, milestone.contract)
    world.refs |= {"free": answer["payment"], "creditable.seen": shown.sha256, "corrected.seen": seen}
    world.refs["correction"] = corrections.corrected(deal, invoice).ref
    world.refs["note"] = corrections.credited(deal, invoice.ref, "1000.00").ref
    world.refs["lost.correction"] = corrections.corrected(deal, invoice, {"street": "Hafenweg 11"}).ref
    world.refs["lost.note"] = corrections.credited(deal, invoice.ref, "10.00").ref
    made = (
        "SET state = 'ready', made_at = now(), stored_as = 'x', size = 1, sha256 = 'x', xml_stored_as = 'x',"
        " xml_size = 1, xml_sha256 = 'x'"
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"UPDATE invoicing_creditnotedocument {made}"
            " WHERE credit_note_id = (SELECT id FROM invoicing_creditnote WHERE ref = %s)",
            [world["lost.note"]],
        )
        cursor.execute(
            f"UPDATE invoicing_correctedinvoice {made} WHERE ref = %s",
            [world["lost.correction"]],
        )
        cursor.execute(
            "UPDATE invoicing_creditnotedocument SET state = 'failed', failure = 'The printer was out of ink.'"
            " WHERE credit_note_id = (SELECT id FROM invoicing_creditnote WHERE ref = %s)",
            [world["note"]],
        )
        cursor.execute(
            "UPDATE invoicing_correctedinvoice SET state = 'failed', failure = 'The printer was out of ink.'"
            " WHERE ref = %s",
            [world["correction"]],
        )


def _refunds(world: World, contract: Contract) -> None:
    """Of what was paid too much, on two payments: a refund that is paid, one approved, and one for a second person."""
    bilge, owner = scenarios.member(world.parties, "billing"), scenarios.member(world.parties, "seller")
    limited = replace(owner, approval_limit=Decimal(1))
    payments = []
    for position in (2, 3):
        milestone = scenarios.accepted_milestone(contract, position=position, at=START)
        invoice = corrections.invoice_of(milestone)
        with acting(bilge):
            answer = billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=invoice.ref,
                amount=invoice.gross + 100,
                received_on=START.date(),
                bank_reference=f"IN-SURPLUS-{position}",
            )
        payments.append(answer["payment"])
    asked = (("paid", bilge, payments[0]), ("approved", bilge, payments[1]), ("asked", limited, payments[0]))
    for name, actor, payment in asked:
        with acting(actor):
            answer = refunding.ask_refund(
                actor=actor, key=key(), payment_ref=payment, amount=Decimal("10.00"), reason="Paid twice."
            )
            world.refs[f"refund.{name}"] = answer["refund"]
            if name == "paid":
                refunding.pay_refund(
                    actor=actor,
                    key=key(),
                    refund_ref=answer["refund"],
                    paid_on=START.date(),
                    bank_reference="OUT-1",
                )


def _charged(world: World) -> None:
    """A milestone that was late, one that was early, and one on which damages stand and something is charged back."""
    terms = ChargeTerms(
        DamageTerms(Rate(Decimal("0.2")), may_object=False), BonusTerms(Rate(Decimal("0.1"))), back_charges=OUTSIDE
    )
    draft = scenarios.software_draft(world.parties, number="NL-charged", charges=terms)
    days = (START.date() + timedelta(days=days) for days in (-10, 10, -10))
    lines = tuple(replace(line, planned_on=day) for line, day in zip(draft.lines, days, strict=True))
    contract = scenarios.active_contract(world.parties, draft=replace(draft, lines=lines), at=START)
    for position, name in enumerate(("late", "early", "charged"), start=1):
        world.refs[name] = scenarios.accepted_milestone(contract, position=position, at=START).ref
    with acting(scenarios.member(world.parties, "approver"), at=START) as bea:
        stands = charging.claim_damages(actor=bea, key=key(), milestone_ref=world["charged"])
        waits = charging.charge_back(
            actor=bea,
            key=key(),
            milestone_ref=world["charged"],
            amount=Decimal(99),
            reason="We cleaned up.",
            evidence="A bill.",
        )
    world.refs |= {"standing": stands["charge"], "charged_back": waits["charge"]}


LATE_TERMS = LateTerms(Decimal(9), fee=Decimal(40), with_reminders=True)
"""What the contract of which something is retained agrees on for being late."""


def _retained(world: World) -> None:
    """A contract of whose first invoice a tenth is withheld, to be released when the last milestone is accepted."""
    draft = scenarios.software_draft(
        world.parties, number="NL-retained", retention=RetentionTerms(rate=Decimal(10)), late_payment=LATE_TERMS
    )
    contract = scenarios.active_contract(world.parties, draft=draft, at=START)
    scenarios.accepted_milestone(contract, at=START)
    world.refs["retained"] = contract.ref


def _applied(world: World) -> None:
    """Contracts that bill applications for payment: one of which waits for the buyer, and one that collects."""
    draft = scenarios.software_draft(world.parties, number="NL-applied", bills_by="application")
    contract = scenarios.active_contract(world.parties, draft=draft, at=START)
    milestone = scenarios.accepted_milestone(contract, at=START)
    applied = applications.submitted(contract, at=START)
    collecting = scenarios.active_contract(world.parties, draft=replace(draft, number="NL-applying"), at=START)
    scenarios.accepted_milestone(collecting, at=START)
    applying, text = applications.previewed(collecting, at=START)
    world.refs |= {
        "applied": applied.ref,
        "applied.text": applied.sha256,
        "applied.milestone": milestone.ref,
        "applying": applying.ref,
        "applying.text": text,
    }


def _statements(world: World) -> None:
    """Money on the bank account: one that is certain and waits, one for a person, one set aside, one applied."""

    def booked(amount: str, name: str, text: str = "") -> Booking:
        return Booking(START.date(), Decimal(amount), text or name, reference=name)

    with acting(scenarios.member(world.parties, "billing")) as bilge:
        number = Invoice.objects.get(ref=world["payable"]).number
        looked_at = [booked("500.00", "open"), booked("60.00", "aside"), booked("70.00", "applied")]
        file = statements.import_statements(actor=bilge, key=key(), **uploaded(*looked_at, number="1"))
        statements.match_statements(actor=bilge, file_ref=file["file"])
        exact = uploaded(booked("14280.00", "exact", number), number="2")
        statements.import_statements(actor=bilge, key=key(), **exact)
        for row in BankTransaction.objects.all():
            world.refs[f"arrived.{row.bank_reference}"] = row.ref
        parts = (Part(world["failed"], "", Decimal("70.00")),)
        statements.apply_transaction(
            actor=bilge, key=key(), transaction_ref=world["arrived.applied"], parts=parts, how="by_hand"
        )
        statements.set_aside_transaction(
            actor=bilge, key=key(), transaction_ref=world["arrived.aside"], reason="A tax refund."
        )


def _exports(world: World) -> None:
    """The journal of the first day, asked for and never written."""
    with acting(scenarios.member(world.parties, "billing"), at=START) as bilge:
        day = START.date()
        answer = exporting.request_export(
            actor=bilge, key=key(), currency="EUR", kind="csv", starts_on=day, ends_on=day
        )
    world.refs["export"] = answer["export"]


def _financing(world: World) -> None:
    deal = world.parties
    facility = stories.opened_facility(deal, limit=BIG)
    world.refs["facility"] = facility.ref
    world.refs["unused facility"] = stories.opened_facility(deal, currency="CHF").ref
    world.refs["requested"] = stories.requested(deal, stories.invoiced(deal, number="F-requested"), facility).ref
    request = stories.requested(deal, stories.invoiced(deal, number="F-priced"), facility)
    world.refs["priced"] = stories.priced(deal, request).ref
    request = stories.requested(deal, stories.invoiced(deal, number="F-issued"), facility)
    issued = stories.issued(deal, request)
    world.refs |= {"issued": issued.ref, "issued.text": issued.disclosure_sha256}
    accepted = stories.accepted_advance(deal, facility=facility, number="F-accepted")
    world.refs["accepted.tranche"] = accepted.ref
    with walls.asking_for(deal.financier.pk):
        assignment = Assignment.objects.get(tranche=accepted)
    world.refs |= {"assignment": assignment.ref, "assignment.text": assignment.notice_sha256}
    acknowledged = stories.accepted_advance(deal, facility=facility, number="F-acknowledged")
    stories.acknowledged(deal, acknowledged)
    world.refs["acknowledged"] = acknowledged.ref
    world.refs["promised"] = _promised(deal, facility).ref
    with walls.asking_for(deal.financier.pk):
        world.refs["promised.seen"] = financing.seen_of(financing.waiting_of(offer_ref=world["promised"]))
    funded = stories.accepted_advance(deal, facility=facility, number="F-funded")
    stories.acknowledged(deal, funded)
    stories.paid_out(deal, funded, reference="OUT-F")
    world.refs["funded"] = funded.ref
    collected = stories.accepted_advance(deal, facility=facility, number="F-collected")
    stories.acknowledged(deal, collected)
    collected = stories.paid_out(deal, collected, reference="OUT-C")
    paid = stories.collected(deal, collected, 120_500, on=COLLECTED_ON, reference="IN-C")
    world.refs |= {"collected": collected.ref, "collection": paid.ref}
    _other_money(deal, facility, world)
    before = stories.advance_before_acceptance(deal, facility=facility, number="F-before")
    world.refs["before"] = stories.paid_out(deal, before, reference="OUT-B").ref
    _events(deal, facility, world)


def _other_money(deal: Parties, facility: Facility, world: World) -> None:
    """A receipt that nobody can identify, and a buyer's payment that went to the seller."""
    astray = stories.accepted_advance(deal, facility=facility, number="F-astray")
    stories.acknowledged(deal, astray)
    world.refs["astray"] = stories.paid_out(deal, astray, reference="OUT-A").ref
    with acting(scenarios.member(deal, "treasury"), at=stories.noon(COLLECTED_ON)) as actor:
        received = treasury.record_unidentified(
            actor=actor,
            key=scenarios.key(),
            currency="EUR",
            amount=Decimal(5_000),
            received_on=COLLECTED_ON,
            bank_reference="WHO-76",
        )
        treasury.record_misdirected(
            actor=actor,
            key=scenarios.key(),
            tranche_ref=astray.ref,
            amount=Decimal(125),
            received_on=COLLECTED_ON,
            bank_reference="ASTRAY-76",
        )
    world.refs["unidentified"] = received["movement"]


def _events(deal: Parties, facility: Facility, world: World) -> None:
    """Advances to which something happened: owed back, and in default."""
    owed = stories.paid_out(
        deal, stories.advance_before_acceptance(deal, facility=facility, number="F-owed"), reference="OUT-O"
    )
    events.demanded(deal, owed, on=LATE)
    world.refs["owed_back"] = owed.ref
    lost = stories.accepted_advance(deal, facility=facility, number="F-lost")
    stories.acknowledged(deal, lost)
    lost = stories.paid_out(deal, lost, reference="OUT-L")
    events.defaulted(deal, lost, on=LATE)
    world.refs["lost"] = lost.ref


def _promised(deal: Parties, facility: Facility) -> Offer:
    """A whole contract bought and advanced on with one offer, which waits to be paid out in one transfer."""
    contract = stories.active_contract(deal, number="F-promised")
    scenarios.accepted_milestone(contract, at=START)
    request = stories.requested_on(deal, facility, *stories.plan_of(contract))
    offer = stories.issued(deal, request, terms=stories.whole_book())
    stories.accepted(deal, offer)
    for tranche in stories.tranches(deal, contract_id=contract.pk):
        stories.acknowledged(deal, tranche)
    return offer


def _teams(world: World) -> None:
    """An open invitation to the buyer's team, and a code in the mailbox of the seller's owner.

    And a buyer without people, whose signatory a proposal names.
    """
    deal = world.parties
    with acting(scenarios.buyer_actor(deal)) as olga:
        answer = team.invite_member(
            actor=olga, key=key(), email="ines@meridian.example", roles=frozenset({Role.INSPECTOR})
        )
    world.refs["invitation"] = answer["invitation"]
    world.refs["invitation.token"] = tokens.token_for(purpose="invitation", ref=answer["invitation"])
    world.refs["approver"] = deal.people["approver"].ref
    with acting(scenarios.seller_actor(deal)) as sina:
        world.refs["code"] = step_up.send_code(actor=sina)["code"]
    unclaimed = scenarios.named_buyer(deal)
    world.refs["unclaimed"] = unclaimed.ref
    draft = scenarios.software_draft(deal, number="NL-unclaimed", buyer_ref=unclaimed.ref, **HEIN)
    scenarios.proposed_contract(deal, draft=draft, at=START)
    contract = scenarios.active_contract(deal, draft=replace(draft, number="NL-by-link"), at=START)
    for number, name in enumerate(("by-link", "passed"), start=1):
        submission = scenarios.submitted_milestone(contract, position=number, at=START)
        world.refs |= {name: submission.ref, f"{name}.grant": scenarios.link_to_sign_off(submission).ref}
    hein = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    with acting(hein, at=START):
        before_acceptance.pass_by_link(
            actor=hein, key=key(), submission_ref=submission.ref, name="Nina", email="nina@hafen.example"
        )


def _closing(world: World) -> None:
    """A seller of one contract, of which nothing is recognised yet, whose month is being closed."""
    deal = scenarios.organisations("closing")
    scenarios.active_contract(deal, draft=scenarios.software_draft(deal, number="C-1"), at=START)
    ended = START.date().replace(day=1) - timedelta(days=1)
    with acting(scenarios.member(deal, "billing"), at=START) as bilge:
        world.refs["closing"] = revenue.close_period(actor=bilge, key=key(), through=ended)["period"]
    world.ids["closing.seller"] = deal.seller.pk


def _desk(world: World) -> None:
    """One buyer verified and counted, but for one signatory; of another the financier knows nothing but a request."""
    deal = world.parties
    with walls.asking_for(deal.financier.pk):
        facility = Facility.objects.get(ref=world["facility"])
        world.refs["verification"] = BuyerVerification.objects.live().get(buyer=deal.buyer).ref
        world.refs["exposure"] = ExposureLimit.objects.get(organisation=deal.buyer).ref
    owner = deal.people["buyer"].user
    named = {"signatory_name": owner.name, "signatory_email": owner.email}
    stories.requested(deal, stories.invoiced(deal, number="F-unconfirmed", **named), facility)
    world.refs["signatory"] = owner.email
    stories.requested(
        deal, stories.invoiced(deal, number="F-unverified", buyer_ref=world["unclaimed"], **HEIN), facility
    )


IN_USE = "SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))"
"""By this lock whoever sweeps away what killed processes left sees that a template is in use."""


@contextmanager
def template() -> Iterator[tuple[World, str]]:
    """The world and the name of a database to copy it from; nobody is connected to it, and it is dropped at the end."""
    name = f"{scratch_databases.COPY}{os.getpid()}_{secrets.token_hex(3)}_world"
    with scratch_databases.maintenance() as cursor:
        cursor.execute(IN_USE, [name])
        with scratch_databases.scratch_database() as made:
            world = build()
            connections.close_all()
            scratch_databases.clone(made, name)
        try:
            yield world, name
        finally:
            scratch_databases.drop(name)


@contextmanager
def copy(name: str) -> Iterator[None]:
    """A copy of the template for this trial alone, in which everything commits."""
    connections.close_all()
    with scratch_databases.maintenance() as cursor:
        cursor.execute(IN_USE, [name])  # once more: the lock of :func:`template` dies with a server that is killed
        with scratch_databases.scratch_database(name):
            try:
                yield
            finally:
                connections.close_all()
