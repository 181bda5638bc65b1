"""The words that somebody agrees to: shown in the language of the page, kept as they were shown, explained on paper."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from apps.audit.models import Entry
from apps.contracts.models import Signature
from apps.core import canonical
from apps.core.database import walls
from apps.core.printing.agreed import agreed
from apps.milestones.certificates import BilledBy, snapshot
from apps.milestones.certificates.page import page_of
from apps.milestones.models import Decision, Submission
from apps.parties.models import User
from tests import scenarios
from tests.scenarios import Parties, acting, key

GERMAN = {
    "I am authorised to act for {organisation}. I have reviewed submission {cycle} of “{title}” as shown here and"
    " accept the milestone as complete. An invoice for {amount} net of tax is issued on my acceptance.": (
        "Ich handle für {organisation}. Ich habe Einreichung {cycle} von „{title}“ geprüft und nehme den Meilenstein"
        " ab. Die Rechnung lautet auf {amount} netto."
    ),
    "I am authorised to act for {organisation}. I have read version {version} of contract {number} as shown here"
    " and sign it. It is in force from now on.": "Ich handle für {organisation} und unterzeichne Version {version}.",
    "Translation. What was shown and agreed to is the text in {language} above.": "Übersetzung aus: {language}.",
}
AGREED = (
    "Ich handle für Meridian Logistik AG. Ich habe Einreichung 1 von „Prototype“ geprüft und nehme den Meilenstein ab."
    " Die Rechnung lautet auf 12.000,00 EUR netto."
)
MEANING = (
    "I am authorised to act for Meridian Logistik AG. I have reviewed submission 1 of “Prototype” as shown here and"
    " accept the milestone as complete. An invoice for 12,000.00 EUR net of tax is issued on my acceptance."
)


@pytest.fixture(autouse=True)
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of this test's own, so that it does not depend on how the catalogue says it."""
    catalogue: Any = trans_real.translation("de")
    for template, words in GERMAN.items():
        monkeypatch.setitem(catalogue._catalog._catalogs[0], template, words)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def submission(parties: Parties) -> Submission:
    with translation.override("de"):
        return scenarios.submitted_milestone(scenarios.active_contract(parties))


def _pages(decision: Decision) -> dict[str, Any]:
    invoice = BilledBy("INV-1", "ref", *(decision.submission.milestone.amount,) * 3, sha256="0" * 64)
    said = canonical.read(snapshot.written(decision, ref="x", invoice=invoice, at=decision.decided_at))
    pages = {}
    for language in ("de", "en"):
        with translation.override(language):
            pages[language] = page_of(said).statement
    return pages


def test_what_was_agreed_to_is_kept_in_its_words_and_explained_on_a_paper_in_another_language(
    parties: Parties, submission: Submission
) -> None:
    """The page was German; somebody chose English in another window before the button was pressed."""
    person = parties.people["approver"].user
    User.objects.filter(pk=person.pk).update(language="de")
    client = Client()
    client.force_login(person)
    address = reverse("buyer:accept_milestone", args=[submission.ref])
    page = client.get(address).content.decode()
    assert AGREED in page.replace("\N{NO-BREAK SPACE}", " ")
    assert '<input type="hidden" name="shown_in" value="de">' in page
    User.objects.filter(pk=person.pk).update(language="en")
    sent = {"key": key(), "seen": submission.sha256, "comment": "", "shown_in": "de"}
    assert client.post(address, sent).status_code == 302

    with acting(scenarios.seller_actor(parties)):
        decision = Decision.objects.select_related("grant", "contract", "submission__milestone__line__version").get()
        detail = canonical.read(Entry.objects.get(verb="milestone.accepted").detail.text)
        pages = _pages(decision)
    assert decision.statement == AGREED
    assert decision.circumstances is not None
    assert decision.circumstances == detail["facts"]
    assert decision.circumstances["language"] == "de"
    assert decision.circumstances["statement"] == {"language": "de", "translations": {"en": MEANING}}
    assert (pages["de"].text, pages["de"].language, pages["de"].translation) == (AGREED, "de", "")
    assert (pages["en"].text, pages["en"].language, pages["en"].translation) == (AGREED, "de", MEANING)
    assert pages["en"].note == "Translation. What was shown and agreed to is the text in German above."


def test_english_words_are_explained_in_german_and_those_of_before_languages_stand_alone(
    parties: Parties, submission: Submission
) -> None:
    with walls.asking_for(parties.seller.pk):
        signature = Signature.objects.get(side="buyer")
    assert signature.statement == "Ich handle für Meridian Logistik AG und unterzeichne Version 1."
    assert signature.circumstances is not None
    english = signature.circumstances["statement"]["translations"]["en"]
    assert english.startswith("I am authorised to act for Meridian Logistik AG. I have read version 1 of contract")
    act = {"statement": english, "circumstances": {"statement": {"language": "en", "translations": {"de": "So."}}}}
    with translation.override("de"):
        said = agreed(act)
        assert (said.text, said.language, said.note, said.translation) == (
            english,
            "en",
            "Übersetzung aus: Englisch.",
            "So.",
        )
        for older in ({"statement": english}, {"statement": english, "circumstances": None}):
            assert agreed(older) == type(said)(english, "en", "", "")
