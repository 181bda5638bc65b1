"""The settlement of a termination on paper: what it says, how it reads, and its making by a job after the signature."""

from apps.milestones.settlement_papers.making import make, retry
from apps.milestones.settlement_papers.snapshot import Issued

__all__ = ["Issued", "make", "retry"]
