"""An invoice of one line fits one page, with a scope of eight lines and all that stands around it."""

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from apps.invoicing import documents, snapshot
from tests.invoicing.samples import sample

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango", allow_module_level=True)

SCOPE = "\n".join(f"{number}. Part of what is delivered, as the contract describes it." for number in range(1, 9))


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_invoice_of_one_line_is_one_page(language: str) -> None:
    invoice = replace(sample(), language=language)
    invoice = replace(invoice, lines=(replace(invoice.lines[0], description=SCOPE),))
    content = documents.made_of(snapshot.write(invoice)).pdf
    (page,) = PdfReader(BytesIO(content)).pages
    assert "8. Part of what is delivered" in page.extract_text()
    assert "DE89" in page.extract_text()  # how to pay stands on it too
