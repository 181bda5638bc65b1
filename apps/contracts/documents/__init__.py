"""A contract on paper: what its signature page says, how it reads, and its making by a job after the signature."""

from apps.contracts.documents.length import ends_early
from apps.contracts.documents.making import asked_at, make, retry

__all__ = ["asked_at", "ends_early", "make", "retry"]
