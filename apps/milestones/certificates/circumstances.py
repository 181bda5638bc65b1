"""Under which circumstances somebody signed off, as a certificate prints it."""

from decimal import Decimal
from typing import Any

from django.utils.translation import get_language_info, gettext

from apps.core.printing import words
from apps.core.printing.facts import Fact
from apps.parties.roles import Role


def rows(decision: dict[str, Any]) -> list[Fact]:
    """In what role, up to which amount, on a page in which language, by which form, which named what it showed."""
    known = decision.get("circumstances") or {}
    missing = gettext("not recorded")
    roles = ", ".join(str(Role(role).label) for role in known.get("roles", ()))
    limit = missing
    if known:
        limit = gettext("without limit")
        if known["limit"] is not None:
            limit = words.money(Decimal(known["limit"]), known["currency"])
    language = str(get_language_info(known["language"])["name_translated"]) if known.get("language") else missing
    return [
        (gettext("Roles"), roles or missing),
        (gettext("Signs off up to"), limit),
        (gettext("Language shown"), language),
        (gettext("Checked before signing"), gettext("the form named the hash of the text that was shown")),
        (gettext("Version of the statement"), decision["statement_version"]),
        (gettext("Idempotency key"), known.get("key") or missing),
    ]


def token(decision: dict[str, Any]) -> list[Fact]:
    """By which link a guest came: the hash of its token, which is all that is kept of it."""
    if "token_sha256" not in decision:
        return []
    return [(gettext("Token of the personal link"), decision["token_sha256"])]
