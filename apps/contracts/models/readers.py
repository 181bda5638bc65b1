"""Whether two mailboxes are read by the same person, as a guard asks it: the rule of ``rules.reader_of``, in SQL."""

from apps.contracts.rules.mailboxes import BY_SUBDOMAIN, ONE_HOUSE, WITHOUT_DOTS


def reader(column: str) -> str:
    """The SQL of the mailbox that is read when one writes to the address in ``column``.

    Of a domain in its own script only the form that is written is known: that one Postgres cannot translate.
    """
    written = f"lower(btrim(normalize({column}, NFKC)))"
    name, domain = f"split_part({written}, '@', 1)", f"rtrim(split_part({written}, '@', 2), '.')"
    houses = " ".join(f"WHEN '{other}' THEN '{house}'" for other, house in sorted(ONE_HOUSE.items()))
    domain = f"CASE {domain} {houses} ELSE {domain} END"
    name = f"coalesce(nullif(split_part({name}, '+', 1), ''), {name})"
    whole = f"SELECT {name} AS name, {domain} AS domain"
    providers = ", ".join(f"'{one}'" for one in sorted(BY_SUBDOMAIN))
    without = ", ".join(f"'{one}'" for one in sorted(WITHOUT_DOTS))
    return (
        f"(SELECT CASE WHEN substr(r.domain, strpos(r.domain, '.') + 1) IN ({providers})"
        f" THEN split_part(r.domain, '.', 1) || '@' || substr(r.domain, strpos(r.domain, '.') + 1)"
        f" WHEN r.domain IN ({without}) THEN replace(r.name, '.', '') || '@' || r.domain"
        f" ELSE r.name || '@' || r.domain END FROM ({whole}) r)"
    )
