"""The certificate of an event that the buyer confirmed: what it says, how it reads, and its making by a job."""

from apps.milestones.event_certificates.making import make, retry

__all__ = ["make", "retry"]
