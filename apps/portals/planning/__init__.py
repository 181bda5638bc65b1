"""The plans of one deal: compared side by side by both sides, written by the side that proposes."""
