"""Every file and every field of a pack is held by something: whatever is changed or taken out, the verifier says so.

A pack can only agree with itself, so two forgers are tried: one who changes the archive, and one who lists everything
anew afterwards, in the manifest and in the sums. What neither notices is named here, and in docs/evidence.md.
"""

# Fixtures are imported by name.
# ruff: noqa: F811

import copy
import importlib.util
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.packed import VERIFIER
from tests.workflows.test_packs import (  # noqa: F401
    Files,
    _files,
    _listed_anew,
    both,
    content,
    content_of_buyer,
    told,
)

MANIFEST, SUMS = "MANIFEST.json", "SHA256SUMS"
WORDS = ("README.txt", "verify_pack.py")
"""What nobody relies on: words for people, and a copy of a program that is taken from elsewhere if it matters."""
OF_ONE_SIDE = (MANIFEST, "audit/details.jsonl")
"""Where the packs of the two sides differ."""
REMOVED = object()
Path = tuple[str | int, ...]


def _verifier() -> Any:
    spec = importlib.util.spec_from_file_location("verify_pack", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFY = _verifier()


def _problems(files: Files, *heads: tuple[int, str]) -> list[str]:
    """What the verifier says against these files; that they are no pack at all is a problem too."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, bytes_of in files.items():
            archive.writestr(name, bytes_of)
    file.seek(0)
    try:
        return list(VERIFY.verified(file, heads).problems)
    except VERIFY.NotAPackError as error:
        return [str(error)]


def _leaves(value: Any, at: Path = ()) -> Iterator[Path]:
    """The way to every value inside a value, containers included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*at, key)
        yield from _leaves(one, (*at, key))


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case None:
            return "something"
        case dict():
            return {**value, "more": 1}
        case _:
            return [*value, "more"]


def _at(value: Any, path: Path, what: Any) -> Any:
    """The value with another one at the end of the way, or with none."""
    changed = place = copy.copy(value)
    for key in path[:-1]:
        place[key] = copy.copy(place[key])
        place = place[key]
    if what is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = what
    return changed


