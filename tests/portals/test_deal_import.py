"""A contract that starts from a deal file: a draft of all that it says, or faults by line and key and nothing else."""

import re
from decimal import Decimal
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.parties.models import Organisation
from tests import scenarios
from tests.scenarios import Parties, acting, key

DEALS = Path(__file__).resolve().parents[2] / "deals"
SOFTWARE = (DEALS / "software-30-30-40.yaml").read_text()
ALONE = """contract:
  number: AL-1
  title: Alone
  price: 1000
  tax: {category: S, rate: 19}
  signatory: {name: Hein Hafen, email: hein@hafen.example}
  plan:
    - {milestone: Half, percent: 50, criteria: [{text: It runs}]}
    - {milestone: Rest, remainder: yes}
"""


def sent(parties: Parties, text: str, *, side: str = "seller", other: str = "file", **more: str) -> tuple[int, str]:
    client = Client()
    client.force_login(parties.people[side].user)
    data = {"key": key(), "other": other, "file": SimpleUploadedFile("deal.yaml", text.encode()), **more}
    answer = client.post(reverse(f"{side}:import_deal"), data)
    return answer.status_code, answer.content.decode() if answer.status_code == 422 else answer["Location"]


def begun(parties: Parties, side: str) -> list[Contract]:
    with walls.asking_for(getattr(parties, side).pk):
        return list(Contract.objects.select_related("buyer", "seller").order_by("pk"))


def test_a_whole_deal_file_becomes_a_draft_with_the_buyer_that_it_names(parties: Parties) -> None:
    status, where = sent(parties, SOFTWARE)
    (contract,) = begun(parties, "seller")
    assert (status, where) == (302, reverse("seller:change_draft", args=[contract.ref]))
    with acting(scenarios.seller_actor(parties)):
        draft = contracts.draft_of(contract)
    assert (draft.price, len(draft.lines), draft.lines[0].percent) == (Decimal(400_000), 3, Decimal(30))
    assert draft.lines[0].criteria
    assert (contract.buyer.nominated_by_id, contract.buyer.is_claimed) == (parties.seller.pk, False)
    status, page = sent(parties, SOFTWARE)
    assert (status, "You already have a contract with the number" in page) == (422, True)
    assert len(begun(parties, "seller")) == 1


def test_a_draft_that_is_refused_leaves_no_organisation_behind(parties: Parties) -> None:
    own = parties.people["seller"].user.email
    status, page = sent(parties, SOFTWARE.replace("mila@meridian.example", own))
    assert (status, begun(parties, "seller")) == (422, []), page
    with walls.asking_for(parties.seller.pk):
        assert not Organisation.objects.filter(nominated_by=parties.seller, claimed_at=None).exists()


def test_a_contract_alone_takes_the_other_side_from_the_list(parties: Parties) -> None:
    status, page = sent(parties, ALONE)
    assert (status, "The file does not say who the other side is" in page) == (422, True)
    status, page = sent(parties, ALONE, other=parties.financier.ref)
    assert (status, "is not one of the available choices" in page) == (422, True), "nobody takes a stranger's"
    hafen = scenarios.named_buyer(parties)
    status, _where = sent(parties, ALONE, other=hafen.ref, number="AL-9")
    (contract,) = begun(parties, "seller")
    assert (status, contract.number, contract.buyer, contract.currency) == (302, "AL-9", hafen, "EUR")


def test_every_fault_of_the_plan_is_told_and_nothing_is_kept(parties: Parties) -> None:
    wrong = SOFTWARE.replace("percent: 30\n", "percent: 30 %\n", 1).replace("remainder: yes", "remainder: perhaps", 1)
    status, page = sent(parties, wrong.replace("payment_days: 30", "payment_days: soon"))
    assert status == 422
    assert "there are 3 problems in the file" in page
    assert ("contract.plan.1.percent" in page, "contract.payment_days" in page) == (True, True)
    assert begun(parties, "seller") == []
    lowered = SOFTWARE.replace("percent: 30\n", "amount: -5\n", 1)
    assert "line " not in re.findall(r"<td[^>]*>([^<]*must be at least[^<]*)</td>", sent(parties, lowered)[1])[0]
    with walls.asking_for(parties.seller.pk):
        assert not Organisation.objects.filter(nominated_by=parties.seller, claimed_at=None).exists()
    said = sent(parties, "contract: &x 1")[1]
    assert ("aliases, anchors and tags" in said, said.count("ine 1")) == (True, 1), "its line is told once"
    assert "no text in UTF-8" in _binary(parties)


def _binary(parties: Parties) -> str:
    client = Client()
    client.force_login(parties.people["seller"].user)
    data = {"key": key(), "other": "file", "file": SimpleUploadedFile("deal.yaml", b"\xff\xfe\x00")}
    return client.post(reverse("seller:import_deal"), data).content.decode()


def test_a_buyer_begins_an_order_with_the_seller_of_the_file(parties: Parties) -> None:
    status, _where = sent(parties, SOFTWARE, side="buyer")
    (contract,) = begun(parties, "buyer")
    assert (status, contract.begun_by, contract.seller.nominated_by_id) == (302, "buyer", parties.buyer.pk)
    assert contract.seller_email == "anna@nordlicht.example"
