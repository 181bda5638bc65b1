"""How a PDF carries an invoice's XML: the file's name, and what the metadata says of it.

Source: Factur-X 1.0, chapter 6; ZUGFeRD names the same.
"""

from typing import Final

from apps.core.printing.parts import ALTERNATIVE, Inside, Property, Schema
from apps.invoicing.einvoice import codes

XML_NAME: Final = "factur-x.xml"
"""The name that Factur-X and ZUGFeRD prescribe for the file inside."""
NAMESPACE: Final = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
CONFORMANCE: Final = {codes.PROFILE: "EN 16931", codes.EXTENDED: "EXTENDED"}
"""How Factur-X calls its profiles, by their identifiers (BT-24)."""


def schema(profile: str) -> Schema:
    """What the metadata says of the file inside, which keeps this profile (BT-24)."""
    return Schema(
        "Factur-X",
        NAMESPACE,
        "fx",
        [
            Property("DocumentFileName", XML_NAME, "Text", "external", "Name of the embedded XML file"),
            Property("DocumentType", "INVOICE", "Text", "external", "Type of the document in the XML file"),
            Property("Version", "1.0", "Text", "external", "Version of the standard that the XML file keeps"),
            Property("ConformanceLevel", CONFORMANCE[profile], "Text", "external", "Profile of that standard"),
        ],
    )


def inside(xml: bytes) -> Inside:
    """The XML as another form of the same invoice."""
    return Inside(XML_NAME, "text/xml", "Factur-X: the invoice as EN 16931 XML", ALTERNATIVE, xml)
