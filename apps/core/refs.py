"""Public references: what stands in URLs and mails instead of sequence keys, which would tell how many there are."""

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 16
"""16 signs of 31 are 79 bits: not guessable, and short enough to read over the phone."""


def new_ref() -> str:
    """A random reference such as ``k7f2m9q4x8h3n6pz``."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
