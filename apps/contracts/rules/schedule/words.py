"""The few words that a cell may hold in the place of a number or a mark, in English and German."""

from collections.abc import Mapping
from typing import Final

from apps.contracts.criteria import OBJECTIVE, SUBJECTIVE
from apps.contracts.rules.plan import AMOUNT, PERCENT, REMAINDER, TOTAL
from apps.contracts.rules.review import ACCEPTED, ESCALATES, INTEREST, REJECTED, SILENCES
from apps.contracts.rules.schedule.columns import normal
from apps.core.errors import Refused

BASES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {PERCENT: "percent", AMOUNT: "amount", REMAINDER: "remainder", TOTAL: "in all"},
    "de": {PERCENT: "Prozent", AMOUNT: "Betrag", REMAINDER: "Rest", TOTAL: "insgesamt"},
}
NATURES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {OBJECTIVE: "objective", SUBJECTIVE: "subjective"},
    "de": {OBJECTIVE: "objektiv", SUBJECTIVE: "subjektiv"},
}
MARKS: Final[Mapping[str, Mapping[bool, str]]] = {"en": {True: "yes", False: "no"}, "de": {True: "ja", False: "nein"}}
SILENCE: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        ESCALATES: "nothing is decided",
        ACCEPTED: "accepted",
        REJECTED: "not accepted",
        INTEREST: "accepted for interest only",
    },
    "de": {
        ESCALATES: "nichts ist entschieden",
        ACCEPTED: "abgenommen",
        REJECTED: "nicht abgenommen",
        INTEREST: "nur für Zinsen abgenommen",
    },
}
TOTALS: Final = frozenset(
    {"total", "totals", "sum", "grand total", "total net", "summe", "gesamt", "gesamtsumme", "summe netto", "endsumme"}
)
_BASIS: Final = {
    **{word.casefold(): basis for words in BASES.values() for basis, word in words.items()},
    **dict.fromkeys(("%", "% of price", "percentage", "% vom preis", "prozentual"), PERCENT),
    **dict.fromkeys(("fixed", "lump sum", "money", "fest", "festbetrag", "pauschal"), AMOUNT),
    **dict.fromkeys(("the remainder", "rest", "the rest", "balance", "restbetrag", "der rest"), REMAINDER),
}
_MARK: Final = {
    **dict.fromkeys(("yes", "y", "x", "true", "1", "✓", "✔", "ja", "j", "wahr"), True),
    **dict.fromkeys(("", "no", "n", "false", "0", "-", "–", "nein", "falsch"), False),
}

_NATURE: Final = {word: nature for words in NATURES.values() for nature, word in words.items()}
TAX: Final = {
    **{code: code for code in ("S", "Z", "E", "AE", "K", "G", "O")},
    **dict.fromkeys(("STANDARD", "STANDARD RATE", "NORMAL", "REGELSATZ", "STEUERSATZ"), "S"),
    **dict.fromkeys(("ZERO", "ZERO RATED", "NULLSATZ"), "Z"),
    **dict.fromkeys(("EXEMPT", "STEUERFREI", "BEFREIT"), "E"),
    **dict.fromkeys(("REVERSE CHARGE", "STEUERSCHULD DES EMPFÄNGERS"), "AE"),
    **dict.fromkeys(("INTRA-COMMUNITY SUPPLY", "INNERGEMEINSCHAFTLICHE LIEFERUNG"), "K"),
    **dict.fromkeys(("EXPORT", "AUSFUHR"), "G"),
    **dict.fromkeys(("OUTSIDE THE SCOPE OF TAX", "NICHT STEUERBAR"), "O"),
}
"""Tax treatments by their code of EN 16931, which an export writes, and by the words for them."""
_SILENCE: Final = {
    **{word.casefold(): silence for words in SILENCE.values() for silence, word in words.items()},
    **{silence: silence for silence in SILENCES},
    "": "",
}


def silence_of(text: str) -> str:
    """What silence means, by the words for it; empty for as in the contract, refused when it is none of them."""
    said = _SILENCE.get(" ".join(text.split()).casefold())
    if said is None:
        raise Refused(
            "“{text}” does not say what silence means. Write one of: {known}.",
            text=text.strip()[:40],
            known=", ".join(SILENCE["en"].values()),
        )
    return said


def tax_of(text: str) -> str:
    """A tax treatment as its code; empty for as in the contract, refused when it is none."""
    said = " ".join(text.split()).upper()
    if said and said not in TAX:
        raise Refused(
            "“{text}” is no tax treatment. Write a code of EN 16931: S, Z, E, AE, K, G or O.", text=text.strip()[:40]
        )
    return TAX.get(said, "")


def nature_of(text: str) -> str:
    """Objective or subjective, by the words for it; empty where it is not said."""
    said = text.strip().casefold()
    if not said or said in _NATURE:
        return _NATURE.get(said, "")
    raise Refused("“{text}” is neither objective nor subjective.", text=text.strip()[:40])


def basis_of(text: str) -> str | None:
    """How a line was agreed, by the word for it; None for any other text."""
    return _BASIS.get(text.strip().casefold()) or _BASIS.get(normal(text))


def said_basis(text: str) -> str | None:
    """The same of a cell that has to say it, if it says anything."""
    basis = basis_of(text) if text.strip() else None
    if text.strip() and basis is None:
        raise Refused("“{text}” is none of percent, amount, remainder and in all.", text=text.strip()[:40])
    return basis


def mark_of(text: str) -> bool:
    """Yes or no; refused when it is neither."""
    mark = _MARK.get(text.strip().casefold())
    if mark is None:
        raise Refused("“{text}” is neither yes nor no.", text=text.strip()[:40])
    return mark
