"""An invoice that waits for documents, for every test that needs one."""

from dataclasses import replace
from datetime import datetime

from django.core.files.base import ContentFile

from apps.contracts.drafts import ContractDraft, LineTerms
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.invoicing.models import PaymentDocument
from apps.workflows import payment_documents
from tests import scenarios
from tests.scenarios import Parties, acting, key

MISSING, HANDED_IN, RETURNED = "Conditional waiver of lien", "Performance bond", "Tax clearance"


def waiting(
    parties: Parties, draft: ContractDraft, *, tag: str = "", at: datetime | None = None
) -> tuple[Contract, dict[str, str]]:
    """A contract of which the first milestone is accepted and its invoice waits for three documents: one is missing,
    one handed in, one was returned and is missing anew. References of documents by their names; of the returned one it
    is the one that was returned."""
    titles = {name: f"{name} {tag}".strip() for name in (MISSING, HANDED_IN, RETURNED)}
    first, *others = draft.lines
    lines = (replace(first, own=LineTerms(documents=tuple(titles.values()))), *others)
    contract = scenarios.active_contract(parties, draft=replace(draft, lines=lines), at=at)
    scenarios.accepted_milestone(contract, at=at)
    with walls.asking_for(contract.seller_id):
        found = dict(PaymentDocument.objects.filter(contract=contract).values_list("title", "ref"))
    refs = {name: found[title] for name, title in titles.items()}
    with acting(scenarios.member(parties, "billing"), at=at) as bilge:
        for name in (HANDED_IN, RETURNED):
            upload = ContentFile(titles[name].encode(), name=f"{titles[name]}.txt")
            payment_documents.hand_in_document(actor=bilge, document_ref=refs[name], note=tag, upload=upload)
    with acting(scenarios.member(parties, "payables"), at=at) as actor:
        payment_documents.return_document(
            actor=actor, key=key(), document_ref=refs[RETURNED], reason=f"It is not signed. {tag}".strip()
        )
    return contract, refs
