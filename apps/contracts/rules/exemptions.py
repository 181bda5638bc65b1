"""Why a supply bears no tax: what can be agreed, and what has to be. No database, no Django."""

from typing import Any

from apps.contracts.exemptions import (
    CATEGORY_OF,
    CODES,
    EXEMPT,
    LONGEST_REASON,
    OF_CATEGORY,
    WITH_REASON,
    Exemption,
)
from apps.contracts.rules.words import trimmed
from apps.core.errors import Refused


def check_exemption(said: Exemption, *, category: str, field: str, line: int | None = None) -> tuple[str, str]:
    """Code and words, trimmed, if they can be why supplies of this category bear no tax.

    ``field`` is where a form shows what is refused; of a ``line`` of the plan its position is said.
    """
    where: dict[str, Any] = {"field": field, **({"line": line} if line is not None else {})}
    code = said.exemption_code.strip().upper()
    words = " ".join(trimmed(said.exemption_reason, most=LONGEST_REASON, what="exemption", field=field).split())
    if (code or words) and category not in WITH_REASON:
        raise Refused(
            "Only what bears no tax has a reason for that, and the zero rate is a rate. Take the reason out, or choose"
            " an exemption.",
            **where,
        )
    if code and code not in CATEGORY_OF:
        raise Refused(
            "{code} is no code of the list VATEX of the European Commission. Choose one from the list, or write the"
            " reason in your own words.",
            code=code,
            **where,
        )
    if code and code not in CODES[category]:
        raise Refused(
            "{code} belongs to another tax treatment. Choose the treatment to which it belongs, or another reason.",
            code=code,
            **where,
        )
    # The code of the category itself says nothing more than the category does.
    return ("" if code == OF_CATEGORY.get(category) else code), words


def refuse_without_reason(said: Exemption, *, category: str, title: str = "") -> None:
    """An invoice of an exempt supply says by which provision it is exempt; nobody but the parties knows that.

    ``title`` is the line of the plan that is meant; empty for the contract.
    """
    if category != EXEMPT or said.exemption_code or said.exemption_reason:
        return
    if title:
        raise Refused(
            "“{title}” is exempt from tax, and its invoice must say why. Give the reason beside its own tax, as a code"
            " of the list or in words, such as the section of your country's law.",
            field="lines",
            title=title,
        )
    raise Refused(
        "An invoice of an exempt supply must say why it is exempt. Choose the reason from the list, or write it in"
        " words, such as the section of your country's law.",
        field="exemption_reason",
    )
