"""The project's settings as the tests run them: a server and files of their own, mail kept in memory, plain HTTP."""

import os
from pathlib import Path
from typing import Any, cast

os.environ.update(
    # Its databases are thrown away, so they may stand where nothing waits for a disk (as .ci/run has it).
    DATA_DIR=os.environ.get("TEST_DATA_DIR") or str(Path(__file__).resolve().parent.parent / "var" / "test"),
    SECRET_KEY="known to everybody, good for tests only",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    BASE_URL="http://testserver",
    PLAIN_HTTP="true",
    EMAIL_URL="memorymail://",
)

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR, STORAGES

FILES = Path("files") / os.environ.get("PYTEST_XDIST_WORKER", "alone")
"""Every test process has a file store of its own, as it has a database: what one sweeps away is no file of another."""
cast("Any", STORAGES)["default"]["OPTIONS"]["location"] = str(DATA_DIR / FILES)

CLOCK_CAN_BE_STOPPED = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
"""Static files are looked up when asked for: nothing is collected, and a client starts without reading them all."""
