"""A world in which every page has something to show: the demo's deals, and one deal in each other state."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from django.db.models import F, Model
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, ContractDraft
from apps.contracts.models import ChangeOrder, Contract, ContractTemplate, ContractVersion, GuestGrant, Termination
from apps.core import canonical, clock
from apps.financing.models import (
    Assignment,
    BankMovement,
    BuyerVerification,
    Collection,
    ExposureLimit,
    FundingRequest,
    Offer,
    OrderedPayment,
    PaymentOrder,
    Tranche,
)
from apps.invoicing import services as invoicing
from apps.invoicing.models import (
    Application,
    BankTransaction,
    CorrectedInvoice,
    CreditNote,
    Invoice,
    InvoiceLink,
    InvoiceQuestion,
    OpenItem,
    PayeeInstruction,
    Payment,
    PaymentDocument,
    Refund,
    StatementFile,
)
from apps.invoicing.rules import Part
from apps.ledger.models import JournalExport
from apps.milestones.models import Dispute, Milestone, Nullification, Question, Reservation, Settlement, Submission
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.models import Invitation, Membership, User
from apps.parties.roles import Role
from apps.workflows import (
    billing,
    contracting,
    exporting,
    hosting,
    negotiating,
    paying_out,
    proofs,
    refunding,
    statements,
    team,
    worker,
)
from apps.workflows.deal_file import player
from apps.workflows.deal_file.read import read
from apps.workflows.models import EvidencePack
from tests import change_orders, options, scenarios
from tests.invoicing.statements.bank import Booking
from tests.invoicing.statements.uploads import uploaded
from tests.scenarios import acting, key

DEALS = Path(__file__).resolve().parents[2] / "deals"
PEOPLE = {
    "anna": "anna@nordlicht.example",
    "olga": "olga@hallbau.example",
    "karin": "karin@saalestadt.example",
    "paul": "paul@aurora-kliniken.example",
    "mila": "mila@meridian.example",
    "frank": "frank@hanse-receivables.example",
    "greta": "greta@hanse-receivables.example",
    "hugo": "hugo@hanse-receivables.example",
    "eva": "eva@hanse-receivables.example",
    "noa": "noa@new.example",
}
"""Owners of sellers and buyers, a signatory without an organisation, the financier's people, somebody new."""
FIRST = "Data model and governance"
SECOND = "Ingest of two source systems"
SUBMITTED = {
    "on": "today-20",
    "do": "submit",
    "milestone": FIRST,
    "by": "ben",
    "notes": {1: "Signed copy attached.", 2: "See chapter 4."},
    "files": [{"criterion": 1, "name": "data-model-signed.txt", "text": "Data model 1.0, signed."}],
}
SIGNED = ({"on": "today-30", "do": "propose", "by": "anna"}, {"on": "today-29", "do": "sign"})
ACCEPTED = (*SIGNED, SUBMITTED, {"on": "today-18", "do": "accept", "milestone": FIRST})
PRICED = (
    *ACCEPTED,
    {"on": "today-17", "do": "request_funding", "milestone": FIRST, "by": "clara"},
    {"on": "today-6", "do": "price_offer", "milestone": FIRST, "by": "frank", "expected_on": "today+21"},
)
SOLD = (
    *PRICED,
    {"on": "today-5", "do": "approve_offer", "milestone": FIRST, "by": "greta"},
    {"on": "today-4", "do": "accept_offer", "milestone": FIRST, "by": "clara"},
)
FUNDED = (
    *SOLD,
    {"on": "today-3", "do": "verify_buyer", "by": "greta", "checked": "Trade register, called back."},
    {"on": "today-3", "do": "acknowledge_assignment", "milestone": FIRST},
    {"on": "today-3", "do": "fund", "milestone": FIRST, "by": "hugo", "reference": "OUT-{number}"},
)
TOGETHER = (
    *ACCEPTED,
    {"on": "today-17", "do": "request_funding", "milestones": [FIRST, SECOND], "by": "clara"},
)
PLEDGED = (
    *SIGNED,
    {"on": "today-17", "do": "request_funding", "milestone": FIRST, "by": "clara"},
    {"on": "today-6", "do": "price_offer", "milestone": FIRST, "by": "frank", "expected_on": "today+60"},
    {"on": "today-5", "do": "approve_offer", "milestone": FIRST, "by": "greta"},
    {"on": "today-4", "do": "accept_offer", "milestone": FIRST, "by": "clara"},
)
SENT_BACK = {
    "on": "today-12",
    "do": "request_changes",
    "milestone": FIRST,
    "missing": {1: "The copy lacks the second signature."},
    "comment": "The rest is fine.",
}
ASKED = (
    {"on": "today-9", "do": "propose", "by": "anna"},
    {"on": "today-8", "do": "ask_for_changes", "reason": "Longer review, please."},
)
TALKED = (
    {"on": "today-3", "do": "propose", "by": "anna"},
    {"on": "today-3", "do": "ask", "comment": "Could the second workshop be in June?"},
    {"on": "today-2", "do": "reply", "by": "anna", "comment": "It could; say so in a version of yours."},
)
STEPPED = (
    *SIGNED,
    SUBMITTED,
    {"on": "today-19", "do": "ask_question", "milestone": FIRST, "by": "paul", "comment": "Who signed for clinic B?"},
    {"on": "today-18", "do": "answer_question", "milestone": FIRST, "by": "ben", "comment": "Its director."},
    {"on": "today-17", "do": "inspect", "milestone": FIRST, "by": "paul", "missing": {1: "Page 3 is missing."}},
    {"on": "today-16", "do": "pass_to", "milestone": FIRST, "by": "paul", "colleague": "rita", "comment": "Yours."},
    {"on": "today-15", "do": "reply", "milestone": FIRST, "by": "ben", "comment": "Page 3 follows on Monday."},
    {"on": "today-15", "do": "ask_question", "milestone": FIRST, "by": "paul", "comment": "Where is page 3?"},
)
RESERVED = (
    *SIGNED,
    SUBMITTED,
    {
        "on": "today-12",
        "do": "accept_with_reservations",
        "milestone": FIRST,
        "by": "paul",
        "defects": [{"title": "Chapter 5 is a draft", "due_on": "today+9", "amount": 900, "criterion": 2}],
    },
    {"on": "today-4", "do": "mend", "milestone": FIRST, "by": "ben", "comment": "Chapter 5, version 1.0, is attached."},
    {"on": "today-3", "do": "offer_reduction", "milestone": FIRST, "by": "anna", "amount": 100},
)
WAITS = {"milestone": FIRST, "by": "paul"}
DOCUMENTED = (
    *SIGNED,
    SUBMITTED,
    {"on": "today-18", "do": "accept", **WAITS},
    {"on": "today-9", "do": "hand_in_document", **WAITS, "by": "anna", "document": "Bond", "note": "By post."},
    {"on": "today-9", "do": "hand_in_document", **WAITS, "by": "anna", "document": "Waiver", "note": "By fax."},
    {"on": "today-8", "do": "return_document", **WAITS, "document": "Waiver", "reason": "It is not signed."},
    {"on": "today-8", "do": "confirm_document", **WAITS, "document": "Tax clearance"},
)
DOCUMENTS = {"payment_documents": {"each": ["Waiver"], "once": ["Bond", "Tax clearance"]}}
"""The terms of the deal ``documented``."""
STEPS = {"question_suspensions": 2, "inspection": True, "second_acceptor_above": 1_000, "review_days": 30}
"""The terms of the deal ``stepped``."""
CHANGING = {
    "on": "today-3",
    "do": "propose_change",
    "by": "anna",
    "title": "A fourth clinic",
    "reason": "Clinic South joins in autumn.",
    "changes": [{"milestone": SECOND, "amount": 31000, "planned": "today+20"}],
    "added": [
        {"milestone": "Clinic South", "amount": 9000, "criteria": [{"text": "It loads hourly.", "evidence": True}]}
    ],
}
NOTED = {"on": "today-3", "do": "record_change", "by": "anna", "title": "A fifth clinic", "reason": "Not known yet."}
NOTICED = {
    "on": "today-4",
    "do": "give_notice",
    "by": "paul",
    "ground": "cause",
    "reason": "Clinic B closes.",
    "effective_on": "today-1",
}
VALUED = {
    "on": "today-1",
    "do": "value_work",
    "by": "anna",
    "worth": [{"milestone": FIRST, "amount": 4000, "note": "The model of two clinics is done."}],
    "note": "Without the third clinic.",
}
LINK_ENDING = (
    *SIGNED,
    SUBMITTED,
    {name: said for name, said in RESERVED[len(SIGNED) + 1].items() if name != "by"},
    {**NOTICED, "do": "give_sellers_notice", "by": "anna"},
    {**VALUED, "worth": [{"milestone": SECOND, "amount": 4000, "note": "The model of two clinics is done."}]},
)
LINK_APPLYING = (*LINK_ENDING[: len(SIGNED) + 2], {"on": "today-10", "do": "apply_for_payment", "by": "anna"})
STATES: dict[str, tuple[dict[str, Any], ...]] = {
    "ending": (*SIGNED, NOTICED, VALUED),
    "answered": (*SIGNED, NOTICED, {**VALUED, "do": "answer_values", "by": "paul"}),
    "answering": TALKED,
    "changing": (*SIGNED, CHANGING),
    "amended": (*SIGNED, NOTED),
    "countered": (*TALKED, {"on": "today-1", "do": "answer", "by": "paul"}),
    "proposed": ({"on": "today-1", "do": "propose", "by": "anna"},),
    "revised": ASKED,
    "link-revised": ASKED,
    "sent-back": (*SIGNED, SUBMITTED, SENT_BACK),
    "resubmitted": (*SIGNED, SUBMITTED, SENT_BACK, {**SUBMITTED, "on": "today-2"}),
    "stepped": STEPPED,
    "reserved": RESERVED,
    "documented": DOCUMENTED,
    "priced": PRICED,
    "asked-together": TOGETHER,
    "offered-together": (
        *TOGETHER,
        {
            "on": "today-6",
            "do": "price_offer",
            "by": "frank",
            "lines": [
                {"milestone": FIRST, "expected_on": "today+21"},
                {"milestone": SECOND, "expected_on": "today+90"},
            ],
        },
        {"on": "today-5", "do": "approve_offer", "milestone": FIRST, "by": "greta"},
    ),
    "pledged": PLEDGED,
    "advanced": (
        *PLEDGED,
        {"on": "today-3", "do": "verify_buyer", "by": "greta", "checked": "Trade register, called back."},
        {"on": "today-3", "do": "acknowledge_assignment", "milestone": FIRST},
        {"on": "today-3", "do": "fund", "milestone": FIRST, "by": "hugo", "reference": "OUT-{number}"},
    ),
    "sold": SOLD,
    "funded": FUNDED,
    "collected": (
        *FUNDED,
        {
            "on": "today-1",
            "do": "collect",
            "milestone": FIRST,
            "by": "hugo",
            "amount": "23800",
            "reference": "IN-{number}",
        },
        {
            "on": "today-1",
            "do": "receive_unidentified",
            "by": "hugo",
            "amount": "1250",
            "reference": "WHO-{number}",
            "received_on": "today-9",
            "note": "Stadtwerke, no text",
        },
        {"on": "today-1", "do": "watch", "by": "hugo"},
    ),
    "link-proposed": ({"on": "today-1", "do": "propose", "by": "anna"},),
    "link-expired": ({"on": "today-40", "do": "propose", "by": "anna"},),
    "link-submitted": (*SIGNED, SUBMITTED),
    "link-accepted": ACCEPTED,
    "link-sold": SOLD,
    "link-ending": LINK_ENDING,
    "link-applying": LINK_APPLYING,
}
"""Deals between the people of the demo, each left in one state; those with ``link`` are with a buyer without people."""


