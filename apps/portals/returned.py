"""Mails of the seller that came back: what waits for whom because of it, and what to do."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Subquery, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import ContractVersion, GuestGrant, MailFailure, SentMail
from apps.contracts.rules.returned_mail import GIVEN_UP_WITHIN
from apps.financing.models import Assignment
from apps.invoicing.models import AccountLetter, Application, CorrectedInvoice, CreditNote, Invoice
from apps.invoicing.services.arrival import is_known_to_have_arrived
from apps.milestones.models import Milestone, Submission
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.forms import ActionForm
from apps.portals.parts import Need

SHOWN: Final = 8
"""So many mails that came back stand on the first page."""
Failures = Mapping[str, Sequence[MailFailure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """One mail that came back, as the page of what it is about tells it; ``grant`` is the link that can be replaced."""

    failures: Sequence[MailFailure]
    text: str
    grant: str = ""
    form: ActionForm | None = None

    @property
    def mailboxes(self) -> str:
        return _from(self.failures)


def failures_of(actor: Actor, subjects: Iterable[str]) -> Failures:
    """From where the newest mail about each of these came back, by subject."""
    found = defaultdict(list)
    newest = SentMail.objects.filter(subject__in=list(subjects)).newest()
    rows = MailFailure.objects.visible_to(actor).filter(mail__sender_id=actor.organisation_id, mail__in=newest)
    for failure in rows.select_related("mail").order_by("pk"):
        found[failure.mail.subject].append(failure)
    return found


def newest_mail_failed(what: str) -> Exists:
    """Whether the newest mail about a row, known by its reference, came back from somebody: asked with the row."""
    mine = SentMail.objects.filter(subject=Concat(Value(f"{what}:"), OuterRef(OuterRef("ref"))))
    return Exists(MailFailure.objects.filter(mail=Subquery(mine.order_by("-pk").values("pk")[:1])))


def of_submission(actor: Actor, submission: Submission | None) -> list[CameBack]:
    """That the request to sign off came back, while it waits."""
    if submission is None or submission.state != "submitted":
        return []
    subject = f"submission:{submission.ref}"
    failures = failures_of(actor, [subject]).get(subject)
    if not failures:
        return []
    said = (
        _("The review does not run, and silence decides nothing, until the buyer is known to have the request.")
        if submission.came_back_at is not None or submission.notified_at is None
        else _("The review runs on: the buyer is known to have the request, or it stood for a day.")
    )
    text = f"{said} {_where_it_is_wrong()}"
    return [_told(failures, text, actor, action=Action.SUBMIT_MILESTONE, subject_ref=submission.ref)]


def of_version(actor: Actor, version: ContractVersion | None) -> list[CameBack]:
    """That the mail with the contract to be signed came back."""
    if version is None or version.contract.state != "proposed":
        return []
    subject = f"version:{version.ref}"
    failures = failures_of(actor, [subject]).get(subject)
    if not failures:
        return []
    text = _(
        "If the address is right, send the link again. If it is wrong, withdraw the proposal, correct the signatory and"
        " propose it again."
    )
    return [_told(failures, text, actor, action=Action.EDIT_CONTRACT, subject_ref=version.ref)]


def of_document(actor: Actor, subject: str, *, is_owed: bool = True) -> list[CameBack]:
    """That the mail with an invoice, or with what corrects one, came back."""
    failures = failures_of(actor, [subject]).get(subject)
    if not failures:
        return []
    reached = [mailbox for mailbox in failures[0].mail.recipients if mailbox not in {one.mailbox for one in failures}]
    if reached:
        said = _("It did not come back from %(others)s.") % {"others": ", ".join(reached)}
    elif is_owed and is_known_to_have_arrived(subject.partition(":")[2]):
        # By an earlier mail, or its page was opened: this one only came back too.
        said = ""
    else:
        early = any(one.received_at <= one.mail.sent_at + GIVEN_UP_WITHIN for one in failures)
        said = _nobody(is_owed=is_owed and early)
    return [CameBack(failures=failures, text=f"{said} {_where_it_is_wrong()}".strip())]


def _nobody(*, is_owed: bool) -> str:
    if not is_owed:
        return _("Nobody of the buyer is known to have it.")
    return _(
        "Nobody is known to have it: no reminder goes out by schedule, and no interest is claimed, until it arrives."
    )


def _where_it_is_wrong() -> str:
    return _(
        "If the address is right, send it again. If it is wrong, correct it first: the signatory by a change order; the"
        " mailbox for invoices and its people the buyer itself."
    )


def _told(failures: Sequence[MailFailure], text: str, actor: Actor, *, action: Action, subject_ref: str) -> CameBack:
    links = GuestGrant.objects.visible_to(actor).filter(subject_ref=subject_ref, used_at=None, revoked_at=None)
    # The signatory's: whether a colleague to whom it was passed on has it is told to who passed it.
    grant = links.filter(passed_from=None).order_by("-pk").first() if actor.may(action) else None
    form = ActionForm(auto_id="renew_%s") if grant is not None else None
    return CameBack(failures=failures, text=text, grant=grant.ref if grant is not None else "", form=form)


def _from(failures: Sequence[MailFailure]) -> str:
    return ", ".join(one.mailbox for one in failures)


# --- what waits on the first page --------------------------------------------------------------------------------

Place = tuple[str, str]
"""What the mail was about, in words, and where it is."""


def needs(actor: Actor) -> Iterator[Need]:
    """Mails that came back and were not sent again, of what still waits for their reader; the newest first."""
    newest = SentMail.objects.filter(sender_id=actor.organisation_id).newest()
    rows = MailFailure.objects.visible_to(actor).filter(mail__in=newest).select_related("mail__reader")
    by_subject = defaultdict(list)
    for failure in rows.order_by("-pk")[: 10 * SHOWN]:
        by_subject[failure.mail.subject].append(failure)
    places = _places(actor, list(by_subject))
    waiting = [(failures, places[subject]) for subject, failures in by_subject.items() if subject in places]
    for failures, (what, url) in waiting[:SHOWN]:
        yield Need(
            what=_("The mail came back: %(what)s") % {"what": what},
            who=failures[0].mail.reader.legal_name,
            url=url,
            button=_("See what to do"),
            note=_from(failures),
            icon="envelope",
            tone="negative",
        )


def _places(actor: Actor, subjects: Iterable[str]) -> dict[str, Place]:
    refs = defaultdict(list)
    for subject in subjects:
        kind, _sep, ref = subject.partition(":")
        refs[kind].append(ref)
    return {
        f"{kind}:{ref}": place
        for kind, (action, find) in KINDS.items()
        if kind in refs and actor.may(action)
        for ref, place in find(actor, refs[kind])
    }


def _submissions(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    rows = Submission.objects.visible_to(actor).filter(ref__in=refs, state="submitted").select_related("milestone")
    for row in rows:
        yield row.ref, (row.milestone.title, reverse("seller:milestone", args=[row.milestone.ref]))


def _versions(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    rows = ContractVersion.objects.visible_to(actor).filter(ref__in=refs, contract__state="proposed")
    for row in rows.select_related("contract"):
        yield row.ref, (row.contract.title, reverse("seller:contract", args=[row.contract.ref]))


def _invoices(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    for row in Invoice.objects.of_seller(actor).filter(ref__in=refs, open_item__open__gt=0):
        yield row.ref, (row.number, reverse("seller:invoice", args=[row.ref]))


def _credit_notes(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    for row in CreditNote.objects.of_seller(actor).filter(ref__in=refs):
        yield row.ref, (row.number, reverse("seller:credit_note", args=[row.ref]))


def _corrected(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    for row in CorrectedInvoice.objects.of_seller(actor).filter(ref__in=refs):
        yield row.ref, (row.number, reverse("seller:corrected_invoice", args=[row.ref]))


def _applications(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    rows = Application.objects.visible_to(actor).filter(ref__in=refs, contract__seller_id=actor.organisation_id)
    for row in rows.filter(state="submitted").select_related("contract"):
        yield row.ref, (str(row), reverse("seller:application", args=[row.ref]))


def _letters(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    rows = AccountLetter.objects.visible_to(actor).filter(ref__in=refs, seller_id=actor.organisation_id)
    for row in rows.select_related("buyer"):
        url = f"{reverse('seller:account_statement', args=[row.buyer.ref])}?currency={row.currency}"
        yield row.ref, (str(_("Statement of account")), url)


def _assignments(actor: Actor, refs: Sequence[str]) -> Iterator[tuple[str, Place]]:
    waiting = Assignment.objects.visible_to(actor).filter(ref__in=refs, acknowledged_at=None, waived_at=None)
    for row in waiting.filter(revoked_at=None).select_related("milestone"):
        about: Milestone = row.milestone
        said = _("Notice of assignment: %(title)s") % {"title": about.title}
        yield row.ref, (said, reverse("seller:milestone", args=[about.ref]))


Find = Callable[[Actor, Sequence[str]], Iterator[tuple[str, Place]]]
KINDS: Final[Mapping[str, tuple[Action, Find]]] = {
    "submission": (Action.SUBMIT_MILESTONE, _submissions),
    "version": (Action.EDIT_CONTRACT, _versions),
    "invoice": (Action.RECORD_PAYMENT, _invoices),
    "credit_note": (Action.RECORD_PAYMENT, _credit_notes),
    "corrected_invoice": (Action.RECORD_PAYMENT, _corrected),
    "application": (Action.RECORD_PAYMENT, _applications),
    "account_letter": (Action.RECORD_PAYMENT, _letters),
    "assignment": (Action.REQUEST_FUNDING, _assignments),
}
