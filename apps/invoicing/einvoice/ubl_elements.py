"""How elements of UBL are made: none that is empty."""

from collections.abc import Iterable
from decimal import Decimal

from lxml import etree

from apps.invoicing.einvoice import texts
from apps.invoicing.einvoice.names import CAC, CBC

Element = etree._Element


def amount(name: str, value: Decimal, currency: str) -> Element | None:
    """An element with an amount of a currency, of which it has all decimals."""
    return text(name, texts.figure(name, value, currency), currencyID=currency)


def text(name: str, words: str, /, **attributes: str) -> Element | None:
    """An element with text; None where there is nothing to say, because empty elements are refused."""
    cleaned = texts.cleaned(words)
    if not cleaned:
        return None
    element = etree.Element(f"{{{CBC}}}{name}", attributes)
    element.text = cleaned
    return element


def cac(name: str, *children: Element | None) -> Element:
    """An element that holds others, those of them that there are."""
    return filled(etree.Element(f"{{{CAC}}}{name}"), children)


def filled(parent: Element, children: Iterable[Element | None]) -> Element:
    """The parent with the children that there are."""
    parent.extend(child for child in children if child is not None)
    return parent
