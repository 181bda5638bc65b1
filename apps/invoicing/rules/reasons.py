"""Why somebody did something: one line that others read."""

from typing import Final

from apps.core.errors import Refused

LONGEST: Final = 400
"""Characters of a reason."""


def reason_given(reason: str, *, missing: str) -> str:
    """A reason on one line; ``missing`` is what somebody is told who gives none."""
    written = " ".join(reason.split())
    if not written:
        raise Refused(missing, field="reason")
    if len(written) > LONGEST:
        raise Refused("The reason is longer than {most} characters.", field="reason", most=LONGEST)
    return written
