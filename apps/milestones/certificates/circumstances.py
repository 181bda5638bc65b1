"""Under which circumstances somebody signed off, as a certificate prints it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language_info, gettext

from apps.core.printing.facts import Fact
from apps.parties.roles import Role


def rows(said: Mapping[str, Any]) -> list[Fact]:
    """In what role, whether within the limit, on a page in which language, by which form, which named what it showed;
    and the same of the first of two acceptances."""
    first = said.get("first_acceptance")
    facts = [
        *of_act(said["decision"]),
        (gettext("Checked before signing"), gettext("the form named the hash of the text that was shown")),
    ]
    if first is not None:
        line = "; ".join(f"{term}: {value}" for term, value in of_act(first))
        facts.append((gettext("First acceptance"), line))
    return facts


def of_act(act: Mapping[str, Any]) -> list[Fact]:
    """The same of one act, which may be another than a sign-off; what was not recorded is said."""
    known, missing = act.get("circumstances") or {}, gettext("not recorded")
    roles = ", ".join(str(Role(role).label) for role in known.get("roles", ()))
    language = str(get_language_info(known["language"])["name_translated"]) if known.get("language") else missing
    limit = gettext("the amount lies within it") if known.get("is_within_limit") else missing
    return [
        (gettext("Roles"), roles or missing),
        (gettext("Limit of who signed off"), limit),
        (gettext("Language shown"), language),
        (gettext("Idempotency key"), known.get("key") or missing),
        (gettext("Version of the statement"), act["statement_version"]),
    ]


def tokens(said: Mapping[str, Any]) -> list[Fact]:
    """By which links guests came: the hashes of their tokens, which is all that is kept of them."""
    decision, first = said["decision"], said.get("first_acceptance") or {}
    named = [
        (gettext("Token of the personal link"), decision.get("token_sha256")),
        (gettext("Token of the link of the first acceptance"), first.get("token_sha256")),
    ]
    return [(term, digest) for term, digest in named if digest]
