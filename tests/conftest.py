"""Every test process has a database of its own: a copy, made in a fraction of a second, of one migrated template.

Tests with ``db`` run as the web role, held by row-level security, in a transaction that is rolled back. Tests that
must commit (races, a browser) ask for ``scratch`` and get a copy for themselves, or for ``founded``, where the three
organisations with their people are there already, or for ``committed``, where the story of their module is.
"""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from unittest.mock import patch

import pytest
from django.db import connections, transaction
from django.template import Context, RequestContext, Template
from django.test.signals import template_rendered
from django.utils import translation
from django.utils.safestring import SafeString
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from apps.core.database import scratch as scratch_databases
from tests import languages
from tests.commits import checked_without_commit

if TYPE_CHECKING:
    from django.core.mail import EmailMultiAlternatives

    from tests.scenarios import Parties

# No test depends on how busy the machine is.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

T = TypeVar("T")


class Once(Protocol):
    """Tells a story and hands over what it is about."""

    def __call__(self, story: Callable[[], T]) -> T: ...


R = TypeVar("R", pytest.TestReport, pytest.CollectReport)


def pytest_configure() -> None:
    # Now, while the code in memory is the code on disk.
    scratch_databases.templates()


LONGEST = (
    "portals/test_matrix.py",
    "browser/",
    "engines/",
    "serving/",
    "workflows/backups/",
    "workflows/test_deals.py",
)
"""What takes minutes begins, so that no process is left alone with it at the end."""
BEGINNING = ("browser/test_accessibility.py", "architecture/")
"""The longest of all, and beside it what needs no database: so no process waits for the other, which makes that."""
TOGETHER = ("tests/serving/", "tests/engines/", "tests/architecture/")
"""Such a folder stays in one process. What its tests stand on is made once: a PostgreSQL with its tables, a world with
every contract, the code as a tree."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    turns: list[str | tuple[str, ...]] = [*BEGINNING, LONGEST]

    def turn(item: pytest.Item) -> int:
        place = item.path.relative_to(here).as_posix()
        return next((at for at, begins in enumerate(turns) if place.startswith(begins)), len(turns))

    items.sort(key=turn)


def pytest_collection_finish() -> None:
    """What is there for as long as tests run is not looked through for garbage again and again, nor so often what is
    new: a page leaves hardly any, and looking after every 700 objects is a twentieth of all that a test takes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


class WorldsTogether(LoadFileScheduling):  # type: ignore[misc]
    """A file stays in one process, so that the world of a module is built once; so do some folders."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in TOGETHER if folder in file), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    config.option.loadscopereorder = False
    return WorldsTogether(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _allowed((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _allowed((yield))


def _allowed(report: R) -> R:
    """Where CAIRN_NOTHING_SKIPPED is set, a test that is skipped for want of something has failed for want of it."""
    is_skipped = report.outcome == "skipped" and not hasattr(report, "wasxfail")
    if is_skipped and os.environ.get("CAIRN_NOTHING_SKIPPED"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"Nothing may be skipped here. {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A zero means little without how often it was tried."""
    reports = [report for category in terminalreporter.stats.values() for report in category]
    cells = sum(
        value
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == "cells"
    )
    if cells:
        terminalreporter.write_line(f"{cells:,} cells of the matrix were tried.")


def pytest_runtest_teardown() -> None:
    """A page activates its reader's language, and the thread would keep it for the next test."""
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _pages_alone_are_kept(django_test_environment: None) -> Iterator[None]:
    """Django's client copies the context of all that is rendered while it waits: of every widget, and of every piece
    that a page includes, as often as it does. Tests ask what the page was given."""

    def rendered(template: Template, context: Context) -> SafeString:
        if context.template is template and isinstance(context, RequestContext):
            template_rendered.send(sender=template, template=template, context=context)
        return template.nodelist.render(context)

    with patch.object(Template, "_render", rendered):
        yield


@contextmanager
def _no_connection_left() -> Iterator[None]:
    try:
        yield
    finally:
        connections.close_all()


@pytest.fixture(scope="session", autouse=True)
def _what_commit_would_check() -> Iterator[None]:
    with checked_without_commit():
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In the place of pytest-django's: this process's own copy, dropped at the end."""
    copy = scratch_databases.scratch_database()
    with django_db_blocker.unblock(), _no_connection_left(), copy, django_db_blocker.block():
        yield


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A database for this test alone, in which everything commits, from every thread. Gives its name."""
    with django_db_blocker.unblock(), _no_connection_left(), scratch_databases.scratch_database() as name:
        yield name


