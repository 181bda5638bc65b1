"""Templates obey the Content-Security-Policy, never print what somebody typed unescaped, and post with a token."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, modules, named

TEMPLATES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")])
PAGES = [
    path
    for path in TEMPLATES
    if path.suffix == ".html" and path.relative_to(ROOT / "templates").parts[0] not in ("mail", "documents")
]
"""What browsers get from us; mails and documents carry their style inside."""

TAGS = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
FORBIDDEN = {
    "inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE),
    "inline handler": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[:a-z-]*)\s*=", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "something from elsewhere": re.compile(r"""\b(?:src|href|action)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE),
    "script in an address": re.compile(
        r"""=\s*["']\s*(?:javascript|vbscript):|hx-\w+\s*=\s*["']\s*js:""", re.IGNORECASE
    ),
    "a frame or plug-in": re.compile(r"<(?:iframe(?![^>]*\ssandbox\b)|object|embed|applet|base)\b", re.IGNORECASE),
}
UNESCAPED = re.compile(r"\|\s*safe(?:seq)?\b|autoescape\s+off|filter\s+safe|mark_safe")
FORM = re.compile(r"<form\b(?P<tag>[^>]*)>(?P<inside>.*?)</form>", re.IGNORECASE | re.DOTALL)
POSTS = re.compile(r"""method\s*=\s*["']?post\b""", re.IGNORECASE)
NEW_WINDOW = re.compile(r"""target\s*=\s*["']?_blank(?![^>]*\brel\s*=\s*["'][^"']*noopener)""", re.IGNORECASE)


def bare(text: str) -> str:
    """The HTML that a template writes, without the tags that compute it: a ``>`` inside them ends no element."""
    return TAGS.sub("", text)


def forms_without_token(text: str) -> list[str]:
    """Forms that post and have no token, and forms that show the token in an address."""
    wrong = []
    for form in FORM.finditer(text):
        has_token = "csrf_token" in form["inside"] or "{% crispy" in form["inside"]
        if has_token != bool(POSTS.search(form["tag"])):
            wrong.append(form["tag"].strip())
    return wrong


def test_there_are_templates() -> None:
    assert len(PAGES) > 100
    posting = [path for path in PAGES if any(POSTS.search(form["tag"]) for form in FORM.finditer(path.read_text()))]
    assert len(posting) > 30


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_pages_have_nothing_inline_and_load_nothing_from_elsewhere(path: Path) -> None:
    text = bare(path.read_text())
    found = {name: match.group(0) for name, pattern in FORBIDDEN.items() if (match := pattern.search(text))}
    assert found == {}
    assert NEW_WINDOW.search(text) is None


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_form_that_posts_carries_the_token(path: Path) -> None:
    text = path.read_text()
    assert forms_without_token(text) == []
    # Forms are whole in one file, or the search above would miss their inside.
    assert len(re.findall(r"<form\b", text, re.IGNORECASE)) == len(list(FORM.finditer(text)))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_nothing_is_printed_unescaped(path: Path) -> None:
    """Plain text has nothing to escape, as long as it is plain text for everybody who reads it."""
    text = path.read_text()
    assert UNESCAPED.search(text) is None if path.suffix == ".html" else not re.search(r"</?[a-z]+[^>]*>", bare(text))


def test_python_marks_no_text_as_safe() -> None:
    marks = re.compile(r"mark_safe|SafeString\(|__html__|autoescape=False")
    assert [named(path) for path in modules("apps", "config") if marks.search(path.read_text())] == []


def test_scripts_of_ours_write_no_html_and_run_no_text() -> None:
    dangerous = re.compile(r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b")
    scripts = sorted((ROOT / "static" / "js").rglob("*.js"))
    assert scripts
    assert [named(path) for path in scripts if dangerous.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("name", "html"),
    [
        ("inline style", '<p {% if a > b %}class="x"{% endif %} style="color: red">'),
        ("inline style", "<STYLE>p {}</STYLE>"),
        ("inline handler", '<a\n  onclick="go()">'),
        ("inline handler", '<a hx-on:click="go()">'),
        ("inline script", "<script>go()</script>"),
        ("something from elsewhere", '<img src="//elsewhere.example/x.png">'),
        ("something from elsewhere", '<form action="https://elsewhere.example/">'),
        ("script in an address", '<a href="javascript:go()">'),
        ("a frame or plug-in", "<iframe></iframe>"),
    ],
)
def test_what_is_forbidden_would_be_found(name: str, html: str) -> None:
    assert FORBIDDEN[name].search(bare(html))


def test_a_form_without_its_token_would_be_found() -> None:
    assert forms_without_token('<form method="post"><button>Go</button></form>')
    assert forms_without_token('<form method="get">{% csrf_token %}</form>')
    assert not forms_without_token('<form method="post">{% csrf_token %}</form><form><input name="q"></form>')


def test_unescaped_text_would_be_found() -> None:
    assert UNESCAPED.search("{{ name|safe }}")
    assert UNESCAPED.search("{% autoescape off %}")


SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
KEPT = re.compile(r"\b(?:store\.set|store\.get|localStorage\.(?:get|set)Item)\(([^,)]+)")
COMPUTED_NAME = re.compile(r"\w\[(?![\"'\d])([^\]]+)\]\s*=(?!=)")


def test_scripts_keep_the_choice_of_colours_and_keys_and_nothing_else() -> None:
    """ASVS 5.0, 14.3.3."""
    text = "\n".join(path.read_text() for path in SCRIPTS)
    assert set(KEPT.findall(text)) == {'"theme"', '"single-keys"', "key"}
    assert not re.search(r"\b(?:sessionStorage|indexedDB|document\.cookie|caches\.open)\b", text)


def test_scripts_write_under_no_name_that_comes_from_elsewhere() -> None:
    """ASVS 5.0, 15.3.6: the one computed name is out of a list of the script's own."""
    found = {(path.name, name) for path in SCRIPTS for name in COMPUTED_NAME.findall(path.read_text())}
    assert found == {("passkeys.js", "part")}
    assert COMPUTED_NAME.search("settings[name] = value")
