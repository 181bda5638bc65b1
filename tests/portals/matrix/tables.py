"""The walls without any page before them: every table and every queryset, asked for strangers' rows."""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.models import Model

from apps.core.database import walls
from apps.parties.actor import Actor
from tests import scenarios
from tests.portals.matrix.world import Tenant, keys_of_tables, walled_models


def actors_of(tenant: Tenant) -> Iterator[tuple[str, Actor]]:
    """Every member and every guest of a tenant who is one now."""
    for role, membership in tenant.people.items():
        if role != "removed":
            yield role, scenarios.actor_of(membership)
    for name, grant in tenant.grants.items():
        yield f"guest {name}", scenarios.guest_actor(grant)


def shown(actor: Actor, tenant: Tenant) -> set[str]:
    """The tables of which the database shows this actor rows of the tenant."""
    sql = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table} WHERE {key} > {low} AND {key} <= {high})"
        for table, key in keys_of_tables().items()
        for low, high in [tenant.rows[table]]
    )
    with scenarios.acting(actor), connections["default"].cursor() as cursor:
        cursor.execute(sql)
        return {table for (table,) in cursor.fetchall()}


def written(actor: Actor, tenant: Tenant) -> set[str]:
    """The tables in which the database lets this actor touch rows of the tenant, or add one like them."""
    return {
        f"{verb} {model._meta.db_table}"
        for model in walled_models()
        for verb, statement, values in _statements(model, tenant)
        if _touches(actor, statement, values)
    }


def filtered(model: type[Model], actor: Actor, tenant: Tenant) -> int:
    """How many rows of the tenant the first wall shows this actor."""
    low, high = tenant.rows[model._meta.db_table]
    manager: Any = model._default_manager
    return int(manager.visible_to(actor).filter(pk__gt=low, pk__lte=high).count())


def of_other_contracts(actor: Actor) -> list[str]:
    """For a guest: the tables that show rows of another contract than that of the link."""
    found = []
    with scenarios.acting(actor), connections["default"].cursor() as cursor:
        for model in walled_models():
            column = "id" if model._meta.label == "contracts.Contract" else "contract_id"
            if column == "id" or any(field.column == column for field in model._meta.fields):
                cursor.execute(f"SELECT count(*) FROM {model._meta.db_table} WHERE {column} <> %s", [actor.contract_id])
                (count,) = cursor.fetchone()
                found += [model._meta.db_table] if count else []
    return found


def _statements(model: type[Model], tenant: Tenant) -> Iterator[tuple[str, str, list[Any]]]:
    table, (low, high) = model._meta.db_table, tenant.rows[model._meta.db_table]
    key = keys_of_tables()[table]
    yield "UPDATE", f"UPDATE {table} SET {key} = {key} WHERE {key} > %s AND {key} <= %s", [low, high]
    yield "DELETE", f"DELETE FROM {table} WHERE {key} > %s AND {key} <= %s", [low, high]
    copy = f"SELECT to_jsonb(t) || '{{\"{key}\": 999999999}}' FROM {table} t WHERE {key} = %s"
    with connections["owner"].cursor() as cursor:
        cursor.execute(copy, [high])
        (row,) = cursor.fetchone()
    yield "INSERT", f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s::jsonb)", [row]


def _touches(actor: Actor, statement: str, values: list[Any]) -> bool:
    """Whether a statement changes a row; what the database refuses, for whatever reason, changes none."""
    with walls.asking_for(actor.organisation_id, user=actor.user_id, contract=actor.contract_id):
        try:
            with transaction.atomic(), connections["default"].cursor() as cursor:
                cursor.execute(statement, values)
                transaction.set_rollback(True)
                return bool(cursor.rowcount > 0)
        except DatabaseError:
            return False
