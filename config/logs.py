"""What the log must not say: whoever reads it could walk through a personal link."""

import logging
import re
from typing import Final

TOKEN: Final = re.compile(r"(/(?:s|i|join)/)[A-Za-z0-9_-]{20,}")
"""The token of a personal link, of an invoice or of an invitation, where it stands in an address."""


class WithoutTokens(logging.Filter):
    """Every line as it is, but for the tokens in the addresses that it names."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        kept = TOKEN.sub(r"\1…", said)
        if kept != said:
            record.msg, record.args = kept, ()
        return True
