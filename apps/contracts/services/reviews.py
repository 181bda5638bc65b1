"""What was agreed of the review, as the rules read it."""

from apps.contracts import rules
from apps.contracts.drafts import AS_AGREED, LineTerms
from apps.contracts.models import ContractVersion
from apps.core import canonical


def review_terms(version: ContractVersion, *, own: LineTerms = AS_AGREED) -> rules.ReviewTerms:
    """The terms of the review with the calendar and time zone that were signed; of a draft, as they would be signed.

    ``own`` is what one milestone has in their place.

    Texts signed before silence and calendars were terms count calendar days, and silence decides nothing.
    """
    if version.canonical_text:
        said = canonical.read(version.canonical_text)["terms"]
        country, zone = said.get("review_country", ""), said["review_time_zone"]
        region = said.get("review_subdivision", "")
    else:
        buyer = version.contract.buyer
        named = (version.review_country, version.review_subdivision)
        country, region = named if version.review_country else buyer.calendar
        zone = version.review_time_zone or buyer.time_zone
    return rules.ReviewTerms(
        days=own.review_days or version.review_days,
        unit=version.review_unit,
        country=country,
        subdivision=region,
        time_zone=zone,
        silence=own.silence or version.silence,
    )
