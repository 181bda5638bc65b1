"""Acceptance with reservations: the list of defects, and what becomes of each, for both sides."""
