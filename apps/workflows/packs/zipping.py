"""The ZIP file of a pack: in a fixed order, with fixed times, so that the same record makes the same bytes."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.storage import default_storage

from apps.core.errors import Refused
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents, Part

FORMAT: Final = "cairn-pack-2"
VERIFIER: Final = Path(settings.BASE_DIR) / "tools" / "verify_pack.py"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive: the earliest that ZIP knows. When things happened is told inside."""
CHUNK: Final = 1024 * 1024
PACKED: Final = frozenset({"pdf", "png", "jpg", "jpeg", "webp", "gif", "docx", "xlsx", "pptx", "odt", "zip"})
"""What is compressed already."""
README: Final = """\
Evidence pack of contract {number} "{title}"
{seller} and {buyer}, as of {as_of}, made for the {side}

To verify it, with Python 3.9 or newer and nothing else:

    python verify_pack.py PACK.zip

The program computes every SHA-256 again, follows the audit chain, compares what was signed, shown, decided and billed
with it, and says what is proven and what is not. A copy of it is in this archive; if it matters, take it from Cairn's
public source instead, because whoever changes a pack can change the copy too.

MANIFEST.json   every file with its kind, size and SHA-256; the head of the audit chain
SHA256SUMS      the same hashes, for sha256sum --check
audit/          the audit chain of the contract, one entry a line: sha256 = SHA-256(previous + text); and of the entries
                that are the {side}'s own, or addressed to it, who acted and from where, as the chain has a hash of it
contract/       each proposed version, byte for byte as it was signed, and its signatures; the signed one as PDF;
                of a contract that was terminated the settlement that both sides signed, as text and as PDF
milestones/     each submission, byte for byte as it was shown, what was decided of it, the certificate of acceptance;
                what was said since of the defects under which it was accepted
disputes/       each dispute: what either side said and showed, the outcomes that were proposed, how it ended
evidence/       the files that submissions and disputes name, each called by its SHA-256; links that they name stand
                in MANIFEST.json, by title and address: what stands there now may be something else
invoices/       each invoice: its content, the PDF, the XML inside it
"""

Progress = Callable[[int], None]


def write(contents: Contents, *, to: IO[bytes], progress: Progress) -> None:
    """Write the archive; ``progress`` hears how many files are in it.

    Refused when there is more in it than a pack may have, or when a stored file is not what the record says.
    """
    if contents.size > settings.PACK_MAX_BYTES:
        raise Refused(
            "The pack would be larger than {most} MB. Ask for the packs of single milestones instead.",
            most=settings.PACK_MAX_BYTES // CHUNK,
        )
    listed = _with_words(contents)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for number, part in enumerate(listed, start=1):
            _add(archive, part)
            progress(number)


def count(contents: Contents) -> int:
    """How many files the archive will have."""
    return len(contents.parts) + 4


def _with_words(contents: Contents) -> list[Part]:
    """The files in their order: what a reader opens first, the record, and at last what lists them all."""
    readme = README.format(**contents.about["contract"], **contents.about["for"], as_of=contents.about["as_of"])
    first = [
        parts.text("README.txt", "readme", readme),
        parts.text("verify_pack.py", "verifier", VERIFIER.read_text(encoding="utf-8")),
    ]
    files = [*first, *sorted(contents.parts, key=lambda part: part.name)]
    manifest: dict[str, Any] = {
        "format": FORMAT,
        **contents.about,
        "missing": contents.missing,
        **({"links": contents.links} if contents.links else {}),
        "files": [part.listed for part in files],
    }
    written = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    files.append(parts.text("MANIFEST.json", "manifest", written))
    sums = "".join(f"{part.sha256}  {part.name}\n" for part in files)
    return [*files, parts.text("SHA256SUMS", "sums", sums)]


def _add(archive: zipfile.ZipFile, part: Part) -> None:
    info = zipfile.ZipInfo(part.name, date_time=EPOCH)
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    is_packed = part.name.rpartition(".")[2] in PACKED
    info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    info.file_size = part.size
    with archive.open(info, "w") as writing:
        if part.stored_as:
            _copy(part, writing)
        else:
            writing.write(part.content)


def _copy(part: Part, writing: IO[bytes]) -> None:
    digest = hashlib.sha256()
    try:
        with default_storage.open(part.stored_as) as reading:
            while piece := reading.read(CHUNK):
                digest.update(piece)
                writing.write(piece)
    except FileNotFoundError:
        raise Refused("The stored file of {name} is not there. Restore it from a backup.", name=part.name) from None
    if digest.hexdigest() != part.sha256:
        raise Refused("The stored file of {name} is not what the record says. Nothing was packed.", name=part.name)
