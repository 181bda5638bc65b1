"""The tests' settings for processes that engines start: told which database is meant, and where its server is."""

import os
from pathlib import Path
from typing import Any, cast

from tests.settings import *  # noqa: F403
from tests.settings import DATA_DIR as HOME
from tests.settings import DATABASES, FILES, STORAGES

DATA_DIR = Path(os.environ.get("ENGINES_DATA_DIR", str(HOME)))
cast("Any", STORAGES)["default"]["OPTIONS"]["location"] = str(DATA_DIR / FILES)
for _database in DATABASES.values():
    _database["NAME"] = os.environ.get("ENGINES_DATABASE", _database["NAME"])
