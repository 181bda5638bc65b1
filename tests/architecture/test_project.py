"""What the project promises of itself: settings explained, migrations complete, documents true, nothing left behind."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.architecture.source import ROOT, modules, named

READS = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
ELSEWHERE = {
    "config/demo.py",
    "config/drill.py",
    "config/embedded_pg/server.py",
    "config/wsgi.py",
}
"""Who else touches the environment: demo and drill set it, children inherit it, and the server names the settings."""
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))


def test_every_environment_variable_is_explained() -> None:
    settings = (ROOT / "config" / "settings.py").read_text()
    read = set(READS.findall(settings))
    explained = set(re.findall(r"^#?\s*([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(read) > 15
    assert read == explained


def test_only_the_settings_read_the_environment() -> None:
    found = {named(path) for path in modules("apps", "config") if re.search(r"os\.environ|getenv", path.read_text())}
    assert found - ELSEWHERE == set()


@pytest.mark.django_db
def test_no_model_change_waits_for_a_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_documents_name_only_what_exists(path: Path) -> None:
    """Paths in backticks lead to files of the project, and links between documents to documents."""
    text = path.read_text()
    folders = "apps|config|tests|templates|static|docs|deals|benchmarks"
    named_there = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)
    assert [place for place in named_there if not (ROOT / place).exists()] == []
    links = [link.partition("#")[0] for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)]
    assert [link for link in links if link and not (path.parent / link).exists()] == []


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a machine, no unfinished work, no name of a tool that wrote it."""
    foreign = re.compile(r"/work/|/home/\w+|/root/|/tmp/\w|C:\\\\Users", re.IGNORECASE)
    texts = [*modules("apps", "config"), *DOCUMENTS, *(ROOT / "templates").rglob("*.html"), ROOT / ".env.example"]
    assert len(texts) > 300
    assert [named(path) for path in texts if foreign.search(path.read_text())] == []


def test_every_template_is_used() -> None:
    """A template that no view, no mail and no other template names is left over."""
    templates = sorted((ROOT / "templates").rglob("*.*"))
    sources = "\n".join(path.read_text() for path in [*modules("apps", "config"), *templates])
    found_by_name = ("account/", "mfa/", "allauth/", "admin/", "mail/", "bootstrap5/", "components/icons")
    errors = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
    names = [str(path.relative_to(ROOT / "templates")) for path in templates]
    assert len(names) > 150
    left = [
        name
        for name in names
        if not name.startswith(found_by_name) and name not in errors and not _is_named(name, sources)
    ]
    assert left == []


def _is_named(name: str, sources: str) -> bool:
    """By its whole path, or by the part that the portals' ``page()`` completes."""
    folder, _slash, rest = name.partition("/")
    short = rest.removesuffix(".html")
    both = ("charging", "drafting", "correcting", "changing", "disputing", "owing", "reserving", "terminating")
    shared = ("seller", "buyer", "applying", *both)
    return f'"{name}"' in sources or (folder in shared and f'"{short}"' in sources)
