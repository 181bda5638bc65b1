"""The environment of ``demo`` and ``play_deal``: a machine of one's own, plain HTTP, a secret made once and kept.

It is set before the settings are read, and only where the caller has not said otherwise.
"""

import os
import secrets
from pathlib import Path

COMMANDS = ("demo", "play_deal")


def prepare() -> None:
    """Fill the environment, for the embedded database only: with a server of one's own, the caller says everything."""
    if "DATABASE_URL" in os.environ:
        return
    root = Path(__file__).resolve().parent.parent
    data = Path(os.environ.setdefault("DATA_DIR", str(root / "var")))
    defaults = {
        "DEBUG": "true",
        "DEMO": "true",
        "PLAIN_HTTP": "true",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "EMAIL_URL": f"filemail:///{data}/outbox",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    if "SECRET_KEY" not in os.environ:
        os.environ["SECRET_KEY"] = _kept_secret(data / "demo-secret")


def _kept_secret(path: Path) -> str:
    """A secret that survives restarts, so that sessions and links of the demo do; readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()
