"""Everything that must be true of a stored document: of its bytes, of its XML, of its PDF, and of both together."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import translation

from apps.core import canonical, money
from apps.invoicing import release_page, release_statement, snapshot
from apps.invoicing.einvoice import codes, conformance, given, reading, recomputation, standard, terms, ubl
from apps.invoicing.einvoice.lacks import lacks_of
from apps.invoicing.einvoice.obstacles import Obstacle, obstacle_of
from apps.invoicing.einvoice.paper import XML_NAME, Paper
from apps.invoicing.einvoice.profiles import PROFILES
from apps.invoicing.einvoice.reading import UnreadableError, Written


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is kept: the snapshot that it was made from, its bytes, and what was noted of them."""

    snapshot: str
    pdf: bytes
    sha256: str
    size: int
    xml: bytes
    xml_sha256: str
    xml_size: int
    obstacle: str


def findings(stored: Stored) -> list[str]:
    """What is wrong with a document, in words; empty when it is as it must be."""
    return list(_findings(stored))


def _findings(stored: Stored) -> Iterator[str]:
    yield from _bytes(stored)
    if release_statement.is_one(stored.snapshot):
        yield from _of_release(stored)
        return
    said = snapshot.read(stored.snapshot)
    if (obstacle_of(said) or "") != stored.obstacle:
        yield f"its obstacle is noted as {stored.obstacle or 'none'}, the snapshot says {obstacle_of(said) or 'none'}"
    try:
        paper = Paper(stored.pdf)
    except ValueError as error:
        yield str(error)
        return
    yield from paper.claims_missing(has_xml=bool(stored.xml))
    yield from paper.broken()
    yield from conformance.findings(stored.pdf)
    if not stored.xml:
        if paper.attached() or paper.associations():
            yield "the PDF carries a file, but the document has no XML"
        return
    yield from _attachment(paper, stored.xml)
    try:
        written = reading.read(stored.xml)
    except UnreadableError as error:
        yield f"the XML cannot be read: {error}"
        return
    yield from (f"schema: {finding}" for finding in standard.against_schema(stored.xml))
    yield from (f"business rules: {finding}" for finding in standard.against_rules(stored.xml))
    yield from recomputation.differences(written, before=_credited_before(said))
    yield from _against_snapshot(written, said)
    yield from paper.unsaid(written)
    yield from _exports(stored.xml, said)


def _exports(xml: bytes, said: snapshot.SemanticInvoice) -> Iterator[str]:
    """Each form of UBL in which the invoice can be had: sound by itself, and saying what the XML in the PDF says."""
    terms_inside = terms.of(xml)
    for profile in PROFILES.values():
        if lacks_of(said, profile):
            continue
        export = ubl.write(said, profile)
        found = [
            *given.of_sound(export, before=_credited_before(said)),
            *terms.differences(terms_inside, terms.of(export)),
        ]
        yield from (f"as {profile.name}: {finding}" for finding in found)


def _credited_before(said: snapshot.SemanticInvoice) -> recomputation.Before:
    rows = said.preceding.credited if said.preceding is not None else ()
    return {(row.category, row.rate): row.taxable for row in rows}


def _of_release(stored: Stored) -> Iterator[str]:
    """A statement of retention has no XML; its pages say what its snapshot does, and that adds up."""
    said = release_statement.read(stored.snapshot)
    if stored.obstacle != Obstacle.RETENTION or stored.xml:
        yield "it is a statement of retention, which has no XML, and is noted otherwise"
    if money.total(one.amount for one in said.shares) != said.totals.gross or said.totals.tax:
        yield f"its shares do not add up to {said.totals.gross} {said.currency}, or it bears tax"
    try:
        paper = Paper(stored.pdf)
    except ValueError as error:
        yield str(error)
        return
    yield from paper.claims_missing(has_xml=False)
    yield from paper.broken()
    yield from conformance.findings(stored.pdf)
    if paper.attached() or paper.associations():
        yield "the PDF carries a file, but the document has no XML"
    with translation.override(said.language):
        page = release_page.page_of(said)
    told = [page.number, page.due, page.due_on, page.total, *(one.number for one in page.rows)]
    told += [one.amount for one in page.rows]
    yield from (f"{words} stands in the snapshot and on no page" for words in told if not paper.says(words))


def _bytes(stored: Stored) -> Iterator[str]:
    files = [("PDF", stored.pdf, stored.sha256, stored.size)]
    if stored.xml or stored.xml_sha256:
        files.append(("XML", stored.xml, stored.xml_sha256, stored.xml_size))
    for name, content, sha256, size in files:
        found = canonical.sha256(content)
        if (found, len(content)) != (sha256, size):
            yield f"the {name} is not what was stored: {size} bytes {sha256} then, {len(content)} bytes {found} now"


def _attachment(paper: Paper, xml: bytes) -> Iterator[str]:
    """The same XML inside as beside, once, as an alternative of what the pages say."""
    attached = paper.attached()
    if [name for name, _content in attached] != [XML_NAME]:
        yield f"the PDF carries {[name for name, _content in attached]} instead of one {XML_NAME}"
    elif attached[0][1] != xml:
        yield "the XML inside the PDF is not the XML beside it"
    if paper.associations() != ["/Alternative"]:
        yield f"the associated files are {paper.associations()} instead of one that is /Alternative"


def _against_snapshot(written: Written, said: snapshot.SemanticInvoice) -> Iterator[str]:
    """XML and snapshot say the same: who, when, how much."""
    totals, period = said.totals, said.period
    pairs = {
        "the number": (written.number, said.number),
        "the type": (written.type_code, codes.type_code(said)),
        "the date": (written.issued_on, said.issue_date),
        "the due date": (written.due_on, said.payable_by),
        "the invoice that is corrected": (written.preceding, said.referred[0][0] if said.referred else ""),
        "its date": (written.preceding_on, said.referred[0][1] if said.referred else None),
        "the date of supply": (written.delivered_on, said.acceptance.accepted_on if said.acceptance else None),
        "the billing period": (written.period, period),
        "the currency": (written.currency, said.currency),
        "the buyer's reference": (written.buyer_reference, said.buyer_reference),
        "the order number": (written.order_number, said.order_number),
        "the net total": (written.net, totals.net),
        "the tax": (written.tax, totals.tax),
        "the total": (written.gross, totals.gross),
        "the amount due": (written.due, totals.due),
        "the number of lines": (len(written.lines), len(said.lines)),
    }
    for term, (found, expected) in pairs.items():
        if found != expected:
            yield f"{term} is {found} in the XML and {expected} in the snapshot"
