"""The six digits of a code by mail, and the keyed digest by which they are known again."""

import hashlib
import hmac

from django.conf import settings


def code_of(ref: str) -> str:
    """The six digits of a row. Like the token of a link they are derived, so no queue and no table holds them."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"proof_code:{ref}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def digest_of(ref: str, code: str) -> str:
    """What is stored: found by trying all codes only by who holds the site's secret."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{ref}:{code}".encode(), hashlib.sha256).hexdigest()
