"""Bare WeasyPrint, warm in a process of its own: a page and its file become a PDF of the same kind, and nothing else.

No limits, no check of what the page may fetch, no metadata of the standard, nothing stored or recorded.
"""

import io
from functools import cache
from pathlib import Path

from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

from apps.core.child import serve

STATIC = Path(__file__).resolve().parents[2] / "static"


def _printed(question: list[bytes]) -> list[bytes]:
    html, xml = question
    fonts, sheet = _warm()
    page = HTML(string=html.decode(), base_url=f"{STATIC.as_uri()}/")
    beside = Attachment(file_obj=io.BytesIO(xml), name="factur-x.xml", relationship="Alternative")
    pdf: bytes = page.write_pdf(
        stylesheets=[sheet], font_config=fonts, attachments=[beside], pdf_variant="pdf/a-3a", pdf_tags=True
    )
    return [pdf]


@cache
def _warm() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(filename=str(STATIC / "documents" / "invoice.css"), font_config=fonts)


if __name__ == "__main__":
    serve(_printed)
