"""The proof of an assignment, for the buyer who asks for it: what it says, how it reads, and its making by a job."""

from apps.financing.assignment_proofs.making import ask, make

__all__ = ["ask", "make"]
