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
    else:
        buyer = version.contract.buyer
        country, zone = version.review_country or buyer.country, version.review_time_zone or buyer.time_zone
    return rules.ReviewTerms(
        days=own.review_days or version.review_days,
        unit=version.review_unit,
        country=country,
        subdivision=version.review_subdivision,
        time_zone=zone,
        silence=own.silence or version.silence,
    )
