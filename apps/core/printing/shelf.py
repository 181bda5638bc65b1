"""Where what was made once is kept: in the private store, under a name that its bytes decide."""

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.core import canonical


def put(folder: str, content: bytes, *, ending: str) -> str:
    """Store the bytes and say under which name: a second run after a crash finds the same file."""
    name = f"{folder}/{canonical.sha256(content)}.{ending}"
    if default_storage.exists(name):
        with default_storage.open(name) as stored:
            if stored.read() == content:
                return name
        # Half a file, left by a worker that was killed.
        default_storage.delete(name)
    return default_storage.save(name, ContentFile(content))
