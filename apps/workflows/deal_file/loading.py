"""From the text of a deal file to its root: YAML, and only what a deal file needs of it."""

import re
from datetime import date

import yaml

from apps.workflows.deal_file.faults import DealFileRefused, Faults
from apps.workflows.deal_file.reader import DEEPEST, Place

LARGEST_FILE = 1024 * 1024
MOST_OPEN = 4 * DEEPEST
"""Lists and keys within each other that are read at all; those deeper than ``DEEPEST`` are told by their line."""
HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""Halves of signs that an escape such as ``\\ud800`` can write, and that no text can hold by themselves."""
OPENS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
CLOSES = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


def load(text: str, *, today: date, faults: Faults | None = None) -> "Place":
    """The root of a deal file; ``today`` is the day that ``today-12`` counts from. With ``faults`` what is wrong is
    noted there, and reading goes on.

    Aliases, tags and duplicate keys are refused; scalars stay text until they are read.
    """
    if len(text.encode()) > LARGEST_FILE:
        raise DealFileRefused("The file is larger than 1 MiB.")
    try:
        _look_through(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DealFileRefused(
            "line {line}: {reason}.",
            line=mark.line + 1 if mark else 1,
            reason=f"this is not YAML: {str(getattr(error, 'problem', None) or error).rstrip('.')}",
        ) from None
    if node is None:
        raise DealFileRefused("The file is empty.")
    return Place(node, (), today, faults=faults)


def _look_through(text: str) -> None:
    """Refuse what no deal file has while it is read sign by sign, before anything is made of it.

    Brackets within brackets stop at the first that is too deep: the more of them are open, the longer each takes.
    """
    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
            raise DealFileRefused(
                "line {line}: {reason}.",
                line=token.start_mark.line + 1,
                reason="aliases, anchors and tags are not read; write the value out",
            )
        if isinstance(token, yaml.ScalarToken) and HALF_A_SIGN.search(token.value):
            line = token.start_mark.line + 1
            raise DealFileRefused("line {line}: {reason}.", line=line, reason="this is no text in UTF-8")
        depth += isinstance(token, OPENS) - isinstance(token, CLOSES)
        if depth > MOST_OPEN:
            raise DealFileRefused("The file is nested too deeply.")
