"""The contract of a deal file by itself, to begin one of an organisation that is here: no events, nothing is played."""

from dataclasses import dataclass
from datetime import date
from functools import partial

from apps.contracts.drafts import ContractDraft
from apps.contracts.rules import check_draft_with_options
from apps.workflows.deal_file.deal import Party
from apps.workflows.deal_file.read import read_contract, told_whole
from apps.workflows.deal_file.read_parties import read_party
from apps.workflows.deal_file.reader import Place


@dataclass(frozen=True, slots=True)
class Alone:
    """The contract that the file says, and the other side where the file has one."""

    draft: ContractDraft
    other: Party | None


def read_alone(text: str, *, other: str, currency: str, today: date) -> Alone:
    """The contract of a deal file; ``parties`` and ``events`` may be absent, and of the parties only ``other`` is read.

    ``currency`` holds where neither the contract nor its seller names one. All that is wrong is told as one refusal.
    """
    return told_whole(text, partial(_alone, other=other, currency=currency), today=today)


def _alone(root: Place, *, other: str, currency: str) -> Alone:
    agreed, parties = root.need("contract"), root.maybe("parties")
    named = parties.maybe(other) if parties is not None else None
    party = named.attempt(partial(read_party, other)) if named is not None else None
    seller = parties.maybe("seller") if parties is not None else None
    usual = seller.maybe("currency") if seller is not None else None
    agreed.maybe("begun_by")
    draft = read_contract(agreed, usual=usual.text() if usual is not None else currency)
    agreed.by(lambda: check_draft_with_options(draft))
    return Alone(draft, party)
