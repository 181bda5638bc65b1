"""Triggers by which Postgres refuses what the code forgot.

Every trigger raises with ``ERRCODE = 'check_violation'`` so that Django reports an ``IntegrityError``.

A guard asks with the eyes of whoever writes, unless it is one :meth:`~Guard.seeing_all`.
"""

from collections.abc import Sequence
from typing import Any

import pgtrigger

from apps.core.states import type_of_table


class Guard(pgtrigger.Trigger):
    """A trigger that knows with whose eyes it asks."""

    sees_all: bool = False

    def seeing_all(self) -> "Guard":
        """It asks with the eyes of the tables' owner, as Postgres itself does when it checks a foreign key.

        So it refuses by what there is, not by what its writer may see, and its plans hold no policies. Only for a guard
        that reads, and whose answer needs no wall: one that refuses what its writer does not *see* would let pass what
        a stranger has. (And for a trigger that keeps sums which nobody else may write at all.) The row that is written
        stays behind its own wall all the same. Nobody but its own trigger can run its function: see
        :mod:`~apps.core.database.policies`.
        """
        self.sees_all = True
        return self


def _refuse(message: str, *parts: str) -> str:
    arguments = "".join(f", {part}" for part in parts)
    return f"RAISE EXCEPTION '{message}'{arguments} USING ERRCODE = 'check_violation';"


def legal_steps(transitions: type_of_table, *, column: str = "state") -> Guard:
    """Mirror a transition table: raw SQL cannot jump from one state to another either."""
    pairs = sorted((source, target) for source, targets in transitions.items() for target in targets)
    allowed = " OR ".join(f"(OLD.{column} = '{s}' AND NEW.{column} = '{t}')" for s, t in pairs) or "false"
    refuse = _refuse("illegal step from % to %", f"OLD.{column}", f"NEW.{column}")
    return Guard(
        name="legal_steps",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        condition=pgtrigger.Condition(f"OLD.{column} IS DISTINCT FROM NEW.{column}"),
        func=f"IF NOT ({allowed}) THEN {refuse} END IF; RETURN NEW;",
    )


def append_only() -> list[Guard]:
    """Rows that are written once: no update, no delete, no truncate."""
    return [
        Guard(
            name="append_only",
            operation=pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=_refuse("this row is append-only; correct it with a new one"),
        ),
        Guard(
            name="never_truncated",
            level=pgtrigger.Statement,
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            func=_refuse("this table is append-only and is never truncated"),
        ),
    ]


def never_deleted() -> Guard:
    """Rows that may change but never vanish."""
    return Guard(
        name="never_deleted",
        operation=pgtrigger.Delete,
        when=pgtrigger.Before,
        func=_refuse("this row is part of the record and is never deleted"),
    )


def frozen_when(condition: str, *, name: str = "frozen", allow: tuple[str, ...] = (), is_hot: bool = False) -> Guard:
    """Rows that cannot change or vanish once ``condition`` (SQL over ``OLD``) holds, but for columns in ``allow``.

    Rows that every sign-off changes (``is_hot``) are compared as rows: as JSON all that is in them is written twice.
    """
    if is_hot:
        return _frozen_row_when(condition, name=name, allow=allow)
    keep = " || ".join(f"jsonb_build_object('{column}', OLD.{column})" for column in allow)
    new = f"to_jsonb(NEW) || {keep}" if keep else "to_jsonb(NEW)"
    refuse = _refuse("this row is frozen")
    return Guard(
        name=name,
        operation=pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.Before,
        func=(
            f"IF {condition} THEN "
            f"IF TG_OP = 'DELETE' THEN {refuse} END IF; "
            f"IF to_jsonb(OLD) IS DISTINCT FROM ({new}) THEN {refuse} END IF; "
            "END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )


def _frozen_row_when(condition: str, *, name: str, allow: tuple[str, ...]) -> Guard:
    refuse = _refuse("this row is frozen")
    kept = " ".join(f"kept.{column} := OLD.{column};" for column in allow)
    return Guard(
        name=name,
        operation=pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.Before,
        declare=[("kept", "record")],
        func=(
            f"IF {condition} THEN "
            f"IF TG_OP = 'DELETE' THEN {refuse} END IF; "
            f"kept := NEW; {kept} IF kept IS DISTINCT FROM OLD THEN {refuse} END IF; "
            "END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )


def at_commit(name: str, operation: Any, body: str, *, only: str = "") -> Guard:
    """A rule over several rows, checked when the transaction commits (deferred constraint trigger).

    ``body`` is PL/pgSQL that raises with ``check_violation`` when the rule is broken. ``only`` (SQL over ``NEW`` and
    ``OLD`` that asks no table) says which writes can break it: after others nothing is checked.
    """
    return Guard(
        name=name,
        operation=operation,
        when=pgtrigger.After,
        condition=pgtrigger.Condition(f"({only})") if only else None,
        timing=pgtrigger.Deferred,
        func=f"{body} RETURN NULL;",
    )


INSERT = pgtrigger.Insert
UPDATE = pgtrigger.Update
INSERT_OR_UPDATE = pgtrigger.Insert | pgtrigger.Update


def refused_when(name: str, operation: Any, *conditions: str, only: str = "") -> Guard:
    """Refuse a row for which all ``conditions`` (SQL over ``NEW`` and ``OLD``) hold, whoever writes it.

    They are asked one after the other, so the cheap one comes first: Postgres sets up every subquery of an expression,
    with the policies of its tables, before it looks at the first word of it. ``only`` is the part that asks no table:
    unless it holds, the trigger is not even called.
    """
    return Guard(
        name=name,
        operation=operation,
        when=pgtrigger.Before,
        condition=pgtrigger.Condition(f"({only})") if only else None,
        func=f"{_one_after_the_other(conditions or ('TRUE',), _refuse(name.replace('_', ' ')))} RETURN NEW;",
    )


def refused_together(name: str, wrong: str) -> Guard:
    """Refuse rows of which this finds one among ``added``: asked once for all that a statement adds, which are many."""
    return Guard(
        name=name,
        level=pgtrigger.Statement,
        operation=INSERT,
        when=pgtrigger.After,
        referencing=pgtrigger.Referencing(new="added"),  # type: ignore[no-untyped-call]
        func=f"IF EXISTS ({wrong}) THEN {_refuse(name.replace('_', ' '))} END IF; RETURN NULL;",
    )


def _one_after_the_other(conditions: Sequence[str], then: str) -> str:
    asked = "".join(f"IF {condition} THEN " for condition in conditions)
    return f"{asked}{then}{' END IF;' * len(conditions)}"