def _get(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _mutants(value: Any) -> Iterator[tuple[str, Any]]:
    for path in _leaves(value):
        way = "/".join(map(str, path))
        yield f"{way} changed", _at(value, path, _other(_get(value, path)))
        yield f"{way} removed", _at(value, path, REMOVED)


def _written_mutants(files: Files) -> Iterator[tuple[str, Files]]:
    """Every field of every JSON file, changed and removed; of lines, those of each line, and the text in the first of
    its kind: the others are held by the same hash."""
    for name, bytes_of in files.items():
        if name.endswith(".json"):
            is_text = not bytes_of.endswith(b"\n")
            for what, value in _mutants(json.loads(bytes_of)):
                yield f"{name}: {what}", {**files, name: (_canonical(value) if is_text else _readable(value)).encode()}
        elif name.endswith(".jsonl"):
            lines = bytes_of.decode().removesuffix("\n").split("\n")
            kinds = set[str]()
            for number, line in enumerate(lines):
                told = json.loads(line)
                kind = json.loads(told["text"]).get("verb", "")
                for what, value in _line_mutants(told, inside=kind not in kinds):
                    changed = [*lines[:number], _canonical(value), *lines[number + 1 :]]
                    yield f"{name}: {number} {what}", {**files, name: _joined(changed)}
                kinds.add(kind)


def _line_mutants(told: dict[str, Any], *, inside: bool) -> Iterator[tuple[str, Any]]:
    yield from _mutants(told)
    for what, text in _mutants(json.loads(told["text"])) if inside else ():
        yield f"text/{what}", {**told, "text": _canonical(text)}


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _readable(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _relisted(files: Files) -> Files:
    """What a careful forger hands out; where the chain cannot be read any more there is nothing to list."""
    try:
        return _listed_anew(files)
    except (ValueError, KeyError, TypeError, IndexError):
        return files


def _summed(files: Files) -> Files:
    """The sums written anew, for a manifest that was changed itself."""
    sums = VERIFY.sha256
    listed = "".join(f"{sums(bytes_of)}  {name}\n" for name, bytes_of in files.items() if name != SUMS)
    return {**files, SUMS: listed.encode()}


@pytest.fixture(scope="module")
def packs(content: bytes, content_of_buyer: bytes) -> list[Files]:
    """The same contract's packs of both sides."""
    return [_files(content), _files(content_of_buyer)]


def test_nothing_is_said_against_what_was_not_changed(packs: list[Files]) -> None:
    for files in packs:
        assert _problems(files) == []
        assert _problems(_relisted(files)) == []
        assert _problems(_summed(files)) == []


def test_no_file_is_removed_or_changed_or_emptied_unseen(packs: list[Files]) -> None:
    for files in packs:
        for name, bytes_of in files.items():
            without = {other: one for other, one in files.items() if other != name}
            for mutant in (without, {**files, name: bytes_of + b" "}, {**files, name: b""}):
                assert _problems(mutant), name
                if name not in (MANIFEST, SUMS, *WORDS):
                    assert _problems(_relisted(mutant)), f"{name}, listed anew"


def test_no_line_of_the_sums_is_changed_or_removed_unseen(packs: list[Files]) -> None:
    for files in packs:
        lines = files[SUMS].decode().removesuffix("\n").split("\n")
        for number, line in enumerate(lines):
            for changed in ([], [f"0{line[1:]}"] if line[0] != "0" else [f"1{line[1:]}"], [f"{line}x"], [line, "x"]):
                mutant = {**files, SUMS: _joined([*lines[:number], *changed, *lines[number + 1 :]])}
                assert _problems(mutant), line


def test_no_field_is_changed_or_removed_unseen_even_when_everything_is_listed_anew(packs: list[Files]) -> None:
    tried, unseen = 0, []
    for files, of_interest in zip(packs, (("",), OF_ONE_SIDE), strict=True):
        for what, mutant in _written_mutants(files):
            if not what.startswith(of_interest):
                continue
            tried += 1
            if not _problems(_summed(mutant) if what.startswith(MANIFEST) else _relisted(mutant)):
                unseen.append(what)
    assert tried > 1_000, tried
    assert unseen == []


def test_no_line_of_the_trail_or_of_the_details_is_removed_unseen(packs: list[Files]) -> None:
    for files in packs:
        for name in ("audit/chain.jsonl", "audit/details.jsonl"):
            lines = files[name].decode().removesuffix("\n").split("\n")
            last = len(lines) - 1
            for number in range(len(lines)):
                mutant = {**files, name: _joined([*lines[:number], *lines[number + 1 :]])}
                assert _problems(mutant), (name, number)
                if name == "audit/chain.jsonl" and number == last:
                    continue  # An end that is cut, and listed anew, is the pack of an earlier moment: see below.
                assert _problems(_relisted(mutant)), (name, number)


def test_an_end_that_nothing_refers_to_is_cut_unseen_but_not_with_a_head_noted_elsewhere(packs: list[Files]) -> None:
    """The limit that docs/evidence.md names: an older state is no forgery that a pack alone could show."""
    files = packs[0]
    lines = files["audit/chain.jsonl"].decode().removesuffix("\n").split("\n")
    last, before = json.loads(lines[-1]), json.loads(lines[-2])
    assert json.loads(last["text"])["verb"] == "invoice.sent"
    cut = {**files, "audit/chain.jsonl": _joined(lines[:-1])}
    assert any(problem.startswith("CHAIN: it ends with entry") for problem in _problems(cut))
    manifest = json.loads(files[MANIFEST])
    manifest["as_of"] = json.loads(before["text"])["at"]
    older = _relisted({**cut, MANIFEST: json.dumps(manifest).encode()})
    assert _problems(older) == []
    assert _problems(older, (last["position"], last["sha256"]))
