"""The mask of a QR code is counted on whole symbols at once, and the code is the one that segno counts out."""

import base64
import hashlib

import segno

from apps.core import qr_masks


def test_the_code_is_segno_s_own() -> None:
    """Over the lengths that codes to pay have, up to the 997 signs of a Swiss one."""
    for length in [*range(1, 300, 17), 331, 990]:
        drawn = hashlib.shake_256(str(length).encode()).digest(length)
        payload = f"Äöß {base64.b85encode(drawn).decode()}"[: length + 3]
        own = segno.make_qr(payload, error="m", boost_error=False, encoding="utf-8")
        assert qr_masks.rows_of(payload) == [list(row) for row in own.matrix], payload
