"""Colours that can be read, and pictures that are drawn anew."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from apps.core import images
from apps.core.errors import Refused
from apps.parties import branding

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_wcag() -> None:
    assert branding.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert branding.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert branding.contrast("#0b5a6a", "#0b5a6a") == 1


@given(COLOURS)
def test_what_is_taken_can_be_read_everywhere_and_what_is_refused_says_what_can(colour: str) -> None:
    """White on it, it on white and on its own tint, and its lighter form in the dark: at least 4.5 to 1."""
    try:
        taken = branding.accent(colour.upper())
    except Refused as refused:
        taken = branding.accent(str(refused.parts["darker"]))
    assert branding.contrast("#ffffff", taken) >= branding.ENOUGH
    assert branding.contrast(branding.tint(taken), taken) >= branding.ENOUGH
    assert branding.contrast(branding.DARK_GROUND, branding.on_dark(taken)) >= branding.ENOUGH


@pytest.mark.parametrize("written", ["red", "#fff", "#12345g", "#0b5a6a;}", "0b5a6a"])
def test_what_is_no_colour_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="as # and six digits"):
        branding.accent(written)
    assert branding.accent(" ") == ""


def test_the_line_for_the_foot_is_one_line() -> None:
    assert branding.foot_line(" Amtsgericht Hamburg\n HRB 148801 ") == "Amtsgericht Hamburg HRB 148801"
    for written, words in (("x" * 161, "more than 160"), ("HRB\u202e108", "cannot be seen")):
        with pytest.raises(Refused, match=words):
            branding.foot_line(written)


def picture(kind: str, size: tuple[int, int] = (1200, 300)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 64).convert("RGB").save(out, format=kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_drawn_anew_and_small(kind: str) -> None:
    """Nothing of the file is left but its pixels, not even what stands behind them."""
    drawn = images.redrawn(picture(kind) + b"<script>evil</script>", field="logo")
    assert b"evil" not in drawn
    with Image.open(io.BytesIO(drawn)) as kept:
        assert (kept.format, kept.size) == ("PNG", (600, 150))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "PNG, JPEG or WebP"),
        (b"", "PNG, JPEG or WebP"),
        (picture("GIF", (10, 10)), "PNG, JPEG or WebP"),
        (picture("PNG")[:200], "PNG, JPEG or WebP"),
        (b"x" * (images.LARGEST + 1), "more than 2 MB"),
    ],
    ids=["svg", "nothing", "gif", "half", "large"],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        images.redrawn(content, field="logo")


def test_a_picture_that_unfolds_to_gigabytes_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, format="PNG", optimize=True)
    assert len(out.getvalue()) < images.LARGEST
    with pytest.raises(Refused, match="PNG, JPEG or WebP"):
        images.redrawn(out.getvalue(), field="logo")
