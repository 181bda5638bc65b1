"""What ends badly elsewhere, and is not there or only where it is listed with its reason: ASVS 5.0, V1, V11, V15."""

import ast
import re
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Final

import pytest

from tests.architecture.source import ROOT, modules, named, syntax_of

Find = Callable[[ast.AST], bool]
CONSTANT: Final = re.compile(r"[A-Z_][A-Z0-9_]*")


@cache
def said(node: ast.AST) -> str:
    """The name of what is called or imported."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def last(node: ast.AST) -> str:
    return said(node).rpartition(".")[2]


def first(node: ast.AST) -> ast.expr | None:
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def imports(node: ast.AST, *names: str) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in names for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in names


def is_constant(node: ast.expr | None) -> bool:
    """A literal, or one with constants of the module in it."""
    if isinstance(node, ast.JoinedStr):
        values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return all(isinstance(one, ast.Name) and CONSTANT.fullmatch(one.id) for one in values)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and bool(CONSTANT.fullmatch(node.id)))


def runs_in_a_shell(node: ast.AST) -> bool:
    if said(node) in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
        return True
    if not isinstance(node, ast.Call) or not said(node).startswith("subprocess."):
        return False
    return any(one.arg == "shell" for one in node.keywords) or isinstance(first(node), ast.Constant | ast.JoinedStr)


def is_put_together(node: ast.AST) -> bool:
    """A statement with something in it that is no constant, at the call that sends it."""
    asked = first(node)
    if last(node) not in ("execute", "executemany", "raw", "RawSQL", "extra") or asked is None:
        return False
    return not is_constant(asked) and isinstance(asked, ast.JoinedStr | ast.BinOp | ast.Call)


def is_computed_pattern(node: ast.AST) -> bool:
    called = re.fullmatch(r"re\.(\w+)", said(node))
    return called is not None and called[1] != "escape" and not is_constant(first(node))


def reads_both(node: ast.AST) -> bool:
    """What the address says and what the form says, in one function."""
    if not isinstance(node, ast.FunctionDef):
        return False
    read = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return {"GET", "POST"} <= read


DANGERS: Final[dict[str, tuple[Find, set[str]]]] = {
    "input is decoded a second time (1.1.1)": (
        lambda node: last(node) in ("unquote", "unquote_plus", "unquote_to_bytes", "unescape"),
        {"apps/workflows/mailboxes.py"},  # the operator's BOUNCES_URL
    ),
    "a statement is put together where it is sent (1.2.4)": (
        is_put_together,
        {
            # Names of tables, roles and databases, from the model registry or the settings.
            "apps/core/database/policies.py",
            "apps/core/database/scratch.py",
            "apps/core/database/together.py",
            "apps/workflows/backups/archiving.py",
            "apps/workflows/backups/measures.py",
            "apps/workflows/backups/restoring.py",
            "apps/workflows/worker.py",
            "config/embedded_pg/base.py",
            "config/embedded_pg/recovery.py",
            # Pieces of statements that are constants of the module.
            "apps/audit/models.py",
            "apps/contracts/services/plans.py",
            "apps/revenue/services/expecting.py",
        },
    ),
    "a shell reads a command (1.2.5)": (runs_in_a_shell, set()),
    "a pattern is computed (1.2.9)": (is_computed_pattern, {"apps/portals/forms.py"}),  # a sign out of two, escaped
    "text is run as code (1.3.2)": (lambda node: said(node) in ("eval", "exec", "compile", "__import__"), set()),
    "a template is made of text, or another language is read (1.3.5, 1.3.7)": (
        lambda node: last(node) in ("Template", "from_string") or imports(node, "markdown", "jinja2", "mako"),
        set(),
    ),
    "foreign objects are built (1.5.2)": (
        lambda node: (
            imports(node, "pickle", "marshal", "shelve", "dill") or said(node) in ("yaml.load", "yaml.full_load")
        ),
        set(),
    ),
    "chance that can be foreseen (6.5.3, 11.5.1)": (
        lambda node: imports(node, "random"),
        {"apps/portals/financier/portfolio/stressing.py"},  # a simulation that can be repeated
    ),
    "cryptography that is not the system's (11.2.1)": (
        lambda node: imports(node, "Crypto", "Cryptodome", "nacl", "rsa", "ecdsa"),
        set(),
    ),
    "a weak hash (11.2.3)": (lambda node: last(node) in ("md5", "sha1"), set()),
    "a row is written out whole (15.3.1)": (
        lambda node: last(node) in ("model_to_dict", "serialize", "JsonResponse") or imports(node, "rest_framework"),
        set(),
    ),
    "the address and the form are read together (15.3.7)": (
        reads_both,
        {
            # Where to go on; what was chosen before and is sent along; what fills a form that is opened.
            "apps/portals/account/views/confirming.py",
            "apps/portals/account/views/invitations.py",
            "apps/portals/account/views/organisations.py",
            "apps/portals/account/views/second_factor.py",
            "apps/portals/buyer/views/link_proofs.py",
            "apps/portals/changing/proposing.py",
            "apps/portals/financier/actions/payment_orders.py",
            "apps/portals/planning/picking.py",
            "apps/portals/seller/views/exports.py",
            "apps/portals/seller/views/funding.py",
            "apps/portals/seller/views/judgements.py",
            "apps/portals/seller/views/transactions.py",
        },
    ),
}
"""Each danger: how it is found, and the modules in which it stands for a reason."""


@pytest.fixture(scope="module")
def everywhere() -> dict[str, list[ast.AST]]:
    telling = ast.Call | ast.Import | ast.ImportFrom | ast.FunctionDef
    return {
        named(path): [node for node in ast.walk(syntax_of(path)) if isinstance(node, telling)]
        for path in modules("apps", "config")
    }


@pytest.mark.parametrize("danger", DANGERS)
def test_dangers_stand_only_where_they_are_listed(danger: str, everywhere: dict[str, list[ast.AST]]) -> None:
    find, listed = DANGERS[danger]
    found = {name for name, nodes in everywhere.items() if any(find(node) for node in nodes)}
    assert found == listed


SEEDED: Final = (
    "unquote(request.GET['q'])",
    "cursor.execute(f'SELECT * FROM t WHERE name = {name}')",
    "cursor.execute('SELECT * FROM t WHERE name = ' + name)",
    "subprocess.run(['ls', name], shell=True)",
    "subprocess.run(f'ls {name}')",
    "re.search(words, text)",
    "eval(text)",
    "Template(text).render(context)",
    "engines['django'].from_string(text)",
    "import pickle",
    "from random import choice",
    "from Crypto.Cipher import DES",
    "hashlib.md5(text)",
    "JsonResponse(model_to_dict(row))",
    "def view(request):\n    return {**request.GET, **request.POST}",
)


@pytest.mark.parametrize("source", SEEDED)
def test_what_is_dangerous_would_be_found(source: str) -> None:
    nodes = list(ast.walk(ast.parse(source)))
    assert [danger for danger, (find, _listed) in DANGERS.items() if any(find(node) for node in nodes)]


def test_types_are_checked_strictly_and_security_rules_of_the_linter_are_on() -> None:
    """ASVS 5.0, 15.3.5."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["strict"] is True
    assert {"apps", "config"} <= set(tools["mypy"]["packages"])
    assert "S" in tools["ruff"]["lint"]["select"]
    run = (ROOT / ".ci" / "run").read_text()
    assert [tool for tool in ("mypy", "ruff check") if tool not in run] == []
