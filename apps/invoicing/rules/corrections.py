"""What may be put right on an issued invoice without a change of money: who the buyer is, and what is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apps.core.errors import Refused

PLAIN: Final = {
    "name": 160,
    "street": 160,
    "post_code": 16,
    "city": 80,
    "buyer_reference": 60,
    "order_number": 60,
}
"""Characters of what is said of the buyer and by the buyer, as an organisation's data have them."""
LONGEST_VAT_NUMBER: Final = 20
LONGEST_NAME: Final = 160
LONGEST_DESCRIPTION: Final = 4_000
LARGEST: Final = 40
"""Lines of an invoice whose words are put right one by one; of more only the rest is."""


@dataclass(frozen=True, slots=True)
class Words:
    """All that can be put right, as it stands on a document or as it shall: the buyer (BT-44, BT-50, BT-53, BT-52,
    BT-48), its reference (BT-10) and order (BT-13), and of each line its name and description (BT-153, BT-154)."""

    name: str
    street: str
    post_code: str
    city: str
    vat_number: str
    buyer_reference: str
    order_number: str
    lines: tuple[tuple[str, str], ...] = ()


def changes(before: Words, after: Words) -> tuple[tuple[str, str], ...]:
    """What differs, each as it was and as it is, in the order of the document; refused where nothing does, and where
    something would be missing that every invoice bears (Directive 2006/112/EC, article 226, points 5 and 6)."""
    if not after.name or not after.street or not after.city:
        raise Refused("An invoice bears the full name and address of the buyer. Enter them.", field="buyer_name")
    if not all(name for name, _description in after.lines):
        raise Refused("Each line says what it bills. Enter it.")
    found = tuple(_differing(before, after))
    if not found:
        raise Refused("Nothing differs from what the invoice says. Change what is wrong on it.")
    return found


def paired(right: Words, was: Words) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """The words of each line as they shall stand and as they stood."""
    if len(right.lines) != len(was.lines):
        raise Refused("A corrected invoice has the lines of its invoice. Change their words only.")
    yield from zip(right.lines, was.lines, strict=True)


def _differing(before: Words, after: Words) -> Iterator[tuple[str, str]]:
    if before.name != after.name:
        yield before.name, after.name
    if _address(before) != _address(after):
        yield _address(before), _address(after)
    for one, other in (
        (before.vat_number, after.vat_number),
        (before.buyer_reference, after.buyer_reference),
        (before.order_number, after.order_number),
        *(pair for old, new in zip(before.lines, after.lines, strict=True) for pair in zip(old, new, strict=True)),
    ):
        if one != other:
            yield one, other


def _address(words: Words) -> str:
    return ", ".join(part for part in (words.street, f"{words.post_code} {words.city}".strip()) if part)
