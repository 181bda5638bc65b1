"""The environment of a restore drill: a place of its own, which knows nothing of the real one and sends nothing."""

import os
import secrets
from pathlib import Path

OURS = ("CSRF_TRUSTED_ORIGINS", "BEHIND_PROXY", "TRUSTED_PROXIES", "BACKUP_DIR", "DEFAULT_FROM_EMAIL")


def environment(place: Path) -> dict[str, str]:
    """For a process that works below ``place`` only. What is set here wins over a file ``.env``."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PG")}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "",  # the embedded server, whatever .env says
        "OWNER_DATABASE_URL": "",
        "DATA_DIR": str(place),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "localhost",
        "BASE_URL": "http://localhost",
        "PLAIN_HTTP": "true",
        "EMAIL_URL": "memorymail://",  # nothing leaves the process
        "DEBUG": "false",
        "DEMO": "false",
    }
