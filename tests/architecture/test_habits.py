"""How the code is written: rules are pure, services take names, workflows only call, and nothing happens unseen."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from apps.portals import history
from apps.portals.financier import stories
from tests.architecture.source import APPS, ROOT, functions_of, imports_of, modules, named, rooms, syntax_of

RULES = rooms("rules")
SERVICES = rooms("services")
WORKFLOWS = [
    APPS / "workflows" / f"{name}.py"
    for name in (
        "billing",
        "contracting",
        "crediting",
        "exporting",
        "funding",
        "instalments",
        "proofs",
        "sign_off",
        "statements",
        "team",
    )
]
IMPURE = {"django", "psycopg", "procrastinate", "allauth", "os", "random", "secrets", "time", "pathlib", "requests"}
CLOCKS = re.compile(r"\b(?:datetime\.now|date\.today|datetime\.utcnow|timezone\.now)\(")


def test_there_is_something_to_read() -> None:
    assert len(RULES) >= 10
    assert len(SERVICES) >= 20
    assert all(path.exists() for path in WORKFLOWS)


@pytest.mark.parametrize("path", RULES, ids=named)
def test_rules_are_arithmetic(path: Path) -> None:
    """No framework, no database, no clock, no chance; of ours only core's plain values and other rules."""
    imported = imports_of(path)
    assert {name.split(".")[0] for name in imported} & IMPURE == set()
    ours = {name for name in imported if name.startswith("apps.")}
    allowed = re.compile(
        r"apps\.core(\.|$)|apps\.[a-z]+\.(rules|drafts|billing|retention|late_payment|payment_documents|charges|criteria|exemptions|roles|replaced_terms)(\.|$)"
    )
    assert {name for name in ours if not allowed.match(name)} == set()
    assert not CLOCKS.search(path.read_text())


def test_import_linter_watches_the_rules_of_every_app() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (purity,) = [contract for contract in contracts if contract["type"] == "forbidden"]
    watched = {name for name in purity["source_modules"] if name.endswith(".rules")}
    assert watched == {f"apps.{path.relative_to(APPS).parts[0]}.rules" for path in RULES}


@pytest.mark.parametrize("path", [*SERVICES, *WORKFLOWS], ids=named)
def test_services_and_workflows_take_names_from_the_second_argument_on(path: Path) -> None:
    loose = [
        f"{function.name}({', '.join(names)})"
        for function in functions_of(path)
        if not function.name.startswith("_") and len(names := _positional(function)) > 1
    ]
    assert loose == []


@pytest.mark.parametrize("path", [*SERVICES, *WORKFLOWS], ids=named)
def test_no_flag_changes_what_a_service_does(path: Path) -> None:
    flags = [
        f"{function.name}({argument.arg})"
        for function in functions_of(path)
        for argument in (*function.args.args, *function.args.kwonlyargs)
        if argument.annotation is not None and ast.unparse(argument.annotation) == "bool"
    ]
    assert flags == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_workflows_only_call(path: Path) -> None:
    """No arithmetic, no row saved: that belongs to rules and services. Every one with a key does its work once."""
    tree = syntax_of(path)
    sums = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div)
    ]
    saved = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("save", "update")
    ]
    assert sums + saved == []
    for function in functions_of(path):
        names = {argument.arg for argument in function.args.kwonlyargs}
        if {"actor", "key"} <= names and not function.name.startswith("_"):
            (once,) = [ast.unparse(one).partition("(")[0] for one in function.decorator_list]
            assert once in ("once", "once_asking"), function.name


HIDDEN_CALLS = {
    "a signal": re.compile(r"django\.dispatch|django\.db\.models\.signals|@receiver"),
    "a save() of its own": re.compile(r"def (?:save|delete)\(self"),
    "on_commit": re.compile(r"\bon_commit\("),
    "the machine's clock": CLOCKS,
    "a bare except": re.compile(r"except\s*:"),
    "a mark of unfinished work": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"),
}


@pytest.mark.parametrize("hidden", HIDDEN_CALLS)
def test_nothing_happens_unseen(hidden: str) -> None:
    """A command may ask which day it is where it is typed; legal times come from the database."""
    pattern = HIDDEN_CALLS[hidden]
    found = [named(path) for path in modules("apps", "config") if pattern.search(path.read_text())]
    assert [name for name in found if "/management/commands/" not in name] == []


@pytest.mark.parametrize(
    ("hidden", "source"),
    [
        ("a signal", "from django.db.models.signals import post_save"),
        ("a save() of its own", "    def save(self, *args):"),
        ("on_commit", "transaction.on_commit(send)"),
        ("the machine's clock", "at = datetime.now(UTC)"),
        ("a bare except", "except:"),
        ("a mark of unfinished work", "# TODO later"),
    ],
)
def test_what_is_hidden_would_be_found(hidden: str, source: str) -> None:
    assert HIDDEN_CALLS[hidden].search(source)


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_everything_that_is_recorded_has_words_for_its_readers() -> None:
    recorded = {verb for path in modules("apps") for verb in re.findall(r'verb="([a-z_]+\.[a-z_]+)"', path.read_text())}
    assert len(recorded) > 50
    assert sorted(recorded - history.VERBS.keys() - stories.VERBS.keys()) == []


def test_a_worker_that_has_just_started_knows_every_job() -> None:
    """Alone, without a web process that imported the workflows before it."""
    folder = ROOT / "apps" / "workflows"
    telling = [path for path in folder.rglob("*.py") if "@app.task" in path.read_text()]
    assert len(telling) > 10
    named_there = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in telling}
    assert set(settings.PROCRASTINATE_IMPORT_PATHS) == named_there
