"""The certificate of acceptance: what it says, how it reads, and its making by a job after the sign-off."""

from apps.milestones.certificates.making import make, retry
from apps.milestones.certificates.snapshot import BilledBy, StandsIn

__all__ = ["BilledBy", "StandsIn", "make", "retry"]
