"""The second wall has no hole: read from Postgres' own catalogue, not from our declarations."""

import re

import pytest
from django.apps import apps
from django.db import connections
from django.db.models import Model

from apps.core.database import policies, walls
from apps.core.database.walls import WEB_ROLE, Open, Wall
from tests import scenarios

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

OPEN_OF_OURS = {"parties_user", "workflows_tally"}
"""People exist before any organisation; who tries too often need not belong to any. Every other table has a policy."""
INSERT_ONLY = {
    "audit_detail",
    "audit_entry",
    "contracts_comment",
    "contracts_contractparty",
    "contracts_mailfailure",
    "contracts_sentmail",
    "contracts_signature",
    "financing_adjustment",
    "financing_bankmovement",
    "financing_checkwaiver",
    "financing_collection",
    "financing_confirmedsignatory",
    "financing_disbursement",
    "financing_expectedcashflow",
    "financing_offerline",
    "financing_repayment",
    "financing_reservepayout",
    "invoicing_allocation",
    "invoicing_bankstatement",
    "invoicing_cashapplication",
    "invoicing_creditnote",
    "invoicing_creditnoteline",
    "invoicing_invoice",
    "invoicing_invoiceline",
    "invoicing_payment",
    "invoicing_paymentreversal",
    "invoicing_lateclaim",
    "invoicing_retentionrelease",
    "invoicing_retentionreturn",
    "invoicing_retentionreturnshare",
    "invoicing_retentionshare",
    "invoicing_statementfile",
    "ledger_account",
    "ledger_entry",
    "ledger_entrynumber",
    "ledger_line",
    "milestones_confirmedevent",
    "milestones_decision",
    "milestones_disputefile",
    "milestones_disputeposition",
    "milestones_disputeproposal",
    "milestones_disputereminder",
    "milestones_firstacceptance",
    "milestones_handover",
    "milestones_inspection",
    "milestones_inspectionverdict",
    "milestones_milestonecomment",
    "milestones_reminder",
    "milestones_reservationfile",
    "milestones_reservationword",
    "milestones_settlementsignature",
    "milestones_valuation",
    "milestones_verdict",
    "revenue_interest",
    "revenue_judgement",
    "revenue_modification",
    "revenue_recognition",
}
"""Records: what is written is written."""


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _models() -> list[type[Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("apps.")]


def test_every_table_has_a_policy_or_a_reason() -> None:
    tables = {row[0] for row in _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    declared = walls.declared()
    assert len(tables) > 50
    assert tables == set(declared)
    walled = {
        row[0]
        for row in _rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
    }
    assert {table for table, wall in declared.items() if isinstance(wall, Wall)} == walled
    assert all(wall.reason for wall in declared.values() if isinstance(wall, Open))


def test_no_table_of_ours_is_open_but_those_of_people_and_of_counters() -> None:
    tables = {model._meta.db_table for model in _models()}
    assert {table for table, wall in walls.declared().items() if isinstance(wall, Open)} & tables == OPEN_OF_OURS


def test_every_model_has_both_walls() -> None:
    missing = [
        model._meta.label
        for model in _models()
        if isinstance(getattr(model, "wall", None), Wall)
        and not hasattr(type(model._default_manager.all()), "visible_to")
    ]
    assert missing == []


def test_no_policy_lets_everybody_through() -> None:
    """One policy per table, and besides it only those that open rows for reading; none is simply true."""
    policies = _rows(
        "SELECT tablename, policyname, cmd, qual, with_check, permissive FROM pg_policies"
        f" WHERE schemaname = 'public' AND '{WEB_ROLE}' = ANY (roles)"
    )
    tenants = {table for table, name, command, *_rest in policies if (name, command) == ("tenant", "ALL")}
    assert tenants == {table for table, wall in walls.declared().items() if isinstance(wall, Wall)}
    openings = {(f"opened_by_{opener}", table) for opener, table, _condition in walls.openings()}
    others = {(name, table) for table, name, command, *_rest in policies if name != "tenant" and command == "SELECT"}
    assert others == openings
    assert len(policies) == len(tenants) + len(openings)
    for table, _name, _command, sees, writes, permissive in policies:
        assert permissive == "PERMISSIVE"
        for condition in (sees, writes):
            asks = any(word in str(condition) for word in ("cairn_", "parent", OF_A_PARTY))
            assert condition is None or asks or table in OPENED
            assert str(condition).strip("() ").lower() not in ("true", "1=1", "1 = 1")


OF_A_PARTY = "FROM contracts_contractparty party"
"""Who sees that an organisation is a party to a contract sees what belongs to it: the parties' own policy decides."""
OPENED = {"parties_organisation"}
"""What is opened by rows of another table is held by that table's own policy."""


def test_no_policy_is_for_everybody() -> None:
    """Policies name the web role; the owner's own, where it is no superuser, is for the owner alone."""
    assert _rows("SELECT policyname FROM pg_policies WHERE schemaname = 'public' AND 'public' = ANY (roles)") == []


def test_the_web_role_owns_nothing_and_cannot_pass_the_walls() -> None:
    assert _rows(
        "SELECT rolbypassrls, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolinherit AND false"
        f" FROM pg_roles WHERE rolname = '{WEB_ROLE}'"
    ) == [(False,) * 6]
    assert _rows(f"SELECT relname FROM pg_class WHERE relowner = '{WEB_ROLE}'::regrole") == []
    assert _rows(f"SELECT roleid FROM pg_auth_members WHERE member = '{WEB_ROLE}'::regrole") == []
    assert _rows(f"SELECT has_schema_privilege('{WEB_ROLE}', 'public', 'CREATE')") == [(False,)]
    assert _rows(f"SELECT has_database_privilege('{WEB_ROLE}', current_database(), 'CREATE')") == [(False,)]


def test_a_partys_row_is_seen_by_that_party_alone() -> None:
    """What most other policies ask, they ask of this one."""
    (sees,) = _rows(
        "SELECT qual FROM pg_policies WHERE tablename = 'contracts_contractparty' AND policyname = 'tenant'"
    )[0]
    for word in ("organisation_id = ANY", "cairn_orgs()", "cairn_contract()"):
        assert word in str(sees)


def test_nothing_but_guards_and_sums_runs_with_the_owners_eyes() -> None:
    """What is SECURITY DEFINER are triggers that say so, which nobody else can run or deceive, and sums of one number,
    which write nothing; no view sees more."""
    assert {
        str(name)
        for (name,) in _rows("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    } == policies.guards_that_see_all() | set(walls.sums())
    for name, gives, changes, may_run, settings in _rows(
        "SELECT proname, prorettype::regtype::text, provolatile::text, proacl IS NULL OR EXISTS (SELECT 1"
        f" FROM aclexplode(proacl) a WHERE a.grantee IN (0, '{WEB_ROLE}'::regrole)), proconfig FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ):
        expected = ("bigint", "s", True) if name in walls.sums() else ("trigger", "v", False)
        assert (gives, changes, may_run) == expected, name
        assert settings == (["search_path=public, pg_temp"] if name in walls.sums() else policies.GUARDED), name


def test_a_guard_with_the_owners_eyes_only_reads_or_adds_up_what_nobody_else_may_write() -> None:
    for name, source in _rows(
        "SELECT proname, prosrc FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ):
        written = set(re.findall(r"(?:INSERT INTO|DELETE FROM|(?<!FOR )UPDATE) (\w+)", str(source)))
        assert written <= {"invoicing_opensum"}, name
    may = {table: set(wall.may) for table, wall in walls.declared().items()}
    assert may["invoicing_opensum"] == {"SELECT"}


def test_no_view_looks_past_its_reader() -> None:
    assert _rows("SELECT viewname FROM pg_views WHERE schemaname = 'public'") == []
    assert _rows("SELECT matviewname FROM pg_matviews WHERE schemaname = 'public'") == []


def test_the_web_role_may_exactly_what_is_declared() -> None:
    """Every table's grants, read from the catalogue; TRUNCATE, REFERENCES and TRIGGER are granted nowhere."""
    granted: dict[object, set[object]] = {}
    for table, privilege in _rows(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        f" AND a.grantee IN (0, '{WEB_ROLE}'::regrole)"
    ):
        granted.setdefault(table, set()).add(privilege)
    assert granted == {table: set(wall.may) for table, wall in walls.declared().items() if wall.may}
    columns = _rows(
        "SELECT c.relname, a.attname, p.privilege_type FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,"
        " aclexplode(a.attacl) p WHERE c.relnamespace = 'public'::regnamespace ORDER BY a.attname"
    )
    # An invoice's milestone moves once, to what is issued anew.
    moves = ("milestone_id", "replaced_milestone_id")
    assert columns == [("invoicing_invoice", column, "UPDATE") for column in moves]


def test_records_are_insert_only_for_the_web_role() -> None:
    may = {table: set(wall.may) for table, wall in walls.declared().items()}
    assert {table for table, commands in may.items() if commands == {"SELECT", "INSERT"}} == INSERT_ONLY
    append_only = {
        str(row[0])
        for row in _rows("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_append_only%'")
    }
    assert append_only - INSERT_ONLY == set()
    never_truncated = {
        str(row[0])
        for row in _rows(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_never_truncated%'"
        )
    }
    assert never_truncated == append_only
    assert len(append_only) > 8


def test_nobody_asking_sees_nothing() -> None:
    """Rows are there, and their own organisation sees them; nobody, and a stranger, see none of them."""
    parties = scenarios.organisations()
    scenarios.accepted_milestone(scenarios.active_contract(parties))
    with scenarios.acting(scenarios.seller_actor(parties)):
        shown = _filled()
    assert len(shown) > 20
    walls.leave()
    assert _filled() == set()
    for stranger in (
        {"user": 999_999_999},
        {"contract": 999_999_999},
    ):
        with walls.asking_for(999_999_999, **stranger):
            assert _filled() == set()


def _guarded_by(trigger: str) -> set[str]:
    rows = _rows(f"SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_{trigger}%'")
    return {str(table) for (table,) in rows}


def _filled() -> set[str]:
    """The tables with policies in which the web role sees rows now."""
    tables = [table for table, wall in walls.declared().items() if isinstance(wall, Wall)]
    sql = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
    with connections["default"].cursor() as cursor:
        cursor.execute(sql)
        return {table for (table,) in cursor.fetchall()}
