"""Sign a milestone off with reservations: the list of defects, then the statement with its figures, then the sign-off.

One flow for members and for guests. The first POST shows what would be signed, one with ``sign`` signs it, one with
``change`` goes back to the list, one with ``more`` gives it room.
"""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.core import clock, money
from apps.core.errors import Refused, Stale
from apps.core.spoken import Said
from apps.invoicing.services.reserved import check_withholdable
from apps.milestones import services as milestones
from apps.milestones.models import Submission
from apps.milestones.services import Defect
from apps.portals import interrupted
from apps.portals.access import PortalRequest
from apps.portals.buyer import cycles, step_up
from apps.portals.buyer.cycles import SubmissionReading
from apps.portals.buyer.deciding import changes_since, reread, too_late
from apps.portals.buyer.differences import Change
from apps.portals.buyer.pages import Crumbs, page, tell, why_not_sign_off
from apps.portals.buyer.ways import Way
from apps.portals.forms import show_anew
from apps.portals.invoice_to_come import InvoiceToCome
from apps.portals.reserving.forms import ROWS, ReserveForm
from apps.workflows import reserving
from apps.workflows.once import Answer


def accept_with_reservations(
    request: PortalRequest, submission: Submission, *, way: Way, crumbs: Crumbs
) -> HttpResponse:
    """List the defects, check what is signed, sign it."""
    reading, sent = reread(request, submission, way=way)
    if not reading.is_pending:
        return redirect(reading.page_url)
    criteria = [row.criterion for row in reading.criteria]
    asks = step_up.asked_of(request, reading.milestone)
    listed = reading.first.listed if reading.first is not None else []
    form = ReserveForm(criteria=criteria, initial={"seen": reading.submission.sha256}, listed=listed)
    interrupted.give_back(request, form)
    is_code_sent = False
    changes: list[Change] = []
    statement: Said | None = None
    to_come: InvoiceToCome | None = None
    defects: list[Defect] = []
    if request.method == "POST" and "more" in request.POST:
        form = ReserveForm(request.POST, criteria=criteria, more=ROWS)
        form.is_valid()
        form.errors.clear()
    elif request.method == "POST":
        needs_code = asks.by_code and "sign" in request.POST
        form = ReserveForm(request.POST, criteria=criteria, needs_code=needs_code)
        try:
            if form.is_filled and "change" not in request.POST:
                defects = milestones.checked_defects(reading.submission, defects=form.defects(), at=clock.now())
                to_come = _to_come(reading, defects)
                statement = _statement(reading, defects)
                if step_up.wants_code(request):
                    is_code_sent = asks.send_new_code(request)
                elif step_up.goes_elsewhere(request):
                    interrupted.keep(request, form)
                    return redirect(asks.elsewhere or request.get_full_path())
                elif "sign" in request.POST and form.is_valid():
                    asks.prove(request, form)
                    done = reserving.accept_with_reservations(
                        actor=request.actor,
                        key=form.cleaned_data["key"],
                        submission_ref=submission.ref,
                        seen=form.cleaned_data["seen"],
                        defects=form.defects(),
                        comment=form.cleaned_data["comment"],
                    )
                    tell(request, _told(done))
                    return redirect(reading.page_url)
        except Refused as refused:
            if isinstance(refused, Stale):
                changes = changes_since(sent, reading.submission, seen=form.cleaned_data["seen"])
                show_anew(form, seen=reading.submission.sha256)
            form.refuse(refused)
            reading, _sent = reread(request, submission, way=way)
            if not reading.is_pending:
                return too_late(request, refused, reading)
    return page(
        request,
        "confirm_reservations" if statement is not None and form.is_filled else "accept_with_reservations",
        {
            "reading": reading,
            "crumbs": crumbs,
            "defects": defects,
            "withheld": money.total(one.amount for one in defects),
            "statement": statement,
            "to_come": to_come or reading.to_come,
            "why_not": why_not_sign_off(request, reading.milestone) or reading.part_not_yet,
            "asks": asks,
            "is_code_sent": is_code_sent,
            "changes": changes,
        },
        zone=reading.zone,
        form=form,
    )


def _to_come(reading: SubmissionReading, defects: Sequence[Defect]) -> InvoiceToCome:
    """The invoice that would be issued; refused before anything is signed where more is withheld than is payable."""
    if reading.version.is_by_application:
        return reading.to_come
    to_come = cycles.under(reading, defects)
    if to_come.payable < 0:
        check_withholdable(
            [one.amount for one in defects if one.amount], milestone=reading.milestone, contract=reading.contract
        )
    return to_come


def _statement(reading: SubmissionReading, defects: Sequence[Defect]) -> Said:
    """What the button agrees to: the acceptance, or the first of two."""
    if reading.is_first:
        return milestones.first_reserving_statement(reading.submission, defects=defects)
    return milestones.reserving_statement(reading.submission, defects=defects)


def _told(done: Answer) -> str:
    if "first_acceptance" in done:
        return _("You accepted it with reservations as the first of two. Your colleague is asked, and sees your list.")
    return _("You signed it off with reservations. The seller mends what you listed.")
