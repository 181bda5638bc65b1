"""The German catalogue is whole, keeps every placeholder, and is compiled: where Cairn is installed nobody compiles."""

import ast
import gettext
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils import translation

from apps.core.errors import Refused
from apps.core.states import move, table
from apps.parties.roles import Action
from apps.portals.forms import explain
from tests.architecture.source import modules, syntax_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "locale" / "de" / "LC_MESSAGES"
TRANSLATING = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%|%s")


@cache
def _catalogue() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="de", abort_invalid=True)


@cache
def _messages() -> tuple[Message, ...]:
    return tuple(message for message in _catalogue() if message.id)


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _is_translated(message: Message) -> bool:
    return bool(message.string) and all(_forms(message.string))


def _context(compiled: Message) -> str | None:
    # Babel reads the context from a compiled catalogue as bytes.
    context: str | bytes | None = compiled.context
    return context.decode() if isinstance(context, bytes) else context


def test_nearly_every_message_is_translated() -> None:
    missing = [message.id for message in _messages() if not _is_translated(message)]
    assert len(_messages()) > 1_500
    assert len(missing) <= 0.02 * len(_messages()), missing


def test_no_text_hides_in_a_formatted_one() -> None:
    """The tools that collect texts do not look between the braces of an f-string."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in modules("apps", "config")
        for text in ast.walk(syntax_of(path))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in TRANSLATING
        if any(isinstance(argument, ast.Constant) for argument in call.args)
    ]
    assert hidden == []


def test_nothing_is_guessed() -> None:
    assert [message.id for message in _messages() if message.fuzzy] == []


def test_no_message_stands_twice() -> None:
    written = (FOLDER / "django.po").read_text("utf-8")
    assert written.count("\nmsgid ") == len(_messages()) + 1


def test_placeholders_are_those_of_the_english_text() -> None:
    differing = []
    for message in filter(_is_translated, _messages()):
        known = {frozenset(PLACEHOLDER.findall(text)) for text in _forms(message.id)}
        told = {frozenset(PLACEHOLDER.findall(text)) for text in _forms(message.string)}
        if told != known:
            differing.append(message.id)
    assert differing == []


def test_plurals_have_the_two_forms_of_german() -> None:
    assert _catalogue().num_plurals == 2
    plurals = [message for message in _messages() if message.pluralizable]
    assert plurals
    assert [message.id for message in plurals if len(_forms(message.string)) != 2] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = read_mo(file)
    written = {
        (message.context, _forms(message.id)): _forms(message.string)
        for message in _messages()
        if _is_translated(message)
    }
    read = {(_context(message), _forms(message.id)): _forms(message.string) for message in compiled if message.id}
    assert read == written


def test_the_compiled_catalogue_counts_in_german() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        german = gettext.GNUTranslations(file)
    told = [german.ngettext("%(days)s day", "%(days)s days", days) % {"days": days} for days in (0, 1, 2)]
    assert told == ["0 Tage", "1 Tag", "2 Tage"]


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_german_name(action: Action) -> None:
    with translation.override("de"):
        assert translation.gettext(action.value) != action.value


def test_a_refusal_is_told_in_german_with_its_parts() -> None:
    class Thing:
        state = "accepted"

    with pytest.raises(Refused) as caught:
        move(Thing(), "draft", table(accepted=()))
    with translation.override("de"):
        told = explain(caught.value)
    assert told.startswith("Dies ist bereits „angenommen“ und kann deshalb nicht mehr „Entwurf“ werden.")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "german"),
    [
        ("/accounts/login/", "Geben Sie Ihre E-Mail-Adresse ein."),
        ("/accounts/signup/", "Konto eröffnen"),
        ("/nowhere/", "Hier steht nichts"),
    ],
)
def test_pages_speak_german_to_who_asks_for_it(client: Client, address: str, german: str) -> None:
    answer = client.get(address, follow=True, headers={"accept-language": "de"})
    assert german in answer.content.decode()


EAGER = {"gettext", "ngettext", "pgettext", "npgettext"}


def spoken_at_once(tree: ast.Module) -> list[int]:
    """The lines on which words are chosen in whatever language is active: labels, wordings, texts that are not lazy.

    What stands below ``translation.override`` is in the language that this says.
    """
    overridden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and "translation.override(" in ast.unparse(block.items[0])
        for node in ast.walk(block)
    }
    asked = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in overridden)
    return [node.lineno for node in asked if _chooses_words(node)]


def _chooses_words(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr=attr) if attr.startswith("get_") and attr.endswith("_display"):
            return True
        case ast.Attribute(value=ast.Name(id=name)) if name == "wording" or name.endswith("_wording"):
            return True
        case ast.Name(id="str"):
            return any(isinstance(one, ast.Call) and ast.unparse(one.func) == "_" for one in call.args)
        case ast.Name(id=name):
            return name in EAGER
    return False


@pytest.mark.parametrize("path", modules("apps/workflows/mails"), ids=lambda path: path.stem)
def test_a_mail_is_written_when_the_language_of_its_reader_is_active(path: Path) -> None:
    """The worker that fills it in has a language of its own."""
    tree = syntax_of(path)
    assert spoken_at_once(tree) == []
    # Whatever it is called, it is translated where it stands.
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    ]
    assert EAGER.intersection(imported) == set()


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("version.get_silence_display()", True),
        ("exemption_wording.agreed('', '')", True),
        ("name = str(_('account'))", True),
        ("gettext('account')", True),
        ("lazy(wording.payment, str)(30)", False),
        ("Silence(version.silence).label", False),
        ("with translation.override(reader.language):\n    name = str(_('account'))", False),
    ],
)
def test_words_that_are_chosen_at_once_would_be_found(source: str, is_found: bool) -> None:
    assert bool(spoken_at_once(ast.parse(source))) is is_found


def test_german_is_one_of_the_languages_offered() -> None:
    assert "de" in dict(settings.LANGUAGES)