@pytest.fixture(scope="session")
def _founded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> "Iterator[tuple[str, Parties]]":
    """Seller, buyer and financier with their people, and the name of a database in which nothing else stands."""
    from tests import scenarios  # models are imported once Django is there

    with django_db_blocker.unblock(), ExitStack() as stack:
        with scratch_databases.scratch_database() as name:
            parties = scenarios.organisations()
            connections.close_all()
            kept = stack.enter_context(scratch_databases.kept_copy(name))
        with django_db_blocker.block():
            yield kept, parties


@pytest.fixture
def founded(_founded: "tuple[str, Parties]", django_db_blocker: DjangoDbBlocker) -> "Iterator[Parties]":
    """As ``scratch``, with the three organisations and their people: founded once, and copied for each test."""
    kept, parties = _founded
    with django_db_blocker.unblock(), _no_connection_left(), scratch_databases.scratch_database(kept):
        yield deepcopy(parties)


Kept = Callable[[Callable[[], object]], tuple[str, object]]


@pytest.fixture(scope="module")
def _kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Kept]:
    """Tells a story in a database of its own, once: the name of a copy to copy from, and what it is about."""
    kept: dict[Callable[[], object], tuple[str, object]] = {}
    with django_db_blocker.unblock(), ExitStack() as stack, django_db_blocker.block():

        def told(story: Callable[[], object]) -> tuple[str, object]:
            if story not in kept:
                with scratch_databases.scratch_database() as name:
                    about = story()
                    connections.close_all()
                    kept[story] = stack.enter_context(scratch_databases.kept_copy(name)), about
            return kept[story]

        yield told


@pytest.fixture
def committed(_kept: Kept, django_db_blocker: DjangoDbBlocker) -> Iterator[Once]:
    """Tells a story once for a module, each test of which meets it in a database of its own, where everything commits.

    As ``founded``, for what more tests of a module begin with.
    """
    with django_db_blocker.unblock(), ExitStack() as stack:

        def told(story: Callable[[], T]) -> T:
            name, about = _kept(story)
            stack.enter_context(_no_connection_left())
            stack.enter_context(scratch_databases.scratch_database(name))
            return cast("T", deepcopy(about))

        yield told


@pytest.fixture(scope="module")
def once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Once]:
    """Tells a story once for all tests of a module that only look at it; what one of them changes is undone after it.

    The story stays in a transaction around those of the tests with ``db``. Such a module has no test with ``scratch``.
    """

    def told(story: Callable[[], T]) -> T:
        with django_db_blocker.unblock():
            return story()

    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # blocks in it count as outermost, as in every test
    told(block.__enter__)
    yield told
    told(lambda: transaction.set_rollback(True))
    told(lambda: block.__exit__(None, None, None))


@pytest.fixture(scope="module")
def _parties_once(once: Once) -> "Parties":
    from tests import scenarios  # as above

    return once(scenarios.organisations)


@pytest.fixture
def parties(_parties_once: "Parties", db: None) -> "Parties":
    """Seller, buyer and financier with their people, founded once for a module of which no test asks for ``scratch``.

    What a test changes of them is undone: the rows by its transaction, the objects because they are copies.
    """
    return deepcopy(_parties_once)


@pytest.fixture
def marked_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever fills in a mail speaks a language of its own, and no word of that comes into one: neither text nor HTML.

    For modules that send many kinds of mail; those of a deal are read where the deals are played.
    """
    from apps.workflows.mails import letter  # models are imported once Django is there

    rendered = letter.rendered

    def checked(one: letter.Letter) -> "EmailMultiAlternatives":
        message = rendered(one)
        ((html, _kind),) = message.alternatives
        assert languages.marks("\n".join((str(message.subject), str(message.body), str(html)))) == []
        return message

    monkeypatch.setattr(letter, "rendered", checked)
    with languages.marked() as marked, translation.override(marked):
        yield


@pytest.fixture
def transactional_db() -> None:
    """The web role cannot empty tables, and need not: a test that commits asks for ``scratch``."""
    pytest.fail("Ask for the fixture scratch instead of transactional_db or live_server.")
