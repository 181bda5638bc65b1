"""Public references: what stands in URLs and mails instead of sequence keys, which would tell how many there are."""

import secrets
from typing import Final

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 16
"""16 signs of 31 are 79 bits: not guessable, and short enough to read over the phone."""
_SIGNS: Final = bytes(ord(ALPHABET[byte % 32 % len(ALPHABET)]) for byte in range(256))
_NONE: Final = bytes(byte for byte in range(256) if byte % 32 >= len(ALPHABET))


def new_ref() -> str:
    """A random reference such as ``k7f2m9q4x8h3n6pz``.

    Five random bits choose a sign. Where they name none they are left out, so each sign is as likely as any other.
    """
    signs = ""
    while len(signs) < LENGTH:
        signs += secrets.token_bytes(2 * LENGTH).translate(_SIGNS, _NONE).decode()
    return signs[:LENGTH]
