"""By what an invoice became payable: a sign-off, what was agreed beforehand, or a certificate for payment."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The buyer's sign-off by which the milestone became payable. Its local date is the date of delivery (BT-72).

    ``by_lapse``: the review period ended without an answer, which counts as acceptance by the contract; then nobody is
    named, and ``accepted_at`` is the deadline. ``part_of``: what was agreed for the whole, net, when a
    part of it was accepted.
    """

    accepted_at: datetime
    accepted_on: date
    accepted_by: str
    organisation: str
    submission_ref: str
    submission_sha256: str
    by_lapse: bool = False
    part_of: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Instalment:
    """Billed without a sign-off: a deposit due from ``first`` on, or the period (BG-14) from ``first`` (BT-73) to
    ``last`` (BT-74), ``number``-th of ``count``. A deposit has no ``last``; one with an ``event`` accepts nothing."""

    first: date
    last: date | None
    number: int
    count: int
    event: str = ""
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """The application for payment that an invoice bills: its ``number`` in the contract, its period (BG-14) from
    ``first`` (BT-73) to ``last`` (BT-74), who certified it for the buyer and when, and the SHA-256 of what was
    certified."""

    number: int
    first: date
    last: date
    certified_on: date
    certified_by: str
    organisation: str
    ref: str
    sha256: str
