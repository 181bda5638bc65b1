"""Tokens of personal links: 256 bits, of which the database keeps only the SHA-256.

A token is derived from the row's reference with the site's secret, so a mail that is sent twice carries the same link
and no queue or table ever holds the token itself. The row decides: it expires, is used once, is revoked.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from django.conf import settings


def token_for(*, purpose: str, ref: str) -> str:
    """The token of the row with this reference: 43 URL-safe signs."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{purpose}:{ref}".encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def digest_of(token: str) -> str:
    """What is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()
