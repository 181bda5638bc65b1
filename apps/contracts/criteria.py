"""Whether a criterion can be told by anybody, or is a matter of the buyer's judgement."""

from typing import Final

OBJECTIVE: Final = "objective"
SUBJECTIVE: Final = "subjective"
NATURES: Final = (OBJECTIVE, SUBJECTIVE)
"""``objective``: a measurement or a document shows whether it is met; ``subjective``: the buyer judges. Empty: not
said."""
