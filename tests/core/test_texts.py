"""Texts that people sign: what cannot be seen is not in them."""

import pytest

from apps.core.texts import has_unseen, is_blank


@pytest.mark.parametrize(
    "text", ["Meridian AG", "Zeile 1\nZeile 2", "नमस्ते", "می‌خواهم", "👩‍💻 Team", "Schiff\u00adfahrt"]
)
def test_what_people_write_can_be_seen(text: str) -> None:
    assert not has_unseen(text)
    assert not is_blank(text)


@pytest.mark.parametrize("text", ["A\u202eB GmbH", "a\x00b", "a\u200bb", "\ufeffName", "a\u2066b", "a\x1bb"])
def test_signs_without_a_shape_are_found(text: str) -> None:
    assert has_unseen(text)


@pytest.mark.parametrize("text", ["", " \t\n", "\u200b\u200b", "\u200d", "\u00ad"])
def test_a_text_of_which_nothing_can_be_seen_is_blank(text: str) -> None:
    assert is_blank(text)