@dataclass(frozen=True)
class World:
    """Finds the address of a page by what it is about. Reads as the owner of the database, who sees everybody's."""

    invitation: str

    @cached_property
    def people(self) -> dict[str, User]:
        return {name: User.objects.using("owner").get(email=email) for name, email in PEOPLE.items()}

    def path(self, view: str, subject: str) -> str:
        """The address of a view about ``"kind number"``, such as ``"invoice funded"``; about nothing when empty."""
        if not subject:
            return reverse(view)
        kind, _space, number = subject.partition(" ")
        if kind == "invitation":
            return reverse(view, args=[tokens.token_for(purpose="invitation", ref=self.invitation)])
        if kind == "claim":
            return f"{reverse(view)}?organisation={_contract(number).buyer.ref}"
        if kind in ("sign_contract", "sign_off", "acknowledge", "mend", "settle", "confirm_event", "certify", "defect"):
            purpose, of = ("mend", [FINDERS["reservation"](self, number)]) if kind == "defect" else (kind, [])
            token = tokens.token_for(purpose="guest_grant", ref=self._grant(number, purpose).ref)
            return reverse(view, args=[token, *(row.ref for row in of)])  # type: ignore[attr-defined]
        if kind == "hosted":
            links = InvoiceLink.objects.using("owner").filter(contract__number=number, revoked_at__isnull=True)
            return reverse(view, args=[invoicing.token_of(links.order_by("-pk")[0])])
        return reverse(view, args=[FINDERS[kind](self, number).ref])  # type: ignore[attr-defined]

    def _grant(self, number: str, purpose: str) -> GuestGrant:
        grants = GuestGrant.objects.using("owner").filter(contract=_contract(number), purpose=purpose)
        return grants.order_by("-pk")[0]


