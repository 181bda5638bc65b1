"""What an invoice says of the application for payment that it bills."""

from django.utils.translation import gettext

from apps.core.printing.words import day
from apps.invoicing.snapshot import Application


def certified(application: Application) -> str:
    """Its period, and who certified it when."""
    return gettext(
        "Application for payment {number}, {first} to {last}, certified on {date} by {name} for {organisation}"
    ).format(
        number=application.number,
        first=day(application.first),
        last=day(application.last),
        date=day(application.certified_on),
        name=application.certified_by,
        organisation=application.organisation,
    )
