"""The names of accounts are kept in English, so that exports and entries agree, and shown in the reader's language."""

import pytest
from django.utils import translation

from apps.ledger.charts import CHARTS
from apps.ledger.models import Account, Book


@pytest.mark.parametrize("purpose", CHARTS)
def test_every_name_of_a_chart_is_kept_as_it_is_written(purpose: Book.Purpose) -> None:
    with translation.override("de"):
        assert all(type(plan.name) is str and plan.name.isascii() for plan in CHARTS[purpose])


def test_an_account_is_called_what_the_reader_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    german = {"Purchased receivables": "Angekaufte Forderungen"}
    monkeypatch.setattr("apps.ledger.models.account.gettext", lambda name: german.get(name, name))
    account = Account(code="1100", name="Purchased receivables")
    assert (account.label, str(account)) == ("Angekaufte Forderungen", "1100 Angekaufte Forderungen")
    assert account.name == "Purchased receivables"
