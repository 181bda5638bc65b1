"""What a side shows for what it says: files, stored as evidence of a submission is, and never taken back."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.errors import Refused
from apps.milestones import rules
from apps.milestones.evidence import StoredFile
from apps.milestones.models.shown_file import ShownFile
from apps.milestones.services.quota import check_quota
from apps.parties.actor import Actor

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

F = TypeVar("F", bound=ShownFile)


class Tell(Protocol):
    """Writes into the trail of what it is shown of that there is a file."""

    def __call__(self, *, actor: Actor, at: datetime, file: str, name_sha256: str, size: int, sha256: str) -> None: ...


def show(
    files: "RelatedManager[F]",
    *,
    contract: Contract,
    side: str,
    stored: StoredFile,
    actor: Actor,
    at: datetime,
    tell: Tell,
) -> F:
    """Add a stored file to the ``files`` of what it is shown of. The same bytes under the same name are there once."""
    known = list(files.filter(side=side))
    same = next((one for one in known if (one.name, one.sha256) == (stored.name, stored.sha256)), None)
    if same is not None:
        return same
    if len(known) >= rules.MOST_FILES:
        raise Refused("Each side attaches at most {most} files.", field="file", most=rules.MOST_FILES)
    check_quota(contracts.organisation_of(contract, side=side), size=stored.size)
    file = files.create(
        contract=contract,
        side=side,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=stored.name,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        uploaded_at=at,
    )
    name_sha256 = canonical.sha256(file.name)
    tell(actor=actor, at=at, file=file.ref, name_sha256=name_sha256, size=file.size, sha256=file.sha256)
    return file
