"""``manage.py doctor``: is everything here that Cairn needs, and if not, how is it mended?"""

import importlib
import json
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError

from apps.core import backups
from apps.core.database import health

PANGO: Final = "apt-get install --yes libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
LEAST_SECRET: Final = 50
"""Characters, as Django's own deployment check wants."""


@dataclass(frozen=True)
class Finding:
    """One requirement: whether it is met, whether Cairn cannot do without it, and how to mend it."""

    topic: str
    met: bool
    needed: bool
    says: str
    mend: str = ""


class Command(BaseCommand):
    """Say for each requirement whether it is met and how to mend it; exit 1 when a needed one is not."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings for a program to read")

    def handle(self, *_args: Any, **options: Any) -> None:
        findings = [finding for examine in EXAMINATIONS for finding in examine()]
        healthy = all(finding.met for finding in findings if finding.needed)
        if options["json"]:
            self.stdout.write(json.dumps({"healthy": healthy, "findings": [asdict(f) for f in findings]}, indent=2))
        else:
            for finding in findings:
                self.stdout.write(self._line(finding))
            self.stdout.write(
                "Everything needed is here." if healthy else self.style.ERROR("Something needed is missing.")
            )
        if not healthy:
            sys.exit(1)

    def _line(self, finding: Finding) -> str:
        if finding.met:
            return f"{self.style.SUCCESS('ok     ')} {finding.topic}: {finding.says}"
        word = self.style.ERROR("missing") if finding.needed else self.style.WARNING("advice ")
        return f"{word} {finding.topic}: {finding.says}\n        → {finding.mend}"


# --- the machine -------------------------------------------------------------------------------------------------


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), True, version, "install Python 3.11 or newer")


def packages() -> Iterator[Finding]:
    lock = settings.BASE_DIR / "uv.lock"
    if not lock.exists():
        yield Finding("Packages", False, False, "there is no uv.lock to compare with", "keep uv.lock beside manage.py")
        return
    differing = list(_differing_packages(tomllib.loads(lock.read_text(encoding="utf-8"))["package"]))
    says = "; ".join(differing) or "as locked"
    yield Finding("Packages", not differing, True, says, ".uv/bin/uv sync --frozen")


def _differing_packages(locked: list[dict[str, Any]]) -> Iterator[str]:
    """Follow the dependencies of the project; those for other systems only carry a marker and are left out."""
    by_name = {package["name"]: package for package in locked}
    waiting, seen = ["cairn"], {"cairn"}
    while waiting:
        package = by_name[waiting.pop()]
        for dependency in package.get("dependencies", []):
            name = dependency["name"]
            if name in seen or "marker" in dependency:
                continue
            seen.add(name)
            waiting.append(name)
            wanted = by_name[name]["version"]
            try:
                found = metadata.version(name)
            except metadata.PackageNotFoundError:
                yield f"{name} is not installed"
                continue
            if found != wanted:
                yield f"{name} is {found}, locked is {wanted}"


def data_folder() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            yield Finding("DATA_DIR", True, True, f"{folder} can be written")
    except OSError as error:
        mend = "give its owner the right to write, or set DATA_DIR to another folder"
        yield Finding("DATA_DIR", False, True, f"{folder} cannot be written: {error.strerror}", mend)


def newest_backup() -> Iterator[Finding]:
    """Where a folder for backups is named, there should be one of last night in it."""
    if not settings.BACKUP_DIR:
        return
    found = backups.whole(Path(settings.BACKUP_DIR))
    mend = "manage.py backup, every night (docs/operations.md); then manage.py restore_drill"
    if not found:
        yield Finding("Backup", False, False, f"there is none in {settings.BACKUP_DIR}", mend)
        return
    age = datetime.now(UTC) - backups.taken_at(found[-1])
    says = f"the newest of {len(found)} is {found[-1].name}, {age // timedelta(hours=1)} hours old"
    yield Finding("Backup", age <= timedelta(hours=backups.FRESH_HOURS), False, says, mend)


def documents() -> Iterator[Finding]:
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError):
        says = "Pango is missing: documents are shown as pages to print"
        yield Finding("PDF", False, False, says, PANGO)
    else:
        yield Finding("PDF", True, False, "Pango is there")


def browser() -> Iterator[Finding]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    says = found or "no Chromium: the browser tests are skipped"
    yield Finding("Browser tests", bool(found), False, says, "apt-get install --yes chromium")


# --- the settings: a try-out on the embedded database does without them --------------------------------------------


def secret() -> Iterator[Finding]:
    try:
        length = len(settings.SECRET_KEY)
    except ImproperlyConfigured:
        length = 0
    says = "is set" if length >= LEAST_SECRET else "is too short" if length else "is not set"
    mend = "SECRET_KEY=$(python3 -c 'import secrets; print(secrets.token_urlsafe(64))'), and keep it"
    yield Finding("SECRET_KEY", length >= LEAST_SECRET, not settings.EMBEDDED, says, mend)


def address() -> Iterator[Finding]:
    needed = not settings.EMBEDDED
    parts = urlsplit(settings.BASE_URL)
    public = parts.scheme == "https" and parts.hostname not in {None, "localhost", "127.0.0.1"}
    mend = "BASE_URL=https://cairn.example.com, the address that stands in mails"
    yield Finding("BASE_URL", public, needed, settings.BASE_URL, mend)
    served = parts.hostname in settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS
    says = ", ".join(settings.ALLOWED_HOSTS) or "is empty"
    yield Finding("ALLOWED_HOSTS", served, needed, says, f"ALLOWED_HOSTS={parts.hostname}")


def email() -> Iterator[Finding]:
    needed = not settings.EMBEDDED
    mend = "EMAIL_URL=smtp+tls://user:password@mail.example.com:587"
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        sends = not settings.EMAIL_BACKEND.startswith("django.core.mail.")
        yield Finding("E-mail", sends, needed, settings.EMAIL_BACKEND, mend)
        return
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    connection = mail.get_connection(timeout=5)
    try:
        connection.open()
        yield Finding("E-mail", True, needed, f"{server} lets us in")
    except OSError as error:  # also what smtplib raises
        yield Finding("E-mail", False, needed, f"{server}: {_first_line(error)}", mend)
    finally:
        connection.close()


# --- the database ------------------------------------------------------------------------------------------------


def database() -> Iterator[Finding]:
    try:
        version = health.version()
    except (DatabaseError, InterfaceError, ImproperlyConfigured) as error:
        mend = "do what the message says" if settings.EMBEDDED else "start the server, or correct DATABASE_URL"
        yield Finding("Database", False, True, f"cannot be reached: {_first_line(error)}", mend)
        return
    recent = int(version.split(".")[0]) >= health.OLDEST
    yield Finding("Database", recent, True, f"PostgreSQL {version}", f"use PostgreSQL {health.OLDEST} or newer")
    for topic, ask, needed, well, mend in DATABASE_QUESTIONS:
        try:
            complaints = ask()
        except (DatabaseError, InterfaceError, LookupError) as error:
            complaints = [_first_line(error)]
        yield Finding(topic, not complaints, needed, _few(complaints) or well, mend)


MIGRATE: Final = "manage.py migrate"
DATABASE_QUESTIONS: Final[list[tuple[str, Callable[[], list[str]], bool, str, str]]] = [
    (
        "Durability",
        health.losses,
        True,
        "what is acknowledged is on disk, and no lock waits for ever",
        "switch it on in postgresql.conf; checksums with pg_checksums --enable while the server is down",
    ),
    ("Migrations", health.unapplied, True, "all applied", MIGRATE),
    ("Web role", health.web_powers, True, "cannot pass the walls", f"{MIGRATE}; then see DATABASE_URL in .env.example"),
    (
        "Web login",
        health.login_powers,
        False,
        "has no powers beside the web role",
        "give pages a login of their own in DATABASE_URL, and the owner's in OWNER_DATABASE_URL",
    ),
    ("Owner", health.owner_blind_spots, True, "sees every row, so verifiers miss none", MIGRATE),
    ("Walls", health.wall_gaps, True, "every table has the one that it declares", MIGRATE),
    (
        "Archive",
        health.archive_gaps,
        True,
        "no commit waits in vain",
        "start manage.py archive again; or ALTER SYSTEM RESET synchronous_standby_names, and commits wait no more",
    ),
]


def _few(complaints: list[str]) -> str:
    more = f" and {len(complaints) - 3} more" if len(complaints) > 3 else ""
    return "; ".join(complaints[:3]) + more


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


EXAMINATIONS: Final = (
    python,
    packages,
    data_folder,
    database,
    newest_backup,
    secret,
    address,
    email,
    documents,
    browser,
)
