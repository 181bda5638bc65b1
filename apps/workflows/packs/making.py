"""The making of a pack by a job: collected, zipped, stored once."""

import tempfile
import time
from collections.abc import Callable
from typing import Final

from django.core.files.base import File
from django.core.files.storage import default_storage

from apps.core import canonical, made
from apps.core.errors import Refused
from apps.core.made import Kept, MadeState
from apps.workflows.models import EvidencePack
from apps.workflows.packs import collecting, zipping

PROGRESS_EVERY: Final = 0.5
"""Seconds between two notes of how far a pack is."""


def make(*, pack_ref: str) -> None:
    """Make a pack; nothing happens if it is there. What cannot be packed is said on the pack, and not tried again."""
    try:
        made.make(_locked(pack_ref), work=_packed)
    except Refused:
        return


def _locked(pack_ref: str) -> Callable[[], EvidencePack]:
    packs = EvidencePack.objects.select_related("contract", "milestone").select_for_update(of=("self",))
    return lambda: packs.all().get(ref=pack_ref)


def _packed(pack: EvidencePack) -> Kept:
    contents = collecting.of_pack(pack)
    row = EvidencePack.objects.filter(pk=pack.pk, state=MadeState.MAKING)
    row.update(position=contents.position, lacks=len(contents.missing), done_files=0, all_files=zipping.count(contents))
    told = time.monotonic()

    def progress(files: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_EVERY:
            told = time.monotonic()
            row.update(done_files=files)

    with tempfile.TemporaryFile() as file:
        zipping.write(contents, to=file, progress=progress)
        size = file.tell()
        file.seek(0)
        sha256 = canonical.sha256_of(file)
        file.seek(0)
        name = f"packs/{pack.ref}/{sha256}.zip"
        # Half a file, left by a worker that was killed.
        default_storage.delete(name)
        stored_as = default_storage.save(name, File(file))
    return Kept(stored_as, size, sha256)
