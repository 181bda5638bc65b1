"""veraPDF, where the machine has it: whether a PDF is PDF/A-3a and PDF/UA-1 by the checker that archives use.

No package registry of this project carries it (it is a Java program with an installer of its own), so nothing depends
on it: where ``verapdf`` is in the path, ``check_documents`` asks it too.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lxml import etree

PROGRAM: Final = "verapdf"
FLAVOURS: Final = {"3a": "PDF/A-3a", "ua1": "PDF/UA-1"}
SECONDS: Final = 120
MOST: Final = 20
"""Broken rules that are told of one file."""


def program() -> str | None:
    """Where the checker is; None where there is none."""
    return shutil.which(PROGRAM)


def findings(pdf: bytes) -> list[str]:
    """The rules that the file breaks; empty when it keeps all, or when nobody is there to ask."""
    found = program()
    if found is None:
        return []
    with TemporaryDirectory(prefix="verapdf-") as folder:
        file = Path(folder) / "document.pdf"
        file.write_bytes(pdf)
        return [finding for flavour in FLAVOURS for finding in _asked(found, file, flavour)]


def _asked(found: str, file: Path, flavour: str) -> Iterator[str]:
    name = FLAVOURS[flavour]
    try:
        run = subprocess.run(  # noqa: S603  the checker that the operator installed, on a file of our own
            [found, "--format", "xml", "--flavour", flavour, str(file)],
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
        report = etree.fromstring(run.stdout, etree.XMLParser(resolve_entities=False, no_network=True))
    except (subprocess.TimeoutExpired, etree.XMLSyntaxError, OSError) as error:
        yield f"{PROGRAM} gave no answer on {name}: {error}"
        return
    verdict = next(report.iter("validationReport"), None)
    if verdict is None:
        yield f"{PROGRAM} could not read the file as {name}"
    elif verdict.get("isCompliant") != "true":
        broken = [rule for rule in verdict.iter("rule") if rule.get("status") == "failed"]
        for rule in broken[:MOST]:
            words = " ".join(rule.findtext("description", "").split())
            yield f"{name} {rule.get('clause', '')}-{rule.get('testNumber', '')}: {words}"
        if not broken:
            yield f"it is not {name}, says {PROGRAM}"
