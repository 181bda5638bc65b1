"""What is wrong with an e-invoice that somebody hands over as a file: CII, UBL, or a PDF that carries one of them."""

from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from apps.core.child import ChildFailed
from apps.invoicing.einvoice import conformance, names, profile_rules, recomputation, standard, ubl_reading
from apps.invoicing.einvoice.cii_elements import RAM
from apps.invoicing.einvoice.paper import XML_NAME, Paper
from apps.invoicing.einvoice.reading import UnreadableError

PDF = b"%PDF-"


def findings(content: bytes) -> list[str]:
    """Schema, business rules of EN 16931, rules of the form that it says to have, and every total
    computed again, where there are no allowances and charges.

    The file may come from anybody: nothing is fetched, and a document type definition is refused.
    """
    return list(_of_pdf(content) if content.startswith(PDF) else _of_xml(content))


def _of_pdf(content: bytes) -> Iterator[str]:
    try:
        paper = Paper(content)
    except ValueError as error:
        yield str(error)
        return
    yield from paper.claims_missing(has_xml=True)
    yield from conformance.findings(content)
    attached = dict(paper.attached())
    if XML_NAME not in attached:
        yield f"the PDF carries no {XML_NAME}"
        return
    yield from _of_xml(attached[XML_NAME])


def _of_xml(content: bytes) -> Iterator[str]:
    try:
        root = standard.parsed(content)
    except etree.XMLSyntaxError as error:
        yield f"this is no XML: {error}"
        return
    # The stubs do not know of the attribute.
    if cast("Any", root.getroottree().docinfo).doctype:
        yield "it has a document type definition, which no e-invoice has and no reader should follow"
        return
    # In the encoding that every checker reads, whichever it came in.
    yield from of_sound(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def of_sound(xml: bytes, *, before: recomputation.Before = recomputation.NOTHING) -> Iterator[str]:
    """The same of XML that is known to be harmless, in UTF-8; ``before`` is what was credited already."""
    yield from (f"schema: {finding}" for finding in standard.against_schema(xml))
    try:
        written = ubl_reading.of_either(xml)
        broken = standard.against_rules(xml)
    except (UnreadableError, ChildFailed) as error:
        # The rules compute too: they stumble over words where a figure belongs.
        yield f"the XML cannot be read: {error}"
        return
    yield from (f"business rules: {finding}" for finding in broken)
    if standard.is_ubl(standard.parsed(xml)):
        yield from profile_rules.findings(xml)
    if not _has_allowances(xml):
        yield from recomputation.differences(written, before=before)


def _has_allowances(xml: bytes) -> bool:
    """Whether there are allowances or charges, which no invoice of this product has and which are not recomputed."""
    return any(standard.parsed(xml).iter(f"{{{names.CAC}}}AllowanceCharge", f"{{{RAM}}}SpecifiedTradeAllowanceCharge"))