def newest(model: type[Model], route: str) -> Callable[[World, str], Model]:
    """Finds the newest row of a contract; ``"NL-2026-021/2"`` names its second milestone."""

    def find(world: World, subject: str) -> Model:
        number, _slash, position = subject.partition("/")
        rows = model._default_manager.using("owner").filter(**{route: number})
        if position:
            to_milestone = {"milestone": "position", "submission": "milestone__position"}
            rows = rows.filter(**{to_milestone.get(model._meta.model_name or "", "milestone__position"): position})
        return rows.order_by("-pk" if model is not Milestone else "position")[0]

    return find


FINDERS: dict[str, Callable[[World, str], Model]] = {
    "contract": newest(Contract, "number"),
    "buyer": lambda _world, number: Contract.objects.using("owner").get(number=number).buyer,
    "seller": lambda _world, number: Contract.objects.using("owner").get(number=number).seller,
    "template": newest(ContractTemplate, "name"),
    "order": lambda _world, subject: ChangeOrder.objects.using("owner").get(
        contract__number=subject.partition("/")[0], number=subject.partition("/")[2] or 1
    ),
    "version": newest(ContractVersion, "contract__number"),
    "milestone": newest(Milestone, "contract__number"),
    "question": newest(Question, "contract__number"),
    "submission": newest(Submission, "contract__number"),
    "invoice": newest(Invoice, "contract__number"),
    "invoice_question": newest(InvoiceQuestion, "contract__number"),
    "corrected": newest(CorrectedInvoice, "contract__number"),
    "credit_note": newest(CreditNote, "contract__number"),
    "nullification": newest(Nullification, "contract__number"),
    "dispute": newest(Dispute, "contract__number"),
    "payment_document": newest(PaymentDocument, "contract__number"),
    "handed_in": lambda _world, number: PaymentDocument.objects.using("owner").get(
        contract__number=number, state="handed_in"
    ),
    "application": newest(Application, "contract__number"),
    "reservation": newest(Reservation, "contract__number"),
    "termination": newest(Termination, "contract__number"),
    "settlement": newest(Settlement, "contract__number"),
    "payment": newest(Payment, "allocations__invoice__contract__number"),
    "refund": newest(Refund, "payment__bank_reference"),
    "statement_file": newest(StatementFile, "file_name"),
    "journal_export": newest(JournalExport, "format"),
    "bank_transaction": newest(BankTransaction, "bank_reference"),
    "request": newest(FundingRequest, "contract__number"),
    "offer": newest(Offer, "request__contract__number"),
    "tranche": newest(Tranche, "contract__number"),
    "payment_order": lambda _world, _subject: PaymentOrder.objects.using("owner").order_by("pk")[0],
    "ordered_payment": lambda _world, _subject: OrderedPayment.objects.using("owner").order_by("pk")[0],
    "assignment": newest(Assignment, "contract__number"),
    "collection": newest(Collection, "tranche__contract__number"),
    "movement": newest(BankMovement, "kind"),
    "member": lambda _world, email: Membership.objects.using("owner").get(user__email=email),
    "sellers_pack": lambda _world, number: EvidencePack.objects.using("owner").get(
        contract__number=number, organisation=F("contract__seller")
    ),
    "buyers_pack": lambda _world, number: EvidencePack.objects.using("owner").get(
        contract__number=number, organisation=F("contract__buyer")
    ),
    "open_invitation": lambda world, _number: Invitation.objects.using("owner").get(ref=world.invitation),
    "exposure": lambda world, number: (
        ExposureLimit.objects.using("owner")
        .filter(organisation=_contract(number).buyer_id, side="buyer")
        .order_by("-pk")[0]
    ),
    "verification": lambda world, number: (
        BuyerVerification.objects.using("owner").filter(buyer=_contract(number).buyer_id).order_by("-pk")[0]
    ),
    "facility": lambda world, number: newest(FundingRequest, "contract__number")(world, number).facility,  # type: ignore[attr-defined]
}


