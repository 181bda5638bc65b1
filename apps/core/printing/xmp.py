"""The metadata of a PDF (XMP): which standards it keeps, and what it says of the files inside.

PDF/A knows neither PDF/UA's identifier nor the properties of others, so all are described by extension schemas
(ISO 19005-3, 6.6.2.3.3). Source: ISO 14289-1, clause 5.
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from apps.core.printing.parts import Property, Schema

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PDFA: Final = "http://www.aiim.org/pdfa/ns/id/"
PDFUA: Final = "http://www.aiim.org/pdfua/ns/id/"
EXTENSION: Final = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA: Final = "http://www.aiim.org/pdfa/ns/schema#"
PROPERTY: Final = "http://www.aiim.org/pdfa/ns/property#"
UA: Final = Schema(
    "PDF/UA identification",
    PDFUA,
    "pdfuaid",
    [Property("part", "1", "Integer", "internal", "Part of ISO 14289 that is kept")],
)

Element = etree._Element


def completed(rdf: bytes, says: Sequence[Schema]) -> bytes:
    """The RDF with PDF/UA-1 and what else is said: properties, and the schemas that describe them."""
    root = etree.fromstring(rdf)
    schemas = [UA, *says]
    for schema in schemas:
        _description(root, schema)
    _extensions(root, schemas)
    return etree.tostring(root, encoding="utf-8")


def _description(root: Element, schema: Schema) -> None:
    spaces = {schema.prefix: schema.namespace}
    element = etree.SubElement(root, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}, nsmap=spaces)
    for one in schema.properties:
        etree.SubElement(element, f"{{{schema.namespace}}}{one.name}").text = one.value


def _extensions(root: Element, schemas: Sequence[Schema]) -> None:
    spaces = {"pdfaExtension": EXTENSION, "pdfaSchema": SCHEMA, "pdfaProperty": PROPERTY}
    element = etree.SubElement(root, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}, nsmap=spaces)
    bag = etree.SubElement(etree.SubElement(element, f"{{{EXTENSION}}}schemas"), f"{{{RDF}}}Bag")
    bag.extend(_schema(schema) for schema in schemas)


def _schema(told: Schema) -> Element:
    schema = _resource()
    for term, value in (("schema", told.name), ("namespaceURI", told.namespace), ("prefix", told.prefix)):
        etree.SubElement(schema, f"{{{SCHEMA}}}{term}").text = value
    sequence = etree.SubElement(etree.SubElement(schema, f"{{{SCHEMA}}}property"), f"{{{RDF}}}Seq")
    for one in told.properties:
        entry = _resource()
        described = (one.name, one.value_type, one.category, one.description)
        for term, value in zip(("name", "valueType", "category", "description"), described, strict=True):
            etree.SubElement(entry, f"{{{PROPERTY}}}{term}").text = value
        sequence.append(entry)
    return schema


def _resource() -> Element:
    return etree.Element(f"{{{RDF}}}li", {f"{{{RDF}}}parseType": "Resource"})
