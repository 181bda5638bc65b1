"""Two complete tenants who have never met: each a seller, a buyer and a financier with deals in every state.

Everything that people typed carries the tenant's canary, a word that stands nowhere else. Where one side of a deal
writes what the other must not read, a second word follows: ``draft`` for the seller's own paper, ``desk`` for the
financier's, ``funding`` for what the buyer does not learn.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from unittest.mock import patch

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connections, models, transaction

from apps.contracts import documents as contract_documents
from apps.contracts import rules
from apps.contracts import services as contract_services
from apps.contracts.charges import OUTSIDE, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.drafts import ChangeDraft, Condition, ContractDraft, DraftLine, Due
from apps.contracts.drafts import LineTerms as OwnTerms
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import ChangeOrder, Contract, ContractVersion, GuestGrant, SentMail, Termination
from apps.contracts.retention import RetentionRelease, RetentionTerms
from apps.core import canonical, clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.core.printing import press
from apps.core.refs import new_ref
from apps.financing import assignment_proofs
from apps.financing.models import Assignment, AssignmentProof, Offer, Tranche
from apps.financing.rules import LineTerms, OfferTerms
from apps.financing.rules.events import Bears
from apps.financing.services import FacilityTerms
from apps.invoicing import corrected_documents, credit_documents, documents
from apps.invoicing import services as invoicing
from apps.invoicing.models import Application, BankTransaction, Invoice, InvoiceLink
from apps.invoicing.rules import Part, Share
from apps.invoicing.services import correction_deliveries
from apps.invoicing.services.certifying import Figure
from apps.milestones import services as milestones
from apps.milestones.models import (
    ConfirmedEvent,
    DisputeFile,
    EvidenceFile,
    Milestone,
    Reminder,
    Reservation,
    Settlement,
    Submission,
)
from apps.milestones.models.submission import Proof
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Defect
from apps.parties import services as parties_services
from apps.parties import tokens
from apps.parties.actor import Actor
from apps.parties.models import Invitation, Membership, Organisation
from apps.parties.roles import Role
from apps.parties.services import AccountData
from apps.parties.services.members import join
from apps.revenue.models import JudgementKind
from apps.revenue.rules import Component, Compounding
from apps.revenue.services import Decision
from apps.workflows import (
    account_letter_jobs,
    account_letters,
    before_acceptance,
    billing,
    changing,
    charging,
    commenting,
    confirming,
    contracting,
    crediting,
    disputing,
    exporting,
    funding,
    hosting,
    jobs,
    late_payment,
    negotiating,
    notices,
    paying_out,
    printing,
    proofs,
    recourse,
    refunding,
    reminding,
    reserving,
    retention,
    revenue,
    reviews,
    sign_off,
    statements,
    step_up,
    team,
    terminating,
    treasury,
    underwriting,
    watching,
)
from apps.workflows.journals import making as journals
from apps.workflows.models import EvidencePack
from apps.workflows.packs import making
from tests import applications, corrections, disputes, payment_documents, scenarios, terminations
from tests.invoicing.statements.bank import Booking
from tests.invoicing.statements.uploads import uploaded
from tests.returned import bounce
from tests.scenarios import Parties, acting, key, member

NOW: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When everything happens, and when every page is asked for."""
TODAY: Final = NOW.date()
HOME, FOREIGN = "Hqkanari", "Fqpapagei"
"""The canaries: no text of ours, no name and no random reference contains them."""
PRICE: Final = {HOME: Decimal("800000.00"), FOREIGN: Decimal("739137.37")}
LINES: Final = 17
DRAFT, DESK, FUNDING = "draftpaper", "deskpaper", "fundingpaper"


@dataclass
class Tenant:
    """One of the two worlds: its people by role, its links by what they are for, the rows that belong to it."""

    canary: str
    parties: Parties
    people: dict[str, Membership]
    grants: dict[str, GuestGrant] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    going_on: list[str] = field(default_factory=list)
    """Links to what goes on after a decision, which open pages of their own."""
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The range of primary keys of its rows in each table: more than the first, at most the second."""
    chosen: list[models.Model] = field(default_factory=list)
    """Rows that are in a state which no column names: a version that waits to be signed, an invoice with its PDF."""
    samples: dict[str, list[models.Model]] = field(default_factory=dict)
    """For each model one row in every state; of a model without states the oldest, the newest and the chosen ones."""

    @property
    def organisations(self) -> list[Organisation]:
        return [self.parties.seller, self.parties.buyer, self.parties.financier]


def tenant(canary: str) -> Tenant:
    """Build a tenant by the workflows of the product, and note which rows are its own."""
    before = _last_rows()
    with clock.stopped(NOW):
        built = _Builder(canary).build()
    after = _last_rows()
    built.rows = {table: (before[table], after[table]) for table in after}
    for model in walled_models():
        built.samples[model._meta.label] = _one_in_every_state(model, built)
    return built


def walled_models() -> list[type[models.Model]]:
    """Every model whose rows belong to tenants."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if isinstance(getattr(model, "wall", None), walls.Wall)
    ]


def keys_of_tables() -> dict[str, str]:
    """The walled tables with the columns of their keys; one that hangs on another row has that row's key."""
    return {model._meta.db_table: str(model._meta.pk.column) for model in walled_models()}


def _last_rows() -> dict[str, int]:
    keys = keys_of_tables()
    sql = " UNION ALL ".join(f"SELECT '{table}', coalesce(max({key}), 0) FROM {table}" for table, key in keys.items())
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return dict(cursor.fetchall())


def _one_in_every_state(model: type[models.Model], built: Tenant) -> list[models.Model]:
    low, high = built.rows[model._meta.db_table]
    rows = list(model._base_manager.using("owner").filter(pk__gt=low, pk__lte=high).order_by("pk"))
    chosen = [row for row in built.chosen if isinstance(row, model)]
    if any(column.name == "state" for column in model._meta.fields):
        newest_in = {getattr(row, "state"): row for row in rows}  # noqa: B009  no model promises a state
        return list({row.pk: row for row in (*chosen, *newest_in.values())}.values())
    # Each side has books, accounts and members of its own, and only its own people reach them.
    newest = {getattr(row, "organisation_id", None): row for row in rows}
    return list({row.pk: row for row in (*chosen, rows[0], *newest.values())}.values())


