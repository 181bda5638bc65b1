"""The contract of a deal file by itself, to begin one of an organisation that is here: no events, nothing is played."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from apps.contracts.drafts import ContractDraft
from apps.contracts.rules import check_draft_with_options
from apps.workflows.deal_file.deal import Party
from apps.workflows.deal_file.read import read_contract, read_line
from apps.workflows.deal_file.read_parties import read_party
from apps.workflows.deal_file.reader import DealFileRefused, Place, load


class DealFileFaults(Exception):
    """What is wrong in the file, in the order of its lines; nothing of it was used."""

    def __init__(self, found: tuple[DealFileRefused, ...]) -> None:
        super().__init__(*found)
        self.found = found


@dataclass(frozen=True, slots=True)
class Alone:
    """The contract that the file says, and the other side where the file has one."""

    draft: ContractDraft
    other: Party | None


def read_alone(text: str, *, other: str, currency: str, today: date) -> Alone:
    """The contract of a deal file; ``parties`` and ``events`` may be absent, and of the parties only ``other`` is read.

    ``currency`` holds where neither the contract nor its seller names one. Every line of the plan that is wrong is
    told, and of everything else the first fault: :class:`DealFileFaults`.
    """
    try:
        root = load(text, today=today)
        agreed, parties = root.need("contract"), root.maybe("parties")
        named = parties.maybe(other) if parties is not None else None
        party = read_party(other, named) if named is not None else None
        seller = parties.maybe("seller") if parties is not None else None
        usual = seller.maybe("currency") if seller is not None else None
        code = usual.text() if usual is not None else currency
        faults = list(_faults_of_lines(agreed, code))
    except DealFileRefused as refused:
        raise DealFileFaults((refused,)) from None
    try:
        agreed.maybe("begun_by")
        draft = read_contract(agreed, usual=code)
        agreed.by(lambda: check_draft_with_options(draft))
    except DealFileRefused as refused:
        faults += [] if str(refused) in map(str, faults) else [refused]
    else:
        if not faults:
            return Alone(draft, party)
    raise DealFileFaults(tuple(sorted(faults, key=lambda one: int(one.parts.get("line", 0)))))


def _faults_of_lines(agreed: Place, currency: str) -> Iterator[DealFileRefused]:
    """Each line of the plan is read by itself, so that one that is wrong hides no other."""
    said, plan = agreed.maybe("currency"), agreed.maybe("plan")
    code = said.text() if said is not None and said.is_text else currency
    try:
        lines = list(plan.each()) if plan is not None else []
    except DealFileRefused:
        return
    for line in lines:
        try:
            read_line(line, code)
        except DealFileRefused as refused:
            yield refused