class _WrittenOut(yaml.SafeDumper):
    """Deal files say everything where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def build() -> World:
    """Play everything into the database that is pointed at, and finish every job."""
    today = clock.today("Europe/Berlin")
    texts = [path.read_text(encoding="utf-8") for path in sorted(DEALS.glob("*.yaml"))]
    members = yaml.safe_load((DEALS / "data-platform-in-flight.yaml").read_text(encoding="utf-8"))
    for number, events in STATES.items():
        deal = _deal(members, number, events)
        texts.append(yaml.dump(deal, Dumper=_WrittenOut, allow_unicode=True))
    player.play(*(read(text, today=today) for text in texts))
    parties.enrol(email=PEOPLE["mila"], name="Mila de Vries")
    parties.enrol(email=PEOPLE["noa"], name="Noa Neu")
    anna = _actor("anna")
    with acting(anna):
        invited = team.invite_member(
            actor=anna, key=key(), email="new@nordlicht.example", roles=frozenset({Role.BILLING})
        )
        _draft(anna)
        for number in ("revised", "link-revised"):
            _revise(anna, number)
        _papers(anna, number="draft", name="Audit in two steps")
        _statements(anna)
        _refund(anna)
        _export(anna)
        worker.run_due_jobs()
    for asking in (anna, _actor("paul")):
        with acting(asking):
            proofs.request_pack(actor=asking, key=key(), contract_ref=_contract("NL-2026-021").ref)
        worker.run_due_jobs()
    with acting(_actor("paul")) as paul:
        billed = Invoice.objects.filter(contract__number="NL-2026-021").order_by("-pk")[0]
        hosting.ask_about_invoice(actor=paul, key=key(), invoice_ref=billed.ref, text="Which of our orders is it for?")
        version = ContractVersion.objects.get(contract__number="answering")
        negotiating.answer_proposal(actor=paul, key=key(), version_ref=version.ref)
        _papers(paul, number="answering", name="As the clinic orders")
        contract = Contract.objects.get(number="amended")
        dearer = ChangeDraft(
            "Dearer", "More sources.", lines=(change_orders.line(contract, 2, amount=Decimal(40_000)),)
        )
    change_orders.propose(contract, dearer, by=paul, side="buyer")
    scenarios.prepared_milestone(_contract("funded"), actor=anna, position=2)
    with acting(_actor("hugo")) as hugo:
        tranche = Tranche.objects.get(contract__number="collected")
        paying_out.order_payments(
            actor=hugo, key=key(), currency=tranche.currency, wanted=(("reserve", tranche.ref),), execute_on=today
        )
    return World(invitation=invited["invitation"])


def _deal(members: dict[str, Any], number: str, events: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The deal of the file, played up to another state; with a buyer of no people where the number says link."""
    deal = {**members, "deal": number, "contract": {**members["contract"], "number": number, "price": 100_000}}
    plan = [{**line} for line in members["contract"]["plan"]]
    plan[0]["amount"] = 20_000
    deal["contract"] |= {"plan": plan, "title": f"Clinical data platform, {number.replace('-', ' ')}"}
    if number == "documented":
        deal["contract"] |= DOCUMENTS
    if number == "stepped":
        deal["contract"] |= STEPS
    if number == "link-applying":
        deal["contract"] |= {"bills_by": "application"}
    if number == "link-accepted":
        plan[1]["waits_for"] = {"events": ["Both clinics gave their consent"]}
    deal["facility"] = {**members["facility"], "limit": 900_000}
    played = [dict(event) for event in events]
    if number.startswith("link"):
        deal["parties"] = {
            **members["parties"],
            "buyer": {
                "name": "Hafen Spedition KG",
                "street": "Kai 1",
                "postcode": "20457",
                "city": "Hamburg",
                "country": "DE",
                "email": "post@hafen.example",
                "currency": "EUR",
                "time_zone": "Europe/Berlin",
            },
        }
        deal["contract"]["signatory"] = {"name": "Jo Hansen", "email": "jo@hafen.example"}
    for event in played:
        if "reference" in event:
            event["reference"] = event["reference"].format(number=number)
    deal["events"] = played
    return deal


