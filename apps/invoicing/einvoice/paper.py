"""The PDF of an invoice as a checker sees it: what a person reads in it, what it claims to be, what it carries inside.

Figures and dates are written here anew from the XML, so that page and XML are two witnesses and not one.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from babel.dates import format_date
from lxml import etree

from apps.core import money, texts
from apps.core.printing import structure
from apps.invoicing import factur_x
from apps.invoicing.einvoice import codes, standard
from apps.invoicing.einvoice.reading import Written

XML_NAME: Final = "factur-x.xml"
LANGUAGES: Final = {"en": ("en_GB", ",", "."), "de": ("de_DE", ".", ",")}
"""By language of the document: how days are written, and what parts thousands and decimals."""


class Paper:
    """An opened PDF. A file that is none is a ``ValueError``."""

    def __init__(self, content: bytes) -> None:
        self._reader = structure.opened(content)
        if self._reader.is_encrypted:
            raise ValueError("the PDF is encrypted")
        root: Any = self._reader.trailer["/Root"]
        self._catalog = root.get_object()
        self.text = "".join(_bare(page.extract_text()) for page in self._reader.pages)
        """What stands on all pages, without any white space: a word may be broken anywhere."""
        self.language = str(self._catalog.get("/Lang", ""))

    def claims_missing(self, *, has_xml: bool) -> list[str]:
        """What the file must say of itself and does not: PDF/A-3a, PDF/UA-1, and Factur-X when it carries XML."""
        return [f"the PDF does not say {claim}" for claim, stands in self._claims(has_xml=has_xml) if not stands]

    def broken(self) -> list[str]:
        """What of its structure is not as PDF/A-3a and PDF/UA-1 ask."""
        return list(structure.broken(self._reader))

    def attached(self) -> list[tuple[str, bytes]]:
        """The files inside, by name."""
        return [(name, content) for name, contents in self._reader.attachments.items() for content in contents]

    def associations(self) -> list[str]:
        """How each associated file (``/AF``) relates to the document."""
        return [str(entry.get_object().get("/AFRelationship", "")) for entry in self._catalog.get("/AF", [])]

    def says(self, words: str) -> bool:
        """Whether these words stand on a page: a sign that no font could draw, by its number."""
        return "".join(sign if sign in self.text else texts.named(sign) for sign in _bare(words)) in self.text

    def unsaid(self, written: Written) -> list[str]:
        """What the XML says and no page does."""
        if self.language not in LANGUAGES:
            return [f"the PDF is in a language that cannot be compared: {self.language or 'none'}"]
        return [
            f"{term} {words} stands in the XML and on no page"
            for term, words in _expected(written, self.language)
            if not self.says(words)
        ]

    def _claims(self, *, has_xml: bool) -> Iterator[tuple[str, bool]]:
        yield from structure.claims(self._reader, describes=[factur_x.NAMESPACE] if has_xml else [])
        rdf = structure.first_rdf(self._reader)
        names = ("DocumentFileName", "DocumentType", "Version", "ConformanceLevel")
        told = tuple(structure.said(rdf, factur_x.NAMESPACE, name) for name in names)
        expected = (XML_NAME, "INVOICE", "1.0", self._level()) if has_xml else ("", "", "", "")
        yield "which file inside is the invoice", told == expected

    def _level(self) -> str:
        """How Factur-X calls the profile that the XML inside says to keep."""
        xml = dict(self.attached()).get(XML_NAME, b"")
        try:
            said = standard.specification(standard.parsed(xml))
        except etree.XMLSyntaxError:
            said = ""
        return factur_x.CONFORMANCE.get(said, factur_x.CONFORMANCE[codes.PROFILE])


def _bare(words: str) -> str:
    return "".join(texts.without_shape(words).split())


def _expected(written: Written, language: str) -> Iterator[tuple[str, str]]:
    yield "the number", written.number
    yield "the date", _day(written.issued_on, language)
    if written.due_on is not None:
        yield "the due date", _day(written.due_on, language)
    if written.preceding_on is not None:
        yield "the invoice that is corrected", written.preceding
        yield "its date", _day(written.preceding_on, language)
    if written.delivered_on is not None:
        yield "the date of supply", _day(written.delivered_on, language)
    for day in written.period or ():
        yield "the billing period", _day(day, language)
    for term, name in (("the seller", written.seller), ("the buyer", written.buyer), ("the payee", written.payee)):
        if name:
            yield term, name
    yield "the buyer's reference", written.buyer_reference
    yield "the order number", written.order_number
    yield "the account", written.account
    yield "the payment reference", written.remittance
    yield "the terms", written.terms
    for line in written.lines:
        yield "the item", line.name
        yield "its net amount", _figure(line.net, written.currency, language)
    for row in written.taxes:
        yield "the tax", _figure(row.tax, written.currency, language)
        yield "the reason", row.reason
    yield "the net total", _figure(written.net, written.currency, language)
    yield "the total", f"{_figure(written.gross, written.currency, language)} {written.currency}"
    yield "the amount due", f"{_figure(written.due, written.currency, language)} {written.currency}"


def _day(value: date, language: str) -> str:
    return format_date(value, "long", locale=LANGUAGES[language][0])


def _figure(amount: Decimal, currency: str, language: str) -> str:
    _locale, thousands, decimals = LANGUAGES[language]
    english = f"{amount:,.{money.digits(currency)}f}"
    return english.replace(",", "\0").replace(".", decimals).replace("\0", thousands)
