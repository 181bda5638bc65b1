"""How elements of the Cross Industry Invoice are made: none that is empty."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from apps.invoicing.einvoice import texts

RSM: Final = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM: Final = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT: Final = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
QDT: Final = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
NAMESPACES: Final = {"rsm": RSM, "ram": RAM, "udt": UDT, "qdt": QDT}
CALENDAR_DAY: Final = "102"
"""How a date is written (UNTDID 2379): CCYYMMDD."""

Element = etree._Element


def amount(name: str, amount: Decimal, currency: str, **attributes: str) -> Element | None:
    """With the digits of the currency; an amount that has more of them was not rounded where it had to be."""
    return text(name, texts.figure(name, amount, currency), **attributes)


def day(value: date, *, namespace: str = UDT) -> Element:
    element = etree.Element(f"{{{namespace}}}DateTimeString", {"format": CALENDAR_DAY})
    element.text = f"{value:%Y%m%d}"
    return element


def text(name: str, words: str, **attributes: str) -> Element | None:
    """An element with text; None where there is nothing to say, because EN 16931 refuses empty elements."""
    cleaned = texts.cleaned(words)
    if not cleaned:
        return None
    element = etree.Element(f"{{{RAM}}}{name}", attributes)
    element.text = cleaned
    return element


def ram(name: str, *children: Element | None) -> Element:
    return filled(etree.Element(f"{{{RAM}}}{name}"), children)


def rsm(name: str, *children: Element | None) -> Element:
    return filled(etree.Element(f"{{{RSM}}}{name}"), children)


def filled(parent: Element, children: Iterable[Element | None]) -> Element:
    parent.extend(child for child in children if child is not None)
    return parent
