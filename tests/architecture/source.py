"""What the tests of this folder read: our own source, as text and as syntax."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "apps"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(*folders: str) -> list[Path]:
    """Our Python files below these folders, without migrations."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


@cache
def syntax_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions_of(path: Path) -> Iterator[Function]:
    """Every function and method of a module."""
    return (node for node in ast.walk(syntax_of(path)) if isinstance(node, Function))


def imports_of(path: Path) -> set[str]:
    """The full names of the modules that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def named(path: Path) -> str:
    """The path from the root of the project."""
    return str(path.relative_to(ROOT))


def rooms(name: str) -> list[Path]:
    """The modules of one room of every app: ``services.py`` or those in ``services/``."""
    return [path for path in modules("apps") if path.relative_to(APPS).parts[1:2] in ((name,), (f"{name}.py",))]