@dataclass
class _Builder:
    """Builds step by step; every step is a workflow called by somebody who may."""

    canary: str

    def build(self) -> Tenant:
        self.deal = scenarios.organisations(self.canary)
        self._name_people()
        self._more_people()
        self._accounts()
        self.tenant = Tenant(self.canary, self.deal, self.deal.people)
        self._contracts()
        self._corrections()
        self._charged()
        self._milestones()
        self._steps()
        self._disputes()
        self._reservations()
        payment_documents.waiting(self.deal, self._draft("Documented", lines=1), tag=self.canary)
        self._applications()
        self._terminations()
        self._bills()
        self._statements()
        self._advances()
        self._exports()
        self._revenue()
        self._account_letters()
        self._proofs()
        self._links()
        self._codes()
        self._reminder()
        self.tenant.chosen = [
            self.deal.buyer,
            self.deal.seller,
            *ChangeOrder.objects.using("owner").filter(contract__seller=self.deal.seller, state="proposed"),
            *Termination.objects.using("owner").filter(contract__seller=self.deal.seller, state="noticed"),
            *Settlement.objects.using("owner").filter(contract__seller=self.deal.seller, state="proposed"),
            *Contract.objects.using("owner").filter(pk__in=[self.answered.pk, self.offering.pk]),
            *ContractVersion.objects.using("owner").filter(
                contract__in=[self.proposed, self.countered, self.billed, self.running]
            ),
            *EvidenceFile.objects.using("owner").filter(submission=self.waiting),
            self.invoices[0],
            self.invoices[0].billed,
            *Milestone.objects.using("owner").filter(contract=self.running, position=4),
            self.deposit,
            self.credited,
            *EvidencePack.objects.using("owner").filter(contract=self.billed, state="ready"),
        ]
        return self.tenant

    # --- people --------------------------------------------------------------------------------------------------

    def _name_people(self) -> None:
        for membership in self.deal.people.values():
            membership.user.name = f"{membership.user.name} {self.canary}"
            membership.user.save(update_fields=["name"])

    def _more_people(self) -> None:
        """Roles that the usual story has not, and somebody who was removed a moment ago."""
        more = (
            (self.deal.seller, "nordlicht", "contracts", Role.CONTRACTS),
            (self.deal.buyer, "meridian", "inspector", Role.INSPECTOR),
            (self.deal.financier, "kontor", "auditor", Role.AUDITOR),
        )
        for organisation, domain, name, role in more:
            user = parties_services.enrol(email=self._mailbox(name, at=domain), name=f"{name.title()} {self.canary}")
            with walls.asking_for(organisation.pk, user=user.pk), transaction.atomic():
                self.deal.people[name] = join(user=user, organisation=organisation, roles={role}, at=NOW)
        # Whoever is removed keeps a name and a mailbox that tell nothing of the organisation.
        user = parties_services.enrol(email=f"{len(self.canary)}@removed.example", name="Rita Roth")
        with walls.asking_for(self.deal.seller.pk, user=user.pk), transaction.atomic():
            self.deal.people["removed"] = join(user=user, organisation=self.deal.seller, roles={Role.OWNER}, at=NOW)
        with acting(member(self.deal, "seller")) as sina:
            team.end_membership(actor=sina, key=key(), membership_ref=self.deal.people["removed"].ref)
            team.invite_member(actor=sina, key=key(), email=self._mailbox("invited"), roles=frozenset({Role.BILLING}))
        for name in ("financier", "analyst", "underwriter", "treasury", "auditor"):
            user = self.deal.people[name].user
            Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})

    def _mailbox(self, name: str, *, at: str = "nordlicht") -> str:
        return f"{name}@{at}.{self.deal.domain}"

    def _accounts(self) -> None:
        ibans = {"seller": "DE89370400440532013000", "buyer": "DE02120300000000202051"}
        for role, organisation in (
            ("seller", self.deal.seller),
            ("buyer", self.deal.buyer),
            ("financier", self.deal.financier),
        ):
            account = AccountData(
                holder=organisation.legal_name,
                currency="EUR",
                iban=ibans.get(role, "DE75512108001245126199"),
                bank_name=f"Bank {self.canary}",
            )
            with acting(member(self.deal, role)) as owner:
                team.set_bank_account(actor=owner, key=key(), account=account)

    # --- contracts -----------------------------------------------------------------------------------------------

    def _draft(self, title: str, *, lines: int = 3) -> ContractDraft:
        self.count = getattr(self, "count", 0) + 1
        return scenarios.software_draft(
            self.deal,
            number=f"{self.canary}-{self.count:03d}",
            title=f"{title} {self.canary}",
            price=PRICE[self.canary],
            terms=f"Terms {self.canary}",
            lines=tuple(self._line(f"{title} {place}", place=place, of=lines) for place in range(1, lines + 1)),
        )

    def _with_options(self, draft: ContractDraft) -> ContractDraft:
        upfront = rules.upfront(f"Upfront {self.canary}", title=f"All {self.canary}", discount_percent=Decimal(3))
        return replace(draft, plan_name=f"Milestones {self.canary}", options=(upfront,))

    def _line(self, title: str, *, place: int, of: int) -> DraftLine:
        line = scenarios.line(f"{title} {self.canary}", 100 // of, planned_on=date(2026, 4, place))
        return line if place < of else replace(line, basis="remainder", percent=None)

    def _contracts(self) -> None:
        scenarios.drafted_contract(self.deal, draft=self._draft(f"Written {DRAFT}"))
        self.offering = scenarios.drafted_contract(
            self.deal, draft=self._with_options(self._draft(f"Offering {DRAFT}"))
        )
        self.proposed = scenarios.proposed_contract(self.deal, draft=self._draft("Proposed"))
        self.revised = scenarios.proposed_contract(self.deal, draft=self._draft("Revised"))
        with acting(scenarios.guest_actor(scenarios.link_to_sign(self.revised))) as guest:
            version = ContractVersion.objects.get(contract=self.revised)
            contracting.request_contract_changes(
                actor=guest, key=key(), version_ref=version.ref, reason=f"Cheaper, please. {self.canary}"
            )
        self._papers(self.revised, role="seller")
        self._answers()
        withdrawn = scenarios.proposed_contract(self.deal, draft=self._draft("Withdrawn"))
        with acting(member(self.deal, "contracts")) as writer:
            contracting.withdraw_contract(actor=writer, key=key(), contract_ref=withdrawn.ref)
        self.stranger = scenarios.named_buyer(self.deal, legal_name=f"Hafen Spedition KG {self.canary}")
        draft = self._draft("By link")
        self.by_link = scenarios.proposed_contract(
            self.deal,
            draft=replace(draft, buyer_ref=self.stranger.ref, signatory_email=self._mailbox("gast", at="hafen")),
        )
        self._accepted(scenarios.active_contract(self.deal, draft=self._draft("Done", lines=1)), 1)
        self._changes()
        self._retained()
        self._late()
        self.billed = scenarios.active_contract(self.deal, draft=self._draft("Billed", lines=LINES))
        self.running = scenarios.active_contract(self.deal, draft=self._draft("Running", lines=4))
        self._by_calendar()

    def _by_calendar(self) -> None:
        """A deposit that the signature billed, and periods that wait for a milestone."""
        self.count += 1
        draft = scenarios.hybrid_draft(
            self.deal,
            number=f"{self.canary}-{self.count:03d}",
            title=f"By calendar {self.canary}",
            terms=f"Terms {self.canary}",
        )
        named = tuple(replace(line, title=f"{line.title} {self.canary}") for line in draft.lines)
        starts = Due("acceptance", None, named[1].title, "month", 4)
        # What the buyer has confirmed, and what it has not.
        happened = (f"Site open {self.canary}", f"Crane up {self.canary}")
        waits = OwnTerms(condition=Condition(events=(*happened, "Permit granted")))
        lines = (named[0], replace(named[1], own=waits), replace(named[2], due=starts))
        contract = scenarios.active_contract(self.deal, draft=replace(draft, lines=lines))
        self.deposit = Invoice.objects.using("owner").get(contract=contract)
        with acting(member(self.deal, "approver")) as bea:
            for event in happened:
                note = f"Seen. {self.canary}"
                confirming.confirm_event(actor=bea, key=key(), contract_ref=contract.ref, event=event, note=note)

    def _retained(self) -> None:
        """A completed contract of whose retention one part is released, and one is left for each side to release.

        Its invoice bears interest when it is late. Of what is released a little came back, as both sides agreed.
        """
        late = LateTerms(Decimal(9), fee=Decimal(40))
        parts = (("buyer", 40), ("seller", 30), ("completion", 30))
        terms = RetentionTerms(
            rate=Decimal(10), releases=tuple(RetentionRelease(Decimal(share), event) for event, share in parts)
        )
        kept = scenarios.active_contract(
            self.deal, draft=replace(self._draft("Kept", lines=1), retention=terms, late_payment=late)
        )
        self._accepted(kept, 1)
        with acting(member(self.deal, "buyer")) as olga:
            asked = retention.release_retention(actor=olga, key=key(), contract_ref=kept.ref, position=1)
        bilge, now, little = member(self.deal, "billing"), clock.now(), Share(amount=Decimal(1))
        dispute = disputes.on_invoice(asked["invoice"], actor=olga, at=now, reason=self.canary, share=little)
        proposal = disputes.proposed(dispute, "upheld", actor=bilge, at=now, note=self.canary)
        disputes.agreed(proposal, actor=olga, at=now)

    def _late(self) -> None:
        """A contract of whose invoice interest and fee were claimed, on the day after it was due."""
        draft = replace(
            self._draft("Late", lines=1), payment_days=0, late_payment=LateTerms(Decimal(9), fee=Decimal(40))
        )
        contract = scenarios.active_contract(self.deal, draft=draft)
        self._accepted(contract, 1)
        with acting(member(self.deal, "billing"), at=NOW + timedelta(days=1)) as bilge:
            late = invoicing.late_of(contract, today=TODAY + timedelta(days=1))
            late_payment.claim_late_payment(
                actor=bilge, key=key(), contract_ref=contract.ref, seen=invoicing.seen_of(late)
            )

    def _charged(self) -> None:
        """Damages that stand, some that wait, some that were waived, and a milestone for each that is still to come."""
        terms = ChargeTerms(DamageTerms(Rate(Decimal("0.2")), may_object=False), BonusTerms(Rate(Decimal(1))), OUTSIDE)
        draft = self._draft("Charged", lines=4)
        days = (date(2026, 2, 20), date(2026, 4, 1), date(2026, 2, 20), date(2026, 2, 20))
        lines = tuple(replace(line, planned_on=day) for line, day in zip(draft.lines, days, strict=True))
        contract = scenarios.active_contract(self.deal, draft=replace(draft, lines=lines, charges=terms))
        bills = [self._accepted(contract, position) for position in (1, 2, 3, 4)]
        with acting(member(self.deal, "approver")) as bea:
            one, other = (bill.billed.ref for bill in bills[2:])
            charging.claim_damages(actor=bea, key=key(), milestone_ref=one)
            said = {"reason": f"Ours. {self.canary}"}
            charging.waive_damages(actor=bea, key=key(), milestone_ref=other, **said)
            for _again in range(2):
                back = charging.charge_back(
                    actor=bea, key=key(), milestone_ref=one, amount=Decimal(9), evidence="A bill.", **said
                )
        with acting(member(self.deal, "billing")) as bilge:
            charging.answer_charge(actor=bilge, key=key(), charge_ref=back["charge"], agrees=False, **said)

    def _answers(self) -> None:
        """A version of the buyer's that waits for the seller, one that the buyer is still writing, and comments."""
        for title in ("Countered", "Answered"):
            contract = scenarios.proposed_contract(self.deal, draft=self._draft(title))
            version = ContractVersion.objects.using("owner").get(contract=contract)
            for role in ("seller", "buyer"):
                with acting(member(self.deal, role)) as writer:
                    negotiating.comment_contract(
                        actor=writer, key=key(), version_ref=version.ref, text=f"A word. {self.canary}"
                    )
            with acting(member(self.deal, "buyer")) as olga:
                negotiating.answer_proposal(actor=olga, key=key(), version_ref=version.ref)
                if title == "Countered":
                    _text, seen = contract_services.preview(Contract.objects.get(pk=contract.pk), side="buyer")
                    contracting.propose_contract(actor=olga, key=key(), contract_ref=contract.ref, seen=seen)
            if title == "Countered":
                self.countered = contract
            else:
                self.answered = contract
                with acting(member(self.deal, "buyer")) as olga:
                    fresh = contract_services.draft_of(Contract.objects.get(pk=contract.pk), side="buyer")
                    contracting.change_draft(
                        actor=olga, key=key(), contract_ref=contract.ref, draft=self._with_options(fresh)
                    )
                self._papers(contract, role="buyer")

    def _changes(self) -> None:
        """A change order that is signed, one that waits for the buyer, one for the seller, and one without a price."""
        for title, side in (("Changed", "seller"), ("Changing", "buyer")):
            contract = scenarios.active_contract(self.deal, draft=self._draft(title, lines=2))
            self._change(contract, side=side)
            if title == "Changed":
                order = ChangeOrder.objects.using("owner").get(contract=contract)
                version = ContractVersion.objects.using("owner").get(change_order=order)
                with acting(member(self.deal, "buyer")) as olga:
                    changing.sign_change(actor=olga, key=key(), order_ref=order.ref, seen=version.sha256)
                self._change(contract, side="seller")
        # It is priced where no other one waits.
        contract = scenarios.active_contract(self.deal, draft=self._draft("To be changed", lines=1))
        with acting(member(self.deal, "buyer")) as olga:
            noted = ChangeDraft(title=f"To be priced {self.canary}", reason=f"Nobody knows yet. {self.canary}")
            changing.record_change(actor=olga, key=key(), contract_ref=contract.ref, draft=noted)

    def _change(self, contract: Contract, *, side: str) -> None:
        added = replace(scenarios.line(f"Added {self.canary}", 10), basis="amount", amount=Decimal("123.45"))
        draft = ChangeDraft(title=f"More {self.canary}", reason=f"It grew. {self.canary}", added=(added,))
        with acting(member(self.deal, side)) as writer:
            fresh = Contract.objects.get(pk=contract.pk)
            seen = contract_services.preview_change(fresh, draft=draft, side=side).sha256
            changing.propose_change(actor=writer, key=key(), contract_ref=contract.ref, draft=draft, seen=seen)

    def _papers(self, draft: Contract, *, role: str) -> None:
        """A plan from a file that waits to be confirmed by who writes the draft, and a template of that side."""
        line = self._line(f"Imported {DRAFT}" if role == "seller" else "Imported", place=1, of=1)
        reading = canonical.text({"rows": [2], "decimal": None, "dates": None, "ignored": [], "skipped_total": 0})
        with acting(member(self.deal, role)) as writer:
            contracting.keep_plan(
                actor=writer,
                key=key(),
                contract_ref=draft.ref,
                lines=(line,),
                file_name=f"{self.canary}.csv",
                file_sha256="0" * 64,
                reading=reading,
            )
            contracting.save_template(actor=writer, key=key(), contract_ref=draft.ref, name=f"Template {self.canary}")

    # --- milestones ----------------------------------------------------------------------------------------------

    def _prepared(self, contract: Contract, position: int, *, word: str = "") -> Milestone:
        milestone = scenarios.milestone_of(contract, position=position)
        with acting(member(self.deal, "delivery")) as dario:
            criteria = list(milestone.line.criteria.all())
            answers = [CriterionAnswer(c.pk, is_met=True, note=f"Shown. {self.canary} {word}") for c in criteria]
            sign_off.prepare_submission(
                actor=dario, key=key(), milestone_ref=milestone.ref, note=f"Done. {self.canary} {word}", answers=answers
            )
            upload = ContentFile(f"Protocol {self.canary} {word}\n".encode(), name=f"{self.canary}{word}.txt")
            sign_off.attach_evidence(
                actor=dario, milestone_ref=milestone.ref, upload=upload, criterion_id=criteria[0].pk
            )
        return milestone

    def _submitted(self, contract: Contract, position: int) -> Submission:
        milestone = self._prepared(contract, position)
        with acting(member(self.deal, "delivery")) as dario:
            _text, seen = milestones.preview(milestone)
            answer = sign_off.submit_milestone(actor=dario, key=key(), milestone_ref=milestone.ref, seen=seen)
            return Submission.objects.select_related("milestone", "contract").get(ref=answer["submission"])

    def _accepted(self, contract: Contract, position: int) -> Invoice:
        submission = self._submitted(contract, position)
        guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
        with acting(guest):
            answer = sign_off.accept_milestone(
                actor=guest,
                key=key(),
                submission_ref=submission.ref,
                seen=submission.sha256,
                comment=f"Well done. {self.canary}",
            )
        with walls.asking_for(self.deal.seller.pk):
            return Invoice.objects.select_related("milestone").get(ref=answer["invoice"])

    def _milestones(self) -> None:
        self.waiting = self._submitted(self.running, 1)
        asked = self._submitted(self.running, 2)
        guest = scenarios.guest_actor(scenarios.link_to_sign_off(asked))
        with acting(guest):
            criteria = list(asked.milestone.line.criteria.all())
            sign_off.request_changes(
                actor=guest,
                key=key(),
                submission_ref=asked.ref,
                seen=asked.sha256,
                verdicts=[CriterionVerdict(c.pk, is_passed=False, reason=f"Not yet. {self.canary}") for c in criteria],
                comment=f"Once more. {self.canary}",
            )
        back = self._submitted(self.running, 3)
        with acting(member(self.deal, "delivery")) as dario:
            sign_off.withdraw_submission(actor=dario, key=key(), submission_ref=back.ref)
        # The newest of the milestones that are planned, so that it is the sample of its state.
        self._prepared(self.running, 4, word=DRAFT)

    # --- corrections ---------------------------------------------------------------------------------------------

    def _corrections(self) -> None:
        """Credit notes, one with its PDF and with money that came free; acceptances asked about, with every answer."""
        contract = scenarios.active_contract(self.deal, draft=self._draft("Corrected", lines=7))
        first, *others = [self._accepted(contract, place) for place in range(1, 8)]
        reason = f"A defect. {self.canary}"
        with acting(member(self.deal, "billing")) as bilge:
            billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=first.ref,
                amount=first.gross,
                received_on=TODAY,
                bank_reference=f"FREED-{self.canary}",
            )
        note = self.credited = corrections.credited(self.deal, first.ref, "100.00", reason=reason)
        self._refunds(others[4], others[5], reason=reason)
        with walls.asking_for(self.deal.seller.pk):
            credit_documents.render(credit_note_ref=note.ref)
            correction_deliveries.deliver_correction(note, at=NOW)
        corrected, again = (
            corrections.corrected(self.deal, first, {"street": street}, reason=reason)
            for street in (f"Way 1 {self.canary}", f"Way 2 {self.canary}")
        )
        with walls.asking_for(self.deal.seller.pk):
            corrected_documents.render(corrected_ref=corrected.ref)
        with acting(member(self.deal, "billing")) as bilge:
            hosting.renew_invoice_link(actor=bilge, key=key(), invoice_ref=first.ref)
        self.hosted = {"credited": self._link_to(first.ref)}
        failing = patch.object(press, "pdf", side_effect=press.PangoMissingError)
        failed = corrections.credited(self.deal, others[0].ref, "1.00", reason=reason)
        with walls.asking_for(self.deal.seller.pk), failing, suppress(press.PangoMissingError):
            credit_documents.render(credit_note_ref=failed.ref)
        with walls.asking_for(self.deal.seller.pk), failing, suppress(press.PangoMissingError):
            corrected_documents.render(corrected_ref=again.ref)
        asked = [corrections.asked(self.deal, one.billed.ref, reason=reason) for one in others[:4]]
        corrections.granted(self.deal, asked[1])
        with acting(member(self.deal, "billing")) as bilge:
            crediting.decline_nullification(actor=bilge, key=key(), nullification_ref=asked[2], reason=reason)
        with acting(member(self.deal, "approver")) as bea:
            crediting.withdraw_nullification(actor=bea, key=key(), nullification_ref=asked[3])

    def _refunds(self, *invoices: Invoice, reason: str) -> None:
        """Of what was paid too much: one refund in every state."""
        bilge, owner = member(self.deal, "billing"), member(self.deal, "seller")
        limited = replace(owner, approval_limit=Decimal(1))
        with acting(bilge):
            paid = [
                billing.record_payment(
                    actor=bilge,
                    key=key(),
                    invoice_ref=invoice.ref,
                    amount=invoice.gross + 50,
                    received_on=TODAY,
                    bank_reference=f"SURPLUS-{number}-{self.canary}",
                )["payment"]
                for number, invoice in enumerate(invoices)
            ]
            for number, end in enumerate(("withdraw_refund", "return_refund", "")):
                ref = self._asked_back(bilge, paid[0], "5.00", reason=reason)
                if end != "withdraw_refund":
                    refunding.pay_refund(
                        actor=bilge,
                        key=key(),
                        refund_ref=ref,
                        paid_on=TODAY,
                        bank_reference=f"BACK-{number}-{self.canary}",
                    )
                if end:
                    getattr(refunding, end)(actor=bilge, key=key(), refund_ref=ref, reason=reason)
            self._asked_back(bilge, paid[0], "6.00", reason=reason)
        with acting(limited):
            self._asked_back(limited, paid[1], "7.00", reason=reason)

    def _asked_back(self, actor: Actor, payment_ref: str, amount: str, *, reason: str) -> str:
        return refunding.ask_refund(
            actor=actor, key=key(), payment_ref=payment_ref, amount=Decimal(amount), reason=reason
        )["refund"]

    def _disputes(self) -> None:
        """An invoice in dispute with an outcome proposed and a file, of which a deadline was missed; one settled; one
        submission in dispute by the buyer's guest."""
        now = clock.now()
        contract = scenarios.active_contract(self.deal, draft=self._draft("Disputed", lines=4))
        bea, bilge = member(self.deal, "approver"), member(self.deal, "billing")
        reason = f"Not so. {self.canary}"
        for place, outcome in ((1, "upheld"), (2, "")):
            billed = self._accepted(contract, place)
            dispute = disputes.on_invoice(billed.ref, actor=bea, at=now, reason=reason)
            proposal = disputes.proposed(dispute, outcome or "rejected", actor=bilge, at=now, note=reason)
            if outcome:
                disputes.agreed(proposal, actor=bea, at=now)
        with acting(bilge):
            disputing.attach_to_dispute(
                actor=bilge, dispute_ref=dispute.ref, upload=ContentFile(reason.encode(), name=f"{self.canary}.txt")
            )
        system = Actor.system(organisation_id=self.deal.buyer.pk)
        late = now + timedelta(days=30)
        with acting(system, at=late):
            disputing.remind_of_position(actor=system, key=key(), dispute_ref=dispute.ref)
        sent = disputes.told(self.deal, self._submitted(contract, 3), at=now)
        disputes.on_submission(
            sent, actor=scenarios.guest_actor(scenarios.link_to_sign_off(sent)), at=now, reason=reason
        )

    def _reservations(self) -> None:
        """A milestone under three reservations: one that waits with an offer, one that is mended, one that is settled
        at a lower price."""
        contract = scenarios.active_contract(self.deal, draft=self._draft("Reserved", lines=1))
        bea, dario, bilge = (member(self.deal, role) for role in ("approver", "delivery", "billing"))
        sent, by = self._submitted(contract, 1), date(2036, 1, 31)
        title = f"A dent. {self.canary}"
        with acting(bea):
            reserving.accept_with_reservations(
                actor=bea,
                key=key(),
                submission_ref=sent.ref,
                seen=sent.sha256,
                defects=[Defect(title, by, Decimal(amount), text=title) for amount in (3, 2, 1)],
            )
            waits, mended, settled = Reservation.objects.filter(contract=contract).order_by("number")
        for one in (waits, settled):
            with acting(bilge):
                offer = reserving.offer_reduction(
                    actor=bilge, key=key(), reservation_ref=one.ref, amount=Decimal("0.5"), text=title
                )
        with acting(bea):
            reserving.agree_reduction(actor=bea, key=key(), offer_ref=offer["offer"])
        with acting(dario):
            photo = ContentFile(title.encode(), name=f"{self.canary}.txt")
            reserving.attach_to_reservation(actor=dario, reservation_ref=mended.ref, upload=photo)
            reserving.report_mended(actor=dario, key=key(), reservation_ref=mended.ref, text=title)

    def _applications(self) -> None:
        """One application for payment that was certified lower, one that waits, and one that collects."""
        draft = replace(self._draft("Applied for", lines=2), bills_by="application")
        contract = scenarios.active_contract(self.deal, draft=draft)
        bea, reason = member(self.deal, "approver"), f"Not shown. {self.canary}"
        scenarios.accepted_milestone(contract, position=1)
        first = applications.submitted(contract)
        applications.certified(first, actor=bea, figures={1: Figure(Decimal(1), reason)})
        applications.submitted(contract)
        scenarios.accepted_milestone(contract, position=2)
        collecting = replace(self._draft("Collected", lines=2), bills_by="application")
        scenarios.accepted_milestone(scenarios.active_contract(self.deal, draft=collecting))

    def _terminations(self) -> None:
        """A notice to come, one that is withdrawn, one with a settlement that waits, and two contracts that ended."""
        sina, olga = member(self.deal, "seller"), member(self.deal, "buyer")
        now, reason = clock.now(), f"Not needed. {self.canary}"
        for title in ("To end", "Not to end", "Ending", "Ended", "Ended too"):
            contract = scenarios.active_contract(self.deal, draft=self._draft(title, lines=2))
            day = TODAY + timedelta(days=90) if title in ("To end", "Not to end") else TODAY
            notice = terminations.noticed(contract, by=olga, effective_on=day, at=now, reason=reason)
            if title == "Not to end":
                with acting(olga):
                    terminating.withdraw_notice(actor=olga, key=key(), termination_ref=notice.ref)
            if title == "To end":
                terminations.proposed(contract, {1: "67.89"}, by=olga, at=now, note=reason)
            if day == TODAY:
                settlement = terminations.proposed(contract, {1: "123.45"}, by=sina, at=now, note=reason)
            if title.startswith("Ended"):
                terminations.signed(settlement, by=olga, at=now)

    def _steps(self) -> None:
        """A question that was answered and one that waits, an inspection, and the first of two acceptances."""
        draft = replace(self._draft("In steps", lines=1), question_suspensions=2, needs_inspection=True)
        stepped = scenarios.active_contract(self.deal, draft=replace(draft, second_acceptor_above=Decimal(0)))
        sent = self._submitted(stepped, 1)
        for role in ("approver", "buyer"):
            with acting(member(self.deal, role)) as asking:
                asked = before_acceptance.ask_question(
                    actor=asking, key=key(), submission_ref=sent.ref, text=f"Why? {self.canary}"
                )
            if role == "approver":
                with acting(member(self.deal, "delivery")) as dario:
                    before_acceptance.answer_question(
                        actor=dario, key=key(), question_ref=asked["question"], text=f"Because. {self.canary}"
                    )
                    commenting.comment_milestone(
                        actor=dario, key=key(), milestone_ref=sent.milestone.ref, text=f"By the way. {self.canary}"
                    )
        with acting(member(self.deal, "inspector")) as inspector:
            criteria = list(sent.milestone.line.criteria.all())
            before_acceptance.inspect_milestone(
                actor=inspector,
                key=key(),
                submission_ref=sent.ref,
                seen=sent.sha256,
                verdicts=[CriterionVerdict(c.pk, is_passed=True) for c in criteria],
                comment=f"Looked at. {self.canary}",
            )
        with acting(member(self.deal, "buyer")) as olga:
            before_acceptance.pass_milestone(
                actor=olga,
                key=key(),
                submission_ref=sent.ref,
                membership_ref=self.deal.people["approver"].ref,
                note=f"Yours. {self.canary}",
            )
            sign_off.accept_milestone(
                actor=olga, key=key(), submission_ref=sent.ref, seen=sent.sha256, comment=f"Fine. {self.canary}"
            )

    # --- bills and money -----------------------------------------------------------------------------------------

    def _bills(self) -> None:
        self.invoices = [self._accepted(self.billed, place) for place in range(1, LINES)]
        with walls.asking_for(self.deal.seller.pk):
            documents.render(invoice_ref=self.invoices[0].ref)
        with acting(member(self.deal, "billing")) as bilge:
            reminding.set_reminders(actor=bilge, key=key(), days=[3, 14])
            again = billing.resend_invoice(actor=bilge, key=key(), invoice_ref=self.invoices[0].ref)
            jobs.send_invoice.func(delivery_ref=again["delivery"], organisation_id=self.deal.buyer.pk)
        sent = SentMail.objects.using("owner").get(subject=f"invoice:{self.invoices[0].ref}")
        bounce(sent, sent.recipients[:1], at=sent.sent_at)
        self._hosted(self.invoices[0].ref)
        with acting(member(self.deal, "billing")) as bilge:
            reminding.set_reminders(actor=bilge, key=key(), days=[3, 14])
            billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=self.invoices[0].ref,
                amount=Decimal("1234.56"),
                received_on=TODAY,
                bank_reference=f"BANK-{self.canary}",
            )
            wrong = billing.record_payment(
                actor=bilge,
                key=key(),
                invoice_ref=self.invoices[0].ref,
                amount=Decimal("6.54"),
                received_on=TODAY,
                bank_reference=f"WRONG-{self.canary}",
            )
            reason = f"Somebody else's. {self.canary}"
            reminding.pause_reminders(
                actor=bilge, key=key(), invoice_ref=self.invoices[0].ref, until=TODAY, reason=f"A talk. {self.canary}"
            )
            billing.reverse_payment(actor=bilge, key=key(), payment_ref=wrong["payment"], reason=reason)

    def _statements(self) -> None:
        """Bank transactions in every state; what is applied is a part of the first invoice."""

        def booked(amount: str, number: int) -> Booking:
            text, payer = f"For {self.canary}", f"Payer {self.canary}"
            return Booking(TODAY, Decimal(amount), text, payer, reference=f"{self.canary}{number}")

        with acting(member(self.deal, "billing")) as bilge:
            bookings = [booked(amount, at) for at, amount in enumerate(("7.77", "-1.00", "8.88", "9.99"))]
            answer = statements.import_statements(actor=bilge, key=key(), **uploaded(*bookings, number=self.canary))
            statements.match_statements(actor=bilge, file_ref=answer["file"])
            rows = {str(row.amount): row for row in BankTransaction.objects.filter(amount__gt=0)}
            statements.apply_transaction(
                actor=bilge,
                key=key(),
                transaction_ref=rows["7.770"].ref,
                parts=(Part(self.invoices[0].ref, self.invoices[0].number, Decimal("7.77")),),
                how="by_hand",
            )
            statements.set_aside_transaction(
                actor=bilge, key=key(), transaction_ref=rows["8.880"].ref, reason=f"A refund. {self.canary}"
            )
            # The last waits to be matched with an invoice that nobody finances.
            ours = self.invoices[3]
            exact = replace(booked(str(ours.gross), 9), text=f"For {self.canary} {ours.number}")
            statements.import_statements(actor=bilge, key=key(), **uploaded(exact, number=f"{self.canary}2"))

    def _advances(self) -> None:
        with acting(member(self.deal, "financier")) as uli:
            terms = FacilityTerms(currency="EUR", limit=Decimal(5_000_000), fee_rate=Decimal("0.5"))
            facility = funding.open_facility(actor=uli, key=key(), seller_ref=self.deal.seller.ref, terms=terms)
            # Accounts are known by currency and number, so each tenant keeps a book that the other has not.
            terms = replace(terms, currency={HOME: "GBP", FOREIGN: "CHF"}[self.canary])
            funding.open_facility(actor=uli, key=key(), seller_ref=self.deal.seller.ref, terms=terms)
        self.facility_ref = facility["facility"]
        requests = [self._requested(invoice) for invoice in self.invoices[1:]]
        with acting(member(self.deal, "analyst")) as ana:
            reason = f"Too small. {self.canary}{FUNDING}"
            funding.decline_request(actor=ana, key=key(), request_ref=requests[1], reason=reason)
        with acting(member(self.deal, "billing")) as bilge:
            funding.withdraw_request(actor=bilge, key=key(), request_ref=requests[2])
        self._verified()
        self._priced(requests[3])
        self._approved(self._priced(requests[4]))
        tranches = [self._taken(self._approved(self._priced(request))) for request in requests[5:]]
        *picked, acknowledged, _sold, funded, collected, settled, astray, overpaid = tranches
        for tranche in (*picked, acknowledged, funded, collected, settled, astray, overpaid):
            self._acknowledged(tranche)
        for tranche in (funded, collected, settled, astray, overpaid):
            self._paid_out(tranche)
        for tranche in (collected, settled):
            self._collected(tranche)
        self._settled(settled)
        # Two more that nobody answered and nobody paid out: one to cancel, one on a milestone before acceptance.
        self._cancelled(self._taken(self._approved(self._priced(self._requested_on(self._planned(LINES))))))
        before = self._taken(self._approved(self._priced(self._requested_on(self._planned(LINES)))))
        self._acknowledged(before)
        self._paid_out(before)
        self._slipped(before)
        self._waived(self._priced(self._requested(self.invoices[2])))
        self._collected(overpaid, more=Decimal(1))
        self._other_money(astray)
        self._ordered(picked)

    def _ordered(self, picked: list[Tranche]) -> None:
        """Three orders for the bank: one to approve, one whose file waits, one with the bank."""
        with acting(member(self.deal, "treasury")) as tea:
            orders = [
                paying_out.order_payments(
                    actor=tea, key=key(), currency="EUR", wanted=(("advance", tranche.ref),), execute_on=TODAY
                )["order"]
                for tranche in picked
            ]
        with acting(member(self.deal, "financier")) as uli:
            for order in orders[1:]:
                paying_out.approve_payment_order(actor=uli, key=key(), order_ref=order)
            paying_out.hand_out_payment_file(actor=uli, key=key(), order_ref=orders[-1])

    def _waived(self, offer: str) -> None:
        """What the seller owes since the slip is long due by then."""
        later = NOW + timedelta(days=60)
        with clock.stopped(later):
            udo = member(self.deal, "underwriter")
        with acting(udo, at=later):
            reason = f"Known for years. {self.canary}{FUNDING}"
            underwriting.waive_check(actor=udo, key=key(), offer_ref=offer, check="seller", reason=reason)

    def _other_money(self, astray: Tranche) -> None:
        """A receipt that nobody can identify, one that was sent back, a sweep; and what went astray."""
        with acting(member(self.deal, "treasury")) as tea:
            waiting, back = (
                treasury.record_unidentified(
                    actor=tea,
                    key=key(),
                    currency="EUR",
                    amount=Decimal("5.00"),
                    received_on=TODAY,
                    bank_reference=f"IN-{self.canary}{FUNDING}-{which}",
                    note=f"Kantine. {self.canary}{FUNDING}",
                )["movement"]
                for which in ("waiting", "back")
            )
            treasury.send_back_receipt(
                actor=tea,
                key=key(),
                receipt_ref=back,
                value_on=TODAY,
                bank_reference=f"BACK-{self.canary}{FUNDING}-{waiting}",
                reason=f"Not ours. {self.canary}{FUNDING}",
            )
            treasury.record_misdirected(
                actor=tea,
                key=key(),
                tranche_ref=astray.ref,
                amount=Decimal("2.00"),
                received_on=TODAY,
                bank_reference=f"ASTRAY-{self.canary}",
            )
            watching.watch_book(actor=tea, key=key(), on=TODAY + timedelta(days=60))
            treasury.record_passed_on(
                actor=tea,
                key=key(),
                tranche_ref=astray.ref,
                amount=Decimal("0.25"),
                received_on=TODAY,
                bank_reference=f"PASSED-{self.canary}{FUNDING}",
            )

    def _slipped(self, tranche: Tranche) -> None:
        """Later than was expected, at the cost of the seller, who has paid a part of that."""
        with acting(member(self.deal, "underwriter")) as udo:
            recourse.postpone_advance(
                actor=udo,
                key=key(),
                tranche_ref=tranche.ref,
                expected_on=TODAY + timedelta(days=60),
                borne_by=Bears.SELLER,
                reason=f"It is late. {self.canary}{FUNDING}",
            )
        with acting(member(self.deal, "treasury")) as tea:
            recourse.record_repayment(
                actor=tea,
                key=key(),
                tranche_ref=tranche.ref,
                amount=Decimal("0.01"),
                received_on=TODAY,
                bank_reference=f"BACK-{self.canary}{FUNDING}",
            )

    def _planned(self, position: int) -> Milestone:
        return scenarios.milestone_of(self.billed, position=position)

    def _verified(self) -> None:
        """Verified, revoked, and verified anew; and the limits that each tenant sets."""
        with acting(member(self.deal, "underwriter")) as udo:
            checked = f"Register extract. {self.canary}{DESK}"
            made = underwriting.verify_buyer(
                actor=udo,
                key=key(),
                buyer_ref=self.deal.buyer.ref,
                checked=checked,
                signatory=self.deal.people["approver"].user.email,
            )
            underwriting.revoke_verification(
                actor=udo, key=key(), verification_ref=made["verification"], reason=f"Out of date. {self.canary}{DESK}"
            )
            underwriting.verify_buyer(actor=udo, key=key(), buyer_ref=self.deal.buyer.ref, checked=checked)

    def _cancelled(self, tranche: Tranche) -> None:
        with acting(member(self.deal, "treasury")) as tea:
            reason = f"The buyer objects. {self.canary}{FUNDING}"
            funding.cancel_tranche(actor=tea, key=key(), tranche_ref=tranche.ref, reason=reason)

    def _requested(self, invoice: Invoice) -> str:
        return self._requested_on(invoice.billed)

    def _requested_on(self, milestone: Milestone) -> str:
        with acting(member(self.deal, "billing")) as bilge:
            return funding.request_funding(
                actor=bilge,
                key=key(),
                milestone_refs=[milestone.ref],
                facility_ref=self.facility_ref,
                note=f"For wages. {self.canary}{FUNDING}",
            )["request"]

    def _priced(self, request: str) -> str:
        line = LineTerms(
            advance_rate=Decimal(85),
            annual_rate=Decimal(12),
            fee_rate=Decimal("0.5"),
            expected_on=TODAY + timedelta(days=30),
        )
        terms = OfferTerms(funding_on=TODAY, lines=(line,))
        with acting(member(self.deal, "analyst")) as ana:
            return funding.price_offer(actor=ana, key=key(), request_ref=request, terms=terms)["offer"]

    def _approved(self, offer: str) -> str:
        with acting(member(self.deal, "underwriter")) as udo:
            return funding.approve_offer(actor=udo, key=key(), offer_ref=offer)["offer"]

    def _taken(self, ref: str) -> Tranche:
        with acting(member(self.deal, "billing")) as bilge:
            seen = Offer.objects.get(ref=ref).disclosure_sha256
            answer = funding.accept_offer(actor=bilge, key=key(), offer_ref=ref, seen=seen)
            return Tranche.objects.get(ref=answer["tranche"])

    def _acknowledged(self, tranche: Tranche) -> None:
        with acting(member(self.deal, "payables")) as paul:
            notice = Assignment.objects.get(tranche_id=tranche.pk)
            funding.acknowledge_assignment(actor=paul, key=key(), assignment_ref=notice.ref, seen=notice.notice_sha256)

    def _paid_out(self, tranche: Tranche) -> None:
        with acting(member(self.deal, "treasury")) as tea:
            reference = f"OUT-{self.canary}{FUNDING}-{tranche.pk}"
            funding.fund_tranche(
                actor=tea, key=key(), tranche_ref=tranche.ref, value_on=TODAY, bank_reference=reference
            )

    def _collected(self, tranche: Tranche, *, more: Decimal = Decimal(0)) -> None:
        with acting(member(self.deal, "treasury")) as tea:
            funding.collect_payment(
                actor=tea,
                key=key(),
                tranche_ref=tranche.ref,
                amount=tranche.face + more,
                received_on=TODAY,
                bank_reference=f"IN-{self.canary}-{tranche.pk}",
            )

    def _settled(self, tranche: Tranche) -> None:
        with acting(member(self.deal, "treasury")) as tea:
            reference = f"RES-{self.canary}-{tranche.pk}"
            funding.pay_reserve(actor=tea, key=key(), tranche_ref=tranche.ref, value_on=TODAY, bank_reference=reference)

    def _exports(self) -> None:
        """Journals: one written, one that failed, one in the making; and accounts of an own chart."""
        with acting(member(self.deal, "billing")) as bilge:
            exporting.set_own_accounts(
                actor=bilge, key=key(), package="xero", accounts={"1000": "090"}, details={"tax_rate": self.canary}
            )
            refs = [
                exporting.request_export(
                    actor=bilge, key=key(), currency="EUR", kind=kind, starts_on=TODAY, ends_on=TODAY
                )["export"]
                for kind in ("csv", "xlsx", "quickbooks")
            ]
            journals.make(export_ref=refs[0])
            with patch.object(journals, "write", side_effect=Refused("The disk is full.")):
                journals.make(export_ref=refs[1])

    def _revenue(self) -> None:
        """Everything recognised, a financing component with its interest, and a month that is being closed."""
        for contract in Contract.objects.using("owner").filter(seller=self.deal.seller, active_version__isnull=False):
            revenue.recognise_revenue(contract_ref=contract.ref, seller_id=self.deal.seller.pk)
        ended = TODAY.replace(day=1) - timedelta(days=1)
        component = Component(
            amount=Decimal(100),
            rate=Decimal(5),
            compounding=Compounding.NONE,
            starts_on=ended - timedelta(days=100),
            ends_on=TODAY + timedelta(days=400),
            is_deferred=True,
        )
        decision = Decision(
            kind=JudgementKind.FINANCING, reason="Late.", effective_on=TODAY, about="Late", component=component
        )
        with acting(member(self.deal, "billing")) as bilge:
            revenue.judge_revenue(actor=bilge, key=key(), contract_ref=self.billed.ref, decision=decision)
        revenue.recognise_revenue(contract_ref=self.billed.ref, seller_id=self.deal.seller.pk, through=ended)
        with acting(member(self.deal, "billing")) as bilge:
            revenue.close_period(actor=bilge, key=key(), through=TODAY.replace(day=1) - timedelta(days=1))

    # --- proofs --------------------------------------------------------------------------------------------------

    def _proofs(self) -> None:
        """Contracts and certificates that are made and one of each that failed; packs, one of them in the making."""
        with walls.asking_for(self.deal.seller.pk):
            self._print(self.proposed, "proposal")
            self._print(self.by_link, "proposal")
            self._print(self.billed, "signed")
            for invoice in (self.invoices[0], self.invoices[-1]):
                printing.make_certificate(submission_ref=self._submission_of(invoice))
            failing = patch.object(press, "pdf", side_effect=press.PangoMissingError)
            with failing, suppress(press.PangoMissingError):
                printing.make_certificate(submission_ref=self._submission_of(self.invoices[1]))
            with failing, suppress(press.PangoMissingError):
                self._print(self.running, "signed")
            opened, lifted = ConfirmedEvent.objects.filter(contract__seller=self.deal.seller).order_by("pk")
            printing.make_event_certificate(event_ref=opened.ref)
            with failing, suppress(press.PangoMissingError):
                printing.make_event_certificate(event_ref=lifted.ref)
            failed, printed = Settlement.objects.filter(contract__seller=self.deal.seller, state="signed")
            printing.make_settlement_paper(settlement_ref=printed.ref)
            with failing, suppress(press.PangoMissingError):
                printing.make_settlement_paper(settlement_ref=failed.ref)
        with acting(member(self.deal, "buyer")) as olga:
            notice = Assignment.objects.filter(revoked_at__isnull=True).earliest("pk")
            proof = funding.ask_assignment_proof(actor=olga, key=key(), assignment_ref=notice.ref)["proof"]
        with walls.asking_for(self.deal.seller.pk):
            assignment_proofs.make(proof_ref=proof)
        for role in ("seller", "buyer"):
            with acting(member(self.deal, role)) as asking:
                asked = proofs.request_pack(actor=asking, key=key(), contract_ref=self.billed.ref)
                making.make(pack_ref=asked["pack"])
                proofs.request_pack(actor=asking, key=key(), contract_ref=self.running.ref)

    def _pack_of_guest(self, grant: GuestGrant) -> None:
        """The pack of what a link decided, asked for behind it."""
        guest = scenarios.guest_actor(grant)
        with acting(guest):
            about = Milestone.objects.get(submissions__ref=grant.subject_ref).ref
            asked = proofs.request_pack(actor=guest, key=key(), contract_ref=self.billed.ref, milestone_ref=about)
        with walls.asking_for(grant.organisation_id):
            making.make(pack_ref=asked["pack"])

    def _print(self, contract: Contract, kind: str) -> None:
        contract_documents.make(version_ref=ContractVersion.objects.get(contract=contract).ref, kind=kind)

    def _hosted(self, ref: str) -> None:
        """An invoice with its page, one with a page that was closed, and questions: one answered, one that waits."""
        closed = self.invoices[1].ref
        with acting(member(self.deal, "billing")) as bilge:
            for each in (ref, closed):
                hosting.renew_invoice_link(actor=bilge, key=key(), invoice_ref=each)
        words = f"Which order? {self.canary}"
        with acting(member(self.deal, "payables")) as petra:
            asked = [
                hosting.ask_about_invoice(actor=petra, key=key(), invoice_ref=each, text=words)
                for each in (ref, closed)
            ]
        with acting(member(self.deal, "billing")) as bilge:
            hosting.answer_about_invoice(actor=bilge, key=key(), question_ref=asked[1]["question"], text=words)
        self.hosted |= {"invoice": self._link_to(ref), "closed": self._link_to(closed)}
        with acting(member(self.deal, "billing")) as bilge:
            hosting.revoke_invoice_link(actor=bilge, key=key(), invoice_ref=closed)

    def _account_letters(self) -> None:
        """A statement of account with its PDF, and one every month."""
        with acting(member(self.deal, "billing")) as bilge:
            account_letters.set_monthly_statements(actor=bilge, key=key(), is_on=True)
            asked = account_letters.send_account_statement(
                actor=bilge,
                key=key(),
                other_ref=self.deal.buyer.ref,
                currency="EUR",
                since=TODAY - timedelta(days=30),
                until=TODAY,
            )
        account_letter_jobs.make_account_letter.func(letter_ref=asked["letter"], organisation_id=self.deal.seller.pk)

    def _link_to(self, invoice_ref: str) -> str:
        return invoicing.token_of(InvoiceLink.objects.using("owner").get(invoice__ref=invoice_ref))

    # --- links ---------------------------------------------------------------------------------------------------

    def _links(self) -> None:
        """One link of each purpose that is live, one that was used, one that died, and an invitation."""
        self.tenant.grants = {
            "sign": self._link(purpose="sign_contract", contract=self.by_link),
            "sign_off": self._link(purpose="sign_off", subject_ref=self.waiting.ref),
            "used": self._link(purpose="sign_off", subject_ref=self._submission_of(self.invoices[0])),
            "revoked": self._link(purpose="sign_off", revoked_at__isnull=False),
        }
        self.tenant.tokens = {
            name: tokens.token_for(purpose="guest_grant", ref=grant.ref) for name, grant in self.tenant.grants.items()
        }
        self.tenant.tokens |= self.hosted
        self._pack_of_guest(self.tenant.grants["used"])
        self.tenant.going_on = [self._going_on(purpose, row) for purpose, row in self._what_goes_on().items()]
        invitation = Invitation.objects.using("owner").get(email=self._mailbox("invited"))
        self.tenant.tokens["invitation"] = tokens.token_for(purpose="invitation", ref=invitation.ref)

    def _what_goes_on(self) -> dict[tuple[str, str], Contract]:
        """Purpose and subject of links to defects, a dispute with a file, a settlement that waits and one on paper, a
        notice of assignment with its proof, events that a contract waits for, an application that waits, and an
        invoice.

        This buyer has an owner, so none was made; each shows the link's own pages to whom they belong.
        """
        mine = {"contract__seller": self.deal.seller}
        reserved = Reservation.objects.using("owner").filter(**mine).select_related("milestone", "contract")[0]
        shown = DisputeFile.objects.using("owner").filter(**mine).select_related("dispute", "contract")[0]
        settled = Settlement.objects.using("owner").select_related("termination", "contract").filter(**mine)
        proven = AssignmentProof.objects.using("owner").select_related("assignment", "contract").get(**mine)
        happened = Contract.objects.using("owner").filter(seller=self.deal.seller, confirmed_events__isnull=False)[0]
        applied = Application.objects.using("owner").select_related("contract").filter(**mine, state="submitted")[0]
        waiting, printed = settled.filter(state="proposed", side="seller")[0], settled.filter(state="signed")[1]
        return {
            ("mend", reserved.milestone.ref): reserved.contract,
            ("dispute", shown.dispute.ref): shown.contract,
            ("settle", waiting.termination.ref): waiting.contract,
            ("settle", printed.termination.ref): printed.contract,
            ("acknowledge", proven.assignment.ref): proven.contract,
            ("confirm_event", happened.ref): happened,
            ("certify", applied.ref): applied.contract,
            ("dispute_invoice", self.invoices[0].ref): Contract.objects.using("owner").get(
                pk=self.invoices[0].contract_id
            ),
        }

    def _going_on(self, what: tuple[str, str], contract: Contract) -> str:
        ref = new_ref()
        token = tokens.token_for(purpose="guest_grant", ref=ref)
        GuestGrant.objects.using("owner").create(
            ref=ref,
            contract_id=contract.pk,
            organisation_id=self.deal.buyer.pk,
            purpose=what[0],
            subject_ref=what[1],
            name=f"Bea Berg {self.canary}",
            email=self._mailbox("approver"),
            token_sha256=tokens.digest_of(token),
            created_at=NOW,
            expires_at=NOW + timedelta(days=30),
        )
        return token

    def _codes(self) -> None:
        """Codes by mail, for a member and for a guest."""
        guest = scenarios.guest_actor(self.tenant.grants["sign_off"])
        for person in (member(self.deal, "seller"), guest):
            with acting(person):
                step_up.send_code(actor=person)

    def _reminder(self) -> None:
        """The buyer was told of the submission that waits, and half of the review is over."""
        clockwork = Actor.system(organisation_id=self.deal.seller.pk)
        with acting(clockwork):
            notices.note_delivery(actor=clockwork, submission_ref=self.waiting.ref, proof=Proof.MAIL, at=NOW)
        with acting(clockwork, at=NOW + timedelta(days=8)):
            reviews.remind_of_review(
                actor=clockwork, key=key(), submission_ref=self.waiting.ref, kind=Reminder.Kind.HALFWAY.value
            )

    def _link(self, **what: object) -> GuestGrant:
        mine = GuestGrant.objects.using("owner").filter(organisation__in=[self.deal.buyer.pk, self.stranger.pk])
        return mine.filter(**what).order_by("-pk")[0]

    def _submission_of(self, invoice: Invoice) -> str:
        return str(Submission.objects.using("owner").get(milestone=invoice.billed, state="accepted").ref)
