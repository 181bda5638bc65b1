"""Why a supply bears no tax: the code list VATEX of EN 16931 (BT-121), and the words of the parties (BT-120).

Sources: VATEX, the code list for VAT exemption reasons that the European Commission keeps for EN 16931 (CEF), in the
extent that BR-CL-22 lets pass; EN 16931, BR-E-10, BR-AE-10, BR-IC-10, BR-G-10 and BR-O-10 (these categories have a
reason), BR-S-10 and BR-Z-10 (these have none); Directive 2006/112/EC, article 226, points 11 and 11a.
"""

from dataclasses import dataclass, fields
from typing import Final

LONGEST_CODE: Final = 24
LONGEST_REASON: Final = 200
"""What fits beside the totals of a page, and into the field of every receiver."""

EXEMPT: Final = "E"
REVERSE_CHARGE: Final = "AE"
OF_CATEGORY: Final = {
    REVERSE_CHARGE: "VATEX-EU-AE",
    "K": "VATEX-EU-IC",
    "G": "VATEX-EU-G",
    "O": "VATEX-EU-O",
}
"""The code that a category has where no other is agreed; what is exempt has none of its own."""
WITH_REASON: Final = frozenset({EXEMPT, *OF_CATEGORY})
"""Categories that say why they bear no tax; the standard and the zero rate must not (BR-S-10, BR-Z-10)."""

ARTICLES: Final = {
    "79-C": "79(c)",
    "132": "132",
    **{f"132-1{letter.upper()}": f"132(1)({letter})" for letter in "abcdefghijklmnopq"},
    "135-1": "135(1)",
    "143": "143",
    **{f"143-1{letter.upper()}": f"143(1)({letter})" for letter in "abcdef"},
    "143-1FA": "143(1)(fa)",
    **{f"143-1{letter.upper()}": f"143(1)({letter})" for letter in "ghijkl"},
    "144": "144",
    "146-1E": "146(1)(e)",
    "148": "148",
    **{f"148-{letter.upper()}": f"148({letter})" for letter in "abcdefg"},
    "151": "151",
    "151-1A": "151(1)(a)",
    "151-1AA": "151(1)(aa)",
    **{f"151-1{letter.upper()}": f"151(1)({letter})" for letter in "bcde"},
    "153": "153",
    "159": "159",
    "309": "309",
}
"""What of a code follows ``VATEX-EU-``, and the article of Directive 2006/112/EC that it names."""
FRENCH: Final = {
    **{f"CGI261-{number}": f"261, {number}" for number in (1, 2, 3, 4, 5, 7, 8)},
    "CGI261A": "261 A",
    "CGI261B": "261 B",
    **{f"CGI261C-{number}": f"261 C, {number}°" for number in (1, 2, 3)},
    "CGI261D-1": "261 D, 1°",
    "CGI261D-1BIS": "261 D, 1° bis",
    **{f"CGI261D-{number}": f"261 D, {number}°" for number in (2, 3, 4)},
    **{f"CGI261E-{number}": f"261 E, {number}°" for number in (1, 2)},
    "CGI275": "275",
    "CGI277A": "277 A",
    "CGI295": "295",
    "298SEXDECIESA": "298 sexdecies A",
    "AE": "283, 2",
}
"""The same of ``VATEX-FR-`` and of the articles of the French tax code (Code général des impôts)."""
MARGINS: Final = ("D", "F", "I", "J")
"""What follows ``VATEX-EU-`` where a margin is taxed: of travel agents, second-hand goods, works of art, antiques."""
EUROPEAN: Final = tuple(f"VATEX-EU-{rest}" for rest in (*ARTICLES, *MARGINS))
OF_FRANCE: Final = (
    *("VATEX-FR-FRANCHISE", "VATEX-FR-CNWVAT"),
    *(f"VATEX-FR-{rest}" for rest in FRENCH if rest != "AE"),
)
CODES: Final[dict[str, tuple[str, ...]]] = {
    EXEMPT: (*EUROPEAN, *OF_FRANCE),
    **{category: (code,) for category, code in OF_CATEGORY.items()},
    REVERSE_CHARGE: (OF_CATEGORY[REVERSE_CHARGE], "VATEX-FR-AE"),
}
"""The codes that say why supplies of a category bear no tax."""
CATEGORY_OF: Final = {code: category for category, codes in CODES.items() for code in codes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Why a supply bears no tax: a code of VATEX (``exemption_code``), words of the parties (``exemption_reason``)."""

    exemption_code: str = ""
    exemption_reason: str = ""


EXEMPTION: Final = tuple(one.name for one in fields(Exemption))
"""How both are called, wherever they are said."""


def code_of(category: str, agreed: str = "") -> str:
    """The code of a document (BT-121): the one that is agreed, else that of the category; what is exempt has none."""
    return agreed or OF_CATEGORY.get(category, "")
