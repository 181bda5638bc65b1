"""One transition table per kind of thing; the database knows the same table, and pages have a word for every state."""

import re

import pytest
from django.apps import apps
from django.db import connections, models

from apps.portals import vocabulary

KINDS = {
    "contracts.Contract": "contract",
    "milestones.Milestone": "milestone",
    "milestones.Submission": "submission",
    "milestones.Nullification": "nullification",
    "milestones.Dispute": "dispute",
    "invoicing.Refund": "refund",
    "invoicing.PaymentDocument": "payment_document",
    "invoicing.Charge": "charge",
    "milestones.Reservation": "reservation",
    "invoicing.Application": "application",
    "invoicing.CreditNoteDocument": "made",
    "invoicing.CorrectedInvoice": "made",
    "milestones.Certificate": "made",
    "milestones.SettlementPaper": "made",
    "milestones.EventCertificate": "made",
    "financing.AssignmentProof": "made",
    "contracts.ContractDocument": "made",
    "contracts.ChangeOrder": "change_order",
    "contracts.Termination": "termination",
    "milestones.Settlement": "settlement",
    "invoicing.Document": "document",
    "invoicing.BankTransaction": "bank_transaction",
    "invoicing.AccountLetter": "made",
    "ledger.JournalExport": "made",
    "workflows.EvidencePack": "made",
    "financing.FundingRequest": "funding_request",
    "financing.Offer": "offer",
    "financing.Tranche": "tranche",
    "financing.PaymentOrder": "payment_order",
    "financing.OrderedPayment": "ordered_payment",
    "revenue.AccountingPeriod": "period",
}
"""What the vocabulary calls each of them."""


def _stateful() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.startswith("apps.") and any(field.name == "state" for field in model._meta.fields)
    ]


def _choices(model: type[models.Model]) -> set[str]:
    return {str(value) for value, _label in model._meta.get_field("state").choices or ()}  # type: ignore[union-attr]


def _steps(model: type[models.Model]) -> dict[str, frozenset[str]]:
    steps: dict[str, frozenset[str]] = model.TRANSITIONS  # type: ignore[attr-defined]
    return steps


def test_all_kinds_of_things_with_states_are_known() -> None:
    assert {model._meta.label for model in _stateful()} == set(KINDS)


@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_the_table_names_exactly_the_states(model: type[models.Model]) -> None:
    steps = _steps(model)
    assert set(steps) == _choices(model)
    assert {target for targets in steps.values() for target in targets} <= _choices(model)


@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_every_state_can_be_reached(model: type[models.Model]) -> None:
    steps = _steps(model)
    reached = {str(model._meta.get_field("state").default)}  # type: ignore[union-attr]
    while (further := reached | {target for source in reached for target in steps[source]}) != reached:
        reached = further
    assert reached == set(steps)


@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_pages_have_a_word_for_every_state(model: type[models.Model]) -> None:
    assert _choices(model) - set(vocabulary.STATES[KINDS[model._meta.label]]) == set()


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("model", _stateful(), ids=lambda model: model._meta.label)
def test_the_database_mirrors_the_table(model: type[models.Model]) -> None:
    """Neither a step less nor one more: read from the trigger as Postgres keeps it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT p.prosrc, t.tgenabled FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = %s::regclass AND t.tgname LIKE 'pgtrigger_legal_steps%%'",
            [model._meta.db_table],
        )
        ((source, is_enabled),) = cursor.fetchall()
    assert is_enabled == "O"
    allowed = set(re.findall(r"OLD\.state = '(\w+)' AND NEW\.state = '(\w+)'", source))
    assert allowed == {(state, target) for state, targets in _steps(model).items() for target in targets}
