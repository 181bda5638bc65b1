"""The calendars of public holidays that are known: by country, and by region where a country has regional ones."""

import holidays


def calendars() -> dict[str, list[str]]:
    """The countries whose holidays are known (ISO 3166-1 alpha-2), with their regions."""
    return holidays.list_supported_countries(include_aliases=False)