def _actor(name: str) -> Actor:
    memberships = Membership.objects.using("owner").select_related("user", "organisation")
    return scenarios.actor_of(memberships.get(user__email=PEOPLE[name]))


def _draft(anna: Actor) -> None:
    """A contract that is being written."""
    draft = ContractDraft(
        number="draft",
        title="Data quality audit",
        buyer_ref=_contract("proposed").buyer.ref,
        currency="EUR",
        price=Decimal(24_000),
        payment_days=30,
        review_days=14,
        tax_category="S",
        tax_rate=Decimal(19),
        is_assignable=True,
        partial_acceptance=True,
        governing_law="Germany",
        terms="",
        signatory_name="Paul Adler",
        signatory_email=PEOPLE["paul"],
        lines=(scenarios.line("Concept", 40), scenarios.line("Roll-out", 60)),
        plan_name="By milestones",
        options=(options.UPFRONT, options.MONTHLY),
    )
    contracting.draft_contract(actor=anna, key=key(), draft=draft)


def _revise(anna: Actor, number: str) -> None:
    """The second version of a contract whose buyer asked for another: terms, a line and the order differ."""
    contract = Contract.objects.get(number=number)
    draft = contracts.draft_of(contract)
    first, second, *rest = draft.lines
    lines = (replace(second, scope=f"{second.scope} Two trainers."), first, *rest[:-1], scenarios.line("Handbook", 1))
    lines = (*lines, replace(rest[-1], basis="remainder", percent=None, amount=None))
    revised = replace(draft, review_days=21, terms="Delivery to the buyer's own servers.", lines=lines)
    contracting.change_draft(actor=anna, key=key(), contract_ref=contract.ref, draft=revised)
    contract.refresh_from_db()
    _text, seen = contracts.preview(contract)
    contracting.propose_contract(actor=anna, key=key(), contract_ref=contract.ref, seen=seen)


