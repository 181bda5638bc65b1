"""The plan of a version as a file: what seller, buyer and guest take away of it."""

from django.http import HttpResponse
from django.utils.translation import get_language

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.contracts.rules.schedule import WrittenOption, written_schedule
from apps.portals import spreadsheets


def plan_file(version: ContractVersion, *, kind: str) -> HttpResponse:
    """The plan as ``csv`` or ``xlsx``, with the names of its columns in the reader's language; of several the one in
    force, or all that are offered while none is, the base plan first."""
    version = contracts.plan_in_force(version)
    draft = contracts.as_draft(version)
    is_picked = version.contract.active_version_id == version.pk
    offered = () if is_picked else version.options().prefetch_related("lines")
    options = [
        WrittenOption(option, [line.amount for line in plan.lines.all()])
        for option, plan in zip(draft.options, offered, strict=False)
    ]
    rows = written_schedule(
        draft.lines,
        amounts=[line.amount for line in version.lines.all()],
        language=(get_language() or "en").split("-")[0],
        plan_name=draft.plan_name,
        options=options,
    )
    return spreadsheets.written(rows, kind=kind, name=f"{draft.number}-v{version.number}-plan")
