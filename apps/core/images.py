"""Pictures that people upload, made anew: what is kept is drawn from the pixels and holds nothing else of the file.

The decoder reads what others wrote, so it is a child process with limits; a web process never loads it.
"""

import io
from typing import Any, Final

from django.utils.translation import gettext_noop as _

from apps.core.child import Child, ChildError, serve
from apps.core.errors import Refused

LARGEST: Final = 2 * 2**20
"""Bytes of a picture that is uploaded."""
MOST_PIXELS: Final = 16_000_000
WIDEST, HIGHEST = 600, 200
"""Pixels of what is kept: sharp on paper at 25 mm high and on every screen."""
MOST_KEPT: Final = 60_000
"""Bytes from which on 256 colours must do: it goes with every document, page and mail."""
FORMATS: Final = ("PNG", "JPEG", "WEBP")
MEMORY: Final = 2**30
SECONDS: Final = 20.0


def redrawn(content: bytes, *, field: str) -> bytes:
    """A PNG of the picture, no larger than it is shown; refused when it is none of the known kinds, SVG included."""
    if len(content) > LARGEST:
        raise Refused("The picture has more than {most} MB. Choose a smaller one.", field=field, most=LARGEST // 2**20)
    child = Child("apps.core.images", memory=MEMORY, seconds=SECONDS)
    try:
        (png,) = child.ask(content)
    except ChildError as error:
        raise Refused(
            _("This is no picture that can be shown. Choose a PNG, JPEG or WebP file."), field=field
        ) from error
    finally:
        # A logo changes once in years: nothing stays warm for the next.
        child.close()
    return png


def _redraw(question: list[bytes]) -> list[bytes]:
    # Only this child needs it.
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    (content,) = question
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise ValueError("more pixels than any logo has")
        drawn = ImageOps.exif_transpose(opened).convert("RGBA")
    drawn.thumbnail((WIDEST, HIGHEST), Image.Resampling.LANCZOS)
    clean = Image.new("RGBA", drawn.size)
    clean.paste(drawn)
    written = _written(clean)
    if len(written) > MOST_KEPT:
        written = _written(clean.quantize(256, method=Image.Quantize.FASTOCTREE))
    return [written]


def _written(picture: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    serve(_redraw)
