"""The calendars of public holidays that are known: by country, and by region where a country has regional ones."""

import holidays

from apps.core.errors import Refused


def calendars() -> dict[str, list[str]]:
    """The countries whose holidays are known (ISO 3166-1 alpha-2), with their regions."""
    return holidays.list_supported_countries(include_aliases=False)


def check_region(region: str, *, country: str, prefix: str) -> None:
    """Refuse a region without its country, and one that the calendar of a known country has not.

    The fields that are marked are those of the form: ``country`` and ``subdivision`` behind the ``prefix``.
    """
    if region and not country:
        raise Refused("Choose the country of this region too.", field=f"{prefix}country")
    if region and region not in calendars()[country]:
        raise Refused(
            "The calendar of {country} knows no region {region}, but these: {known}.",
            field=f"{prefix}subdivision",
            country=country,
            region=region,
            known=", ".join(calendars()[country]) or "–",
        )