def _papers(actor: Actor, *, number: str, name: str) -> None:
    """A template, and a plan from a file that waits to be confirmed by who writes a draft."""
    draft = _contract(number)
    lines = tuple(scenarios.line(f"Step {number}", 20) for number in range(1, 5))
    contracting.save_template(actor=actor, key=key(), contract_ref=draft.ref, name=name)
    contracting.keep_plan(
        actor=actor,
        key=key(),
        contract_ref=draft.ref,
        lines=lines,
        file_name="schedule-of-values.xlsx",
        file_sha256="0" * 64,
        reading=canonical.text(
            {"rows": [4, 6, 8, 10], "decimal": ",", "dates": "day", "ignored": ["Remarks"], "skipped_total": 12}
        ),
    )


def _statements(anna: Actor) -> None:
    """A bank statement: money with one proposal, with several, without any, and of every other kind."""
    open_items = OpenItem.objects.visible_to(anna).open().filter(seller_id=anna.organisation_id, currency="EUR")
    ours = open_items.exclude(invoice__milestone__in=PayeeInstruction.objects.live().values("milestone"))
    first, second = ours.filter(paid=0).select_related("invoice", "buyer").order_by("pk")[:2]
    day = clock.today("Europe/Berlin")

    def booked(amount: Decimal | str, name: str, text: str, payer: str) -> Booking:
        return Booking(day, Decimal(amount), text, payer, reference=name)

    file = statements.import_statements(
        actor=anna,
        key=key(),
        **uploaded(
            booked(first.open - 20, "short", f"Rechnung {first.invoice.number}", first.buyer.legal_name.upper()),
            booked(first.open + second.open, "several", "Sammelzahlung", "Somebody else"),
            booked("12.34", "aside", "Refund", "Tax office"),
            booked("1.00", "applied", f"Part of {second.invoice.number}", second.buyer.legal_name),
            booked("-9.90", "noted", "Fees of April", "The bank"),
        ),
    )
    statements.match_statements(actor=anna, file_ref=file["file"])
    rows = {row.bank_reference: row.ref for row in BankTransaction.objects.visible_to(anna)}
    parts = (Part(second.invoice.ref, second.invoice.number, Decimal("1.00")),)
    statements.apply_transaction(actor=anna, key=key(), transaction_ref=rows["applied"], parts=parts, how="by_hand")
    statements.set_aside_transaction(actor=anna, key=key(), transaction_ref=rows["aside"], reason="A tax refund.")


def _refund(anna: Actor) -> None:
    """A period that was paid twice, and the question that half of it goes back."""
    item = OpenItem.objects.visible_to(anna).open().filter(contract__number="NL-2026-031").select_related("invoice")[0]
    paid = billing.record_payment(
        actor=anna,
        key=key(),
        invoice_ref=item.invoice.ref,
        amount=2 * item.open,
        received_on=clock.today("Europe/Berlin"),
        bank_reference="TWICE-1",
    )
    refunding.ask_refund(actor=anna, key=key(), payment_ref=paid["payment"], amount=item.open, reason="Paid twice.")


def _export(anna: Actor) -> None:
    """The journal of this year so far."""
    today = clock.today("Europe/Berlin")
    exporting.request_export(
        actor=anna, key=key(), currency="EUR", kind="csv", starts_on=today.replace(month=1, day=1), ends_on=today
    )


def _contract(number: str) -> Contract:
    return Contract.objects.using("owner").select_related("buyer").get(number=number)
