"""What a financier decides on: what was agreed, what was delivered, who signed it off, and what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts import wording
from apps.contracts.models import ContractDocument, Criterion, Signature
from apps.financing.models import Collection, FundingRequest, RequestItem, Tranche
from apps.financing.rules.expectation import LATE_SHARE, History, percentile
from apps.invoicing.models import Invoice
from apps.milestones.models import Certificate, CriterionNote, Decision, EvidenceFile, Milestone, Submission, Verdict
from apps.parties.actor import Actor
from apps.portals.parts import Fact, File


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion: what the seller said of it, and what the buyer decided."""

    text: str
    state: str
    said: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One milestone that is asked for: how it stands with the buyer, and what is or will be owed for it."""

    milestone: Milestone
    submission: Submission | None
    decision: Decision | None
    criteria: list[Judged]
    facts: list[Fact]


def of_request(
    actor: Actor, request: FundingRequest, items: Sequence[RequestItem], *, history: History
) -> dict[str, Any]:
    """Everything that stands behind a request, in a number of queries that does not grow with it."""
    milestones = [item.milestone for item in items]
    submissions = [one.accepted_submission for one in milestones if one.accepted_submission is not None]
    return {
        "contract_facts": _contract_facts(request),
        "signatures": list(
            Signature.objects.visible_to(actor)
            .filter(version_id=_signed(request))
            .select_related("organisation")
            .order_by("signed_at")
        ),
        "milestones": list(Milestone.objects.visible_to(actor).filter(contract=request.contract)),
        "asked": {milestone.pk for milestone in milestones},
        "subjects": _subjects(actor, items, submissions),
        "files": [*_contract_files(actor, request), *_files(actor, milestones, submissions)],
        "record": track_record(actor, request, history=history),
    }


def _signed(request: FundingRequest) -> int | None:
    """The version that both sides signed; which of its plans is in force does not matter."""
    version = request.contract.active_version
    return (version.option_of_id or version.pk) if version is not None else None


def _subjects(actor: Actor, items: Sequence[RequestItem], submissions: list[Submission]) -> list[Subject]:
    decisions = {
        one.submission_id: one for one in Decision.objects.visible_to(actor).filter(submission__in=submissions)
    }
    notes = {
        (note.submission_id, note.criterion_id): note
        for note in CriterionNote.objects.visible_to(actor).filter(submission__in=submissions)
    }
    verdicts = {
        (one.decision_id, one.criterion_id): one
        for one in Verdict.objects.visible_to(actor).filter(decision__in=decisions.values())
    }

    def judged(criterion: Criterion, submission: Submission | None, decision: Decision | None) -> Judged:
        verdict = verdicts.get((decision.pk, criterion.pk)) if decision else None
        note = notes.get((submission.pk, criterion.pk)) if submission else None
        # Whoever accepts the whole without a word on a criterion has accepted the criterion.
        accepted = decision is not None and decision.is_acceptance
        passed = verdict.is_passed if verdict else accepted
        return Judged(
            text=criterion.text,
            state="met" if passed else "not_met" if verdict else "open",
            said=note.note if note else "",
            reason=verdict.reason if verdict else "",
        )

    found = []
    for item in items:
        submission = item.milestone.accepted_submission
        decision = decisions.get(submission.pk) if submission is not None else None
        found.append(
            Subject(
                milestone=item.milestone,
                submission=submission,
                decision=decision,
                criteria=[judged(one, submission, decision) for one in item.milestone.line.criteria.all()],
                facts=_owed_facts(item),
            )
        )
    return found


def _contract_facts(request: FundingRequest) -> list[Fact]:
    contract, version = request.contract, request.contract.active_version
    facts = [Fact(term=_("Contract"), value=f"{contract.number} {contract.title}")]
    if version is None:
        return facts
    return [
        *facts,
        Fact(term=_("Price, net"), amount=version.price, currency=contract.currency),
        Fact(term=_("Payment"), value=wording.payment(version.payment_days, version.payment_basis)),
        Fact(term=_("Receivables may be assigned"), value=_("yes") if version.is_assignable else _("no")),
        Fact(term=_("Governing law"), value=version.governing_law),
        Fact(term=_("Signs off for the buyer"), value=f"{version.signatory_name}, {version.signatory_email}"),
    ]


def _owed_facts(item: RequestItem) -> list[Fact]:
    milestone, currency = item.milestone, item.milestone.currency
    invoice: Invoice | None = getattr(milestone, "invoice", None)
    if invoice is None:
        own = wording.own_terms(milestone.line.own)
        return [
            Fact(term=_("Invoice"), value=_("not before acceptance")),
            Fact(term=_("Planned"), on=milestone.planned_on),
            Fact(term=_("Net"), amount=milestone.amount, currency=currency),
            Fact(term=_("What the invoice will come to"), amount=item.face, currency=currency, is_total=True),
            *([Fact(term=_("Own terms"), value=" ".join(own))] if own else []),
        ]
    return [
        Fact(term=_("Invoice"), value=invoice.number),
        Fact(term=_("Issued"), on=invoice.issued_on),
        Fact(term=_("Due"), on=invoice.open_item.due_on),
        Fact(term=_("Net"), amount=invoice.net, currency=currency),
        Fact(term=_("Tax"), amount=invoice.tax, currency=currency),
        Fact(term=_("Total"), amount=invoice.gross, currency=currency, is_total=True),
        Fact(term=_("Open"), amount=invoice.open_item.open, currency=currency),
    ]


def invoice_files(invoice: Invoice) -> list[File]:
    """The invoice as its parties have it: PDF, and the XML inside it where there is one."""
    document, number = getattr(invoice, "document", None), {"number": invoice.number}
    if document is None or document.state != "ready":
        return [File(name=_("Invoice %(number)s, being prepared") % number, url="", icon="file-earmark-pdf")]
    pdf = File(
        name=_("Invoice %(number)s.pdf") % number,
        url=reverse("admin:invoice_pdf", args=[invoice.ref]),
        size=document.size,
        sha256=document.sha256,
        icon="file-earmark-pdf",
    )
    if not document.has_xml:
        return [pdf]
    xml = File(
        name=_("Invoice %(number)s.xml") % number,
        url=reverse("admin:invoice_xml", args=[invoice.ref]),
        size=document.xml_size,
        sha256=document.xml_sha256,
        icon="file-earmark-code",
    )
    return [pdf, xml]


def _files(actor: Actor, milestones: Sequence[Milestone], submissions: list[Submission]) -> list[File]:
    invoices = [one.invoice for one in milestones if hasattr(one, "invoice")]
    evidence = EvidenceFile.objects.visible_to(actor).filter(submission__in=submissions).order_by("pk")
    return [
        *(file for invoice in invoices for file in invoice_files(invoice)),
        *_certificates(actor, submissions),
        *(
            File(
                name=file.name,
                url=reverse("admin:evidence", args=[file.ref]),
                size=file.size,
                sha256=file.sha256,
            )
            for file in evidence
        ),
    ]


def _certificates(actor: Actor, submissions: list[Submission]) -> list[File]:
    """The certificates of acceptance that are made."""
    found = Certificate.objects.visible_to(actor).filter(decision__submission__in=submissions, state="ready")
    return [
        File(
            name=_("Certificate of acceptance"),
            url=reverse("admin:certificate", args=[one.ref]),
            size=one.size,
            sha256=one.sha256,
            icon="file-earmark-pdf",
        )
        for one in found.order_by("pk")
    ]


def _contract_files(actor: Actor, request: FundingRequest) -> list[File]:
    """The contract as both sides signed it, once its PDF is made."""
    found = ContractDocument.objects.visible_to(actor).filter(
        version_id=_signed(request), kind=ContractDocument.Kind.SIGNED, state="ready"
    )
    return [
        File(
            name=_("Contract %(number)s.pdf") % {"number": request.contract.number},
            url=reverse("admin:contract_pdf", args=[one.ref]),
            size=one.size,
            sha256=one.sha256,
            icon="file-earmark-pdf",
        )
        for one in found
    ]


def track_record(actor: Actor, request: FundingRequest, *, history: History) -> list[Fact]:
    """How this seller's advances and this buyer's payments went before, in the financier's own book."""
    book = Tranche.objects.visible_to(actor).filter(financier_id=actor.organisation_id)
    funded = book.filter(seller=request.seller_id, funded_on__isnull=False).aggregate(
        all=Count("pk"), settled=Count("settled_on")
    )
    late = ExpressionWrapper(F("collected_on") - F("tranche__expected_on"), output_field=DurationField())
    paid = (
        Collection.objects.visible_to(actor)
        .filter(tranche__financier_id=actor.organisation_id, tranche__buyer=request.contract.buyer_id)
        .aggregate(count=Count("pk"), mean=Avg(late), worst=Max(late))
    )
    facts = [
        Fact(
            term=_("Advances to this seller"),
            value=_("%(all)s, of which %(settled)s settled") % {"all": funded["all"], "settled": funded["settled"]},
        ),
        *_slips(history),
    ]
    if not paid["count"]:
        return [*facts, Fact(term=_("Payments by this buyer"), value=_("none yet"))]
    return [
        *facts,
        Fact(term=_("Payments by this buyer"), value=str(paid["count"])),
        Fact(term=_("On average"), value=_lateness(round(paid["mean"].total_seconds() / 86400))),
        Fact(term=_("At worst"), value=_lateness(paid["worst"].days)),
    ]


def _slips(history: History) -> list[Fact]:
    """By how much this seller's milestones were submitted after they were planned, in every contract seen here."""
    days = sorted(history.slips)
    if not days:
        return [Fact(term=_("Milestones of this seller"), value=_("none accepted yet that had a date"))]
    return [
        Fact(term=_("Milestones of this seller"), value=str(len(days))),
        Fact(term=_("Submitted, on average"), value=_slip(round(sum(days) / len(days)))),
        Fact(term=_("Submitted, four of five"), value=_slip(percentile(days, share=LATE_SHARE))),
        Fact(term=_("Submitted, at worst"), value=_slip(days[-1])),
    ]


def _slip(days: int) -> str:
    if days == 0:
        return _("on the day planned")
    return _lateness(days)


def _lateness(days: int) -> str:
    if days == 0:
        return _("on the day expected")
    count = abs(days)
    if days > 0:
        return ngettext("%(count)s day late", "%(count)s days late", count) % {"count": count}
    return ngettext("%(count)s day early", "%(count)s days early", count) % {"count": count}
