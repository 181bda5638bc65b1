"""What changed since the last time, in brief: a new version of a contract, a milestone that is submitted again."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.contracts import exemption_wording
from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.milestones import services as milestones
from apps.milestones.models import Decision, Submission
from apps.workflows.mails.letter import Text

Line = dict[str, Any]
"""A term with ``before`` and ``after``: amounts where there is a ``currency``, else values; or a ``word`` alone."""


def before(version: ContractVersion) -> ContractVersion | None:
    """The version of the same contract that was proposed last before this one."""
    earlier = ContractVersion.objects.filter(
        contract_id=version.contract_id, number__lt=version.number, proposed_at__isnull=False
    )
    return earlier.prefetch_related("lines__criteria").order_by("-number").first()


def of_terms(old: ContractVersion, new: ContractVersion, *, currency: str) -> list[Line]:
    """The terms that differ; texts are named, not repeated, since the contract itself shows them word by word."""
    lines: list[Line] = []
    if old.price != new.price:
        lines.append(_changed(_("Price, net of tax"), old.price, new.price, currency))
    for term, was, now in (
        (_("Days to pay"), old.payment_days, new.payment_days),
        (_("Days to pay count"), old.get_payment_basis_display(), new.get_payment_basis_display()),
        (_("Invoices are issued by"), old.get_bills_by_display(), new.get_bills_by_display()),
        (_("Days to review"), old.review_days, new.review_days),
        (_("Tax rate in percent"), f"{old.tax_rate.normalize():f}", f"{new.tax_rate.normalize():f}"),
        (_("Why it bears no tax"), _why(old), _why(new)),
        (_("Days of notice of termination"), old.notice_days, new.notice_days),
        (_("Governing law"), old.governing_law or "–", new.governing_law or "–"),
        (_("Days that count"), old.get_review_unit_display(), new.get_review_unit_display()),
        (_("If the buyer says nothing"), old.get_silence_display(), new.get_silence_display()),
    ):
        if was != now:
            lines.append(_changed(term, was, now))
    if old.tax_category != new.tax_category:
        lines.append(_changed(_("Tax"), old.get_tax_category_display(), new.get_tax_category_display()))
    if old.is_assignable != new.is_assignable:
        lines.append(
            _word(_("Assignment of invoices"), _("allowed now") if new.is_assignable else _("not allowed now"))
        )
    if old.partial_acceptance != new.partial_acceptance:
        lines.append(
            _word(_("Acceptance in part"), _("allowed now") if new.partial_acceptance else _("not allowed now"))
        )
    lines += _of_steps(old, new, currency=currency)
    if old.retention != new.retention:
        lines.append(_word(_("Retention"), _("changed")))
    if old.late_payment != new.late_payment:
        lines.append(_word(_("Late payment"), _("changed")))
    if old.payment_documents != new.payment_documents:
        lines.append(_word(_("Documents before payment"), _("changed")))
    if old.charges != new.charges:
        lines.append(_word(_("Damages, bonuses and back-charges"), _("changed")))
    lines += _of_plan(old, new, currency=currency)
    if contracts.paper_of(old).options != contracts.paper_of(new).options:
        lines.append(_word(_("Plans to pick from"), _("changed")))
    if old.terms != new.terms:
        lines.append(_word(_("Further terms"), _("changed")))
    return lines


def _why(version: ContractVersion) -> str:
    return exemption_wording.agreed(version.exemption_code, version.exemption_reason) or "–"


def _of_steps(old: ContractVersion, new: ContractVersion, *, currency: str) -> list[Line]:
    lines: list[Line] = []
    if old.question_suspensions != new.question_suspensions:
        was, now = old.question_suspensions, new.question_suspensions
        lines.append(_changed(_("Questions that stop the review clock"), was, now))
    if old.needs_inspection != new.needs_inspection:
        word = _("needed now") if new.needs_inspection else _("not needed now")
        lines.append(_word(_("Inspection before acceptance"), word))
    was_above, above = old.second_acceptor_above, new.second_acceptor_above
    if was_above != above:
        one = _("one person is enough")
        if was_above is not None and above is not None:
            lines.append(_changed(_("Two people accept above"), was_above, above, currency))
        else:
            lines.append(_word(_("Two people accept large milestones"), one if above is None else _("new")))
    return lines


def _of_plan(old: ContractVersion, new: ContractVersion, *, currency: str) -> list[Line]:
    was, now = ({line.title: line for line in version.lines.all()} for version in (old, new))
    lines = [_word(title, _("left out")) for title in was if title not in now]
    for title, line in now.items():
        if title not in was:
            lines.append(_word(title, _("new")))
            continue
        if was[title].amount != line.amount:
            lines.append(_changed(title, was[title].amount, line.amount, currency))
        if (was[title].kind, was[title].due) != (line.kind, line.due):
            lines.append(_word(title, _("billed at another time, or more or less often")))
        if was[title].scope != line.scope or _criteria(was[title]) != _criteria(line):
            lines.append(_word(title, _("scope or criteria changed")))
        if was[title].own != line.own:
            lines.append(_word(title, _("own terms changed")))
    return lines


def _criteria(line: Any) -> list[tuple[str, bool, str]]:
    return [
        (one.text, one.needs_evidence, one.nature) for one in sorted(line.criteria.all(), key=lambda one: one.position)
    ]


def said_before(submission: Submission) -> dict[str, object]:
    """What the buyer found missing and wrote the last time: of this milestone, or of the part of which it is the rest
    (``before``). Of an acceptance that was withdrawn, the reason says it.
    """
    decisions = Decision.objects.filter(
        submission__milestone_id=submission.milestone_id, submission__number__lt=submission.number
    ).prefetch_related("verdicts__criterion")
    said = decisions.order_by("-submission__number").first() if submission.number > 1 else None
    before = milestones.part_before(submission.milestone) if said is None else None
    if before is not None and before.withdrawn is None:
        said = before.decision
    verdicts = sorted(said.verdicts.all(), key=lambda one: one.criterion.position) if said is not None else []
    return {
        "before": before,
        "crossed": [one for one in verdicts if not one.is_passed],
        "wrote": said.comment if said is not None else "",
    }


def _changed(term: Text, was: Any, now: Any, currency: str = "") -> Line:
    return {"term": term, "before": was, "after": now, "currency": currency}


def _word(term: Text, word: Text) -> Line:
    return {"term": term, "word": word}
