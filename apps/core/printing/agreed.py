"""A statement on paper: the words that were agreed to, as they were shown, and beside them what they mean where the
paper is in another language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, get_language_info, gettext


@dataclass(frozen=True, slots=True)
class Agreed:
    """``text`` in ``language``, which counts; ``note`` and ``translation`` are empty where the paper is in the same."""

    text: str
    language: str
    note: str
    translation: str


def agreed(act: Mapping[str, Any]) -> Agreed:
    """The statement of an act, for a paper in the active language. Before languages were kept it was English."""
    kept = (act.get("circumstances") or {}).get("statement") or {}
    shown, here = kept.get("language", "en"), (get_language() or "en").split("-")[0]
    translation = kept.get("translations", {}).get(here, "") if shown != here else ""
    note = ""
    if translation:
        note = gettext("Translation. What was shown and agreed to is the text in {language} above.").format(
            language=get_language_info(shown)["name_translated"]
        )
    return Agreed(act["statement"], shown, note, translation)
