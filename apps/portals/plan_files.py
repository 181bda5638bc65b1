"""The plan of a version as a file: what seller, buyer and guest take away of it."""

from django.http import HttpResponse
from django.utils.translation import get_language

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.contracts.rules.schedule import written_schedule
from apps.portals import spreadsheets


def plan_file(version: ContractVersion, *, kind: str) -> HttpResponse:
    """The plan as ``csv`` or ``xlsx``, with the names of its columns in the reader's language; of several the one in
    force, or the base plan while none is."""
    version = contracts.plan_in_force(version)
    draft = contracts.as_draft(version)
    amounts = [line.amount for line in version.lines.all()]
    rows = written_schedule(draft.lines, amounts=amounts, language=(get_language() or "en").split("-")[0])
    return spreadsheets.written(rows, kind=kind, name=f"{draft.number}-v{version.number}-plan")
