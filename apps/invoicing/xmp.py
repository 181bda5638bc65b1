"""The metadata of an invoice's PDF (XMP): which standards it keeps, and which file inside is the invoice as XML.

PDF/A knows neither PDF/UA's identifier nor Factur-X's properties, so both are described by extension schemas
(ISO 19005-3, 6.6.2.3.3). Sources: ISO 14289-1, clause 5; Factur-X 1.0, chapter 6.
"""

from typing import Final

from lxml import etree

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PDFA: Final = "http://www.aiim.org/pdfa/ns/id/"
PDFUA: Final = "http://www.aiim.org/pdfua/ns/id/"
FACTUR_X: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
EXTENSION: Final = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA: Final = "http://www.aiim.org/pdfa/ns/schema#"
PROPERTY: Final = "http://www.aiim.org/pdfa/ns/property#"
CONFORMANCE: Final = "EN 16931"
"""How Factur-X calls the profile whose identifier (BT-24) is that of EN 16931."""

Described = tuple[str, str, str, str]
"""A property: name, type, category, description."""
UA_PROPERTIES: Final[tuple[Described, ...]] = (("part", "Integer", "internal", "Part of ISO 14289 that is kept"),)
FX_PROPERTIES: Final[tuple[Described, ...]] = (
    ("DocumentFileName", "Text", "external", "Name of the embedded XML file"),
    ("DocumentType", "Text", "external", "Type of the document in the XML file"),
    ("Version", "Text", "external", "Version of the standard that the XML file keeps"),
    ("ConformanceLevel", "Text", "external", "Profile of the standard that the XML file keeps"),
)

Element = etree._Element


def completed(rdf: bytes, *, xml_name: str) -> bytes:
    """The RDF with PDF/UA-1 and, when a file is named, Factur-X: properties and the schemas that describe them."""
    root = etree.fromstring(rdf)
    schemas = [_schema("PDF/UA identification", PDFUA, "pdfuaid", UA_PROPERTIES)]
    _description(root, "pdfuaid", PDFUA, {"part": "1"})
    if xml_name:
        schemas.append(_schema("Factur-X", FACTUR_X, "fx", FX_PROPERTIES))
        said = {
            "DocumentFileName": xml_name,
            "DocumentType": "INVOICE",
            "Version": "1.0",
            "ConformanceLevel": CONFORMANCE,
        }
        _description(root, "fx", FACTUR_X, said)
    _extensions(root, schemas)
    return etree.tostring(root, encoding="utf-8")


def _description(root: Element, prefix: str, namespace: str, properties: dict[str, str]) -> None:
    element = etree.SubElement(root, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}, nsmap={prefix: namespace})
    for name, value in properties.items():
        etree.SubElement(element, f"{{{namespace}}}{name}").text = value


def _extensions(root: Element, schemas: list[Element]) -> None:
    spaces = {"pdfaExtension": EXTENSION, "pdfaSchema": SCHEMA, "pdfaProperty": PROPERTY}
    element = etree.SubElement(root, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}, nsmap=spaces)
    bag = etree.SubElement(etree.SubElement(element, f"{{{EXTENSION}}}schemas"), f"{{{RDF}}}Bag")
    bag.extend(schemas)


def _schema(name: str, namespace: str, prefix: str, properties: tuple[Described, ...]) -> Element:
    schema = _resource()
    for term, value in (("schema", name), ("namespaceURI", namespace), ("prefix", prefix)):
        etree.SubElement(schema, f"{{{SCHEMA}}}{term}").text = value
    sequence = etree.SubElement(etree.SubElement(schema, f"{{{SCHEMA}}}property"), f"{{{RDF}}}Seq")
    for described in properties:
        entry = _resource()
        for term, value in zip(("name", "valueType", "category", "description"), described, strict=True):
            etree.SubElement(entry, f"{{{PROPERTY}}}{term}").text = value
        sequence.append(entry)
    return schema


def _resource() -> Element:
    return etree.Element(f"{{{RDF}}}li", {f"{{{RDF}}}parseType": "Resource"})
