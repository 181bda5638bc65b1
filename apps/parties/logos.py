"""Where logos are kept: in the private store, each under the hash of its bytes, which documents and pages name."""

from base64 import b64encode
from typing import Final

from django.core.files.storage import default_storage

from apps.core import canonical
from apps.core.printing import shelf

FOLDER: Final = "logos"


def put(png: bytes) -> str:
    """Keep a picture; the answer is its SHA-256."""
    shelf.put(FOLDER, png, ending="png")
    return canonical.sha256(png)


def content(sha256: str) -> bytes:
    """The picture. One that is not what its name says is a ``ValueError``: no document is made with it."""
    with default_storage.open(f"{FOLDER}/{sha256}.png") as stored:
        png: bytes = stored.read()
    if canonical.sha256(png) != sha256:
        raise ValueError(f"the logo {sha256} is not what was stored under this name")
    return png


def source(sha256: str) -> str:
    """The picture as the address of an image that carries it; nothing where there is none."""
    return f"data:image/png;base64,{b64encode(content(sha256)).decode()}" if sha256 else ""
