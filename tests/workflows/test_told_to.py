"""What the trail tells to whom: what was done to every side, who did it and from where only to whom it concerns."""

import io
import json

import pytest
from django.core.management import call_command

from apps.audit.models import Detail, Entry
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.database import walls
from apps.parties.models import Membership, Organisation
from tests.conftest import Once
from tests.financing import stories
from tests.packed import says_of
from tests.scenarios import BROWSER, Parties
from tests.workflows.test_packs import _bytes, _files, _packed

TOLD_TO_BOTH = {"contract.proposed", "contract.signed", "milestone.accepted"}


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(_financed)


def _financed() -> Parties:
    """A deal that was financed, paid, and whose reserve was paid out."""
    parties = stories.parties()
    tranche = stories.funded_advance(parties)
    stories.collected(parties, tranche, 120_000, on=stories.day(50))
    stories.reserve_paid(parties, tranche, on=stories.day(51))
    return parties


def test_the_trail_itself_names_no_mailbox_address_browser_or_account(deal: Parties) -> None:
    people = _people(deal.financier)
    with walls.asking_for(deal.buyer.pk):
        texts = list(Entry.objects.filter(chain__subject__startswith="contract:").values_list("text", flat=True))
    assert len(texts) > 15
    read = " ".join(texts)
    for secret in (BROWSER.address, BROWSER.agent, "198.51.100.7", "Safari", "paid_to", *people):
        assert secret not in read, secret


@pytest.mark.parametrize("side", ["seller", "buyer", "financier"])
def test_each_side_is_told_of_its_own_people_and_of_acts_addressed_to_it(deal: Parties, side: str) -> None:
    organisation: Organisation = getattr(deal, side)
    with walls.asking_for(organisation.pk):
        entries = {entry.pk: entry for entry in Entry.objects.filter(chain__subject__startswith="contract:")}
        told = {detail.entry_id: detail for detail in Detail.objects.filter(entry__in=entries)}
    for pk, entry in entries.items():
        sealed = canonical.read(entry.text)["actor"]["sealed"]
        is_mine = entry.organisation_id == organisation.pk
        is_addressed = entry.verb in TOLD_TO_BOTH and side != "financier"
        assert (pk in told) == (bool(sealed) and (is_mine or is_addressed)), entry.verb
        if pk in told:
            assert canonical.sha256(told[pk].text) == sealed
    assert any(entry.organisation_id == organisation.pk for pk, entry in entries.items() if pk in told)


def test_the_same_person_twice_has_two_hashes_so_that_none_can_be_found_by_trying(deal: Parties) -> None:
    with walls.asking_for(deal.seller.pk):
        texts = [canonical.read(text) for text in Detail.objects.values_list("text", flat=True)]
    assert len({text["salt"] for text in texts}) == len(texts) > 3
    assert all(len(text["salt"]) == 32 for text in texts)


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_a_pack_tells_nothing_of_the_financiers_people_and_still_holds(
    deal: Parties, side: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with walls.asking_for(deal.seller.pk):
        contract = Contract.objects.get()
    content = _bytes(_packed(deal, contract, role=side))
    path = tmp_path_factory.mktemp("pack") / "pack.zip"
    path.write_bytes(content)
    code, said = says_of(path)
    assert code == 0, said
    files = _files(content)
    read = b"".join(files[name] for name in ("audit/chain.jsonl", "audit/details.jsonl", "MANIFEST.json")).decode()
    for secret in (*_people(deal.financier), "paid_to"):
        assert secret not in read, secret
    told = {json.loads(line)["position"] for line in files["audit/details.jsonl"].splitlines()}
    entries = map(json.loads, files["audit/chain.jsonl"].splitlines())
    said_of = {entry["position"]: json.loads(entry["text"]) for entry in entries}
    other = deal.buyer if side == "seller" else deal.seller
    of_other = {said_of[place]["verb"] for place in told if said_of[place]["actor"]["organisation"] == other.pk}
    assert of_other <= TOLD_TO_BOTH


def test_every_detail_is_verified_with_the_trail(deal: Parties) -> None:
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert "every hash as it was written" in out.getvalue()


def _people(organisation: Organisation) -> set[str]:
    """Names and mailboxes of an organisation's people."""
    with walls.asking_for(organisation.pk):
        members = Membership.objects.filter(organisation=organisation).select_related("user")
        return {word for member in members for word in (member.user.name, member.user.email)}
