"""How a contract ended, as evidence: the settlement that both sides signed, on paper with its text inside."""

from apps.contracts.models import Contract
from apps.core.made import Kept, MadeState
from apps.milestones.models import Settlement, SettlementPaper
from apps.milestones.models.settlement import SettlementState
from apps.workflows.packs import parts
from apps.workflows.packs.parts import Contents


def collect(contract: Contract, contents: Contents) -> None:
    """The text that both sides signed, byte for byte, and its PDF; nothing of a contract that goes on.

    Of a termination before there were papers there is the text alone.
    """
    settlement = Settlement.objects.filter(contract=contract, state=SettlementState.SIGNED).first()
    if settlement is None:
        return
    contents.add(parts.text("contract/settlement.json", "settled", settlement.canonical_text, ref=settlement.ref))
    paper = SettlementPaper.objects.filter(settlement=settlement).first()
    if paper is None or paper.state != MadeState.READY:
        contents.missing.append({"kind": "settlement_pdf", "of": f"settlement:{settlement.ref}"})
        return
    kept = Kept(paper.stored_as, paper.size, paper.sha256)
    contents.add(parts.stored("contract/settlement.pdf", "settlement_pdf", kept, ref=settlement.ref))
