"""Damages for delay, back-charges and bonuses on the pages of both sides."""
