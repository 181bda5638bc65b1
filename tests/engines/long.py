"""The long form of every engine, and the proof of each on its mutants."""

import random
import time
from collections.abc import Iterator
from typing import Final

from django.db import DatabaseError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as from_seed
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from apps.core.database import scratch
from tests.commits import checked_without_commit
from tests.engines import crash, faults, kills, life, mutants, races, walks
from tests.engines.course import advanced, applied
from tests.engines.course import life as courses
from tests.engines.proxy import Fault, Plan
from tests.engines.report import Report
from tests.engines.world import World

Template = tuple[World, str]
LIVES: Final = (
    (life.Life, life.begin),
    (courses.Course, courses.begin),
    (applied.ByApplication, applied.begin),
    (advanced.Advanced, advanced.begin),
)
Proof = Iterator[tuple[str, bool]]
MOST_LUCK = 8
"""How often a mutant may go by unnoticed where chance decides, before it counts as not found."""


def crashes(template: Template, *, seed: int, size: float) -> Report:
    """Every action at every point; with less than the whole size, at some."""
    return crash.try_all(*template, seed=seed, most=None if size >= 1 else max(1, int(20 * size)))


def mutants_of_crashes(template: Template, seed: int) -> Proof:
    for fault, (mutant, action) in mutants.OF_CRASHES.items():
        with mutant():
            chance = random.Random(seed)
            report = crash.try_action(action, *template, chance=chance, most=0, last=[crash.AFTER_COMMIT])
        yield fault, bool(report.findings)


def races_(template: Template, *, seed: int, size: float) -> Report:
    return races.run_all(*template, seed=seed, rounds=max(1, int(20 * size)))


def mutants_of_races(template: Template, _seed: int) -> Proof:
    for fault, (mutant, race) in mutants.OF_RACES.items():
        with mutant():
            yield fault, any(races.run(race, *template).findings for _ in range(MOST_LUCK))


def lives(_template: Template, *, seed: int, size: float) -> Report:
    """From the draft to the advance, and from the signature through everything that happens, by two ways of billing and
    with money advanced."""
    report = Report("lives", seed)
    begun = time.monotonic()
    how = _lives(examples=max(5, int(250 * size)))
    for machine, begin in LIVES:
        with scratch.scratch_database(), begin(), checked_without_commit():
            try:
                run_state_machine_as_test(from_seed(seed)(machine), settings=how)
            except Exception as error:  # the shortened story stands in its notes
                report.findings.append("\n".join([repr(error), *getattr(error, "__notes__", [])]))
            report.trials += machine.steps
        done = ", ".join(f"{name} {count}" for name, count in sorted(machine.done.items()))
        report.notes.append(f"{machine.__name__}: {machine.steps} steps; let through: {done}")
    report.notes.append(f"{report.trials / (time.monotonic() - begun):.0f} steps a second")
    return report


def mutants_of_lives(_template: Template, seed: int) -> Proof:
    """By chance those that are met often, and each of ``courses`` by a short course to it."""
    for machine, begin, seeded in ((*LIVES[0], mutants.OF_LIVES), (*LIVES[1], mutants.BY_CHANCE)):
        for fault, mutant in seeded.items():
            with scratch.scratch_database(), begin(every=20), checked_without_commit(), mutant():
                yield fault, any(_is_found(machine, seed + luck) for luck in range(MOST_LUCK))
    with scratch.scratch_database(), courses.begin(every=0), checked_without_commit():
        for fault in walks.WALKS:
            yield f"{fault}, by a short course", walks.is_met(fault)


def _is_found(machine: type[RuleBasedStateMachine], seed: int) -> bool:
    try:
        run_state_machine_as_test(from_seed(seed)(machine), settings=_lives(examples=60, shrink=()))
    except (AssertionError, DatabaseError):  # the paper contradicts, or a guard refuses; no lock or lost session
        return True
    return False


def _lives(*, examples: int, shrink: tuple[Phase, ...] = (Phase.shrink,)) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        database=None,
        phases=[Phase.generate, *shrink],
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def faults_(template: Template, *, seed: int, size: float) -> Report:
    return faults.try_all(*template, seed=seed, points=None if size >= 1 else max(1, int(20 * size)))


def mutants_of_faults(template: Template, _seed: int) -> Proof:
    for fault, (mutant, lost) in mutants.OF_FAULTS.items():
        with mutant():
            yield fault, bool(faults.try_plan("sign-off", Plan(Fault(lost)), *template))


def kills_(template: Template, *, seed: int, size: float) -> Report:
    """Everything dies, the whole database too: this server is the engine's own."""
    payments, contracts, times = int(600 * size) + 30, int(20 * size) + 2, int(40 * size) + 4
    return kills.run(*template, seed=seed, payments=payments, contracts=contracts, kills=times, victims=kills.ALL)


def mutants_of_kills(template: Template, seed: int) -> Proof:
    for fault in mutants.OF_KILLS:
        yield fault, kills.find(fault, *template, seed=seed, most=MOST_LUCK)
    # Whoever acknowledges before it is written loses it with the server; an engine that does not see that sees nothing.
    yield "synchronous_commit = off", any(_is_written_late_found(template, seed + luck) for luck in range(MOST_LUCK))


def _is_written_late_found(template: Template, seed: int) -> bool:
    report = kills.run(*template, seed=seed, payments=90, contracts=2, kills=8, victims=("database",), careless=True)
    return bool(report.findings)


LONG = {"crashes": crashes, "races": races_, "lives": lives, "faults": faults_, "kills": kills_}
PROOFS = {
    "crashes": mutants_of_crashes,
    "races": mutants_of_races,
    "lives": mutants_of_lives,
    "faults": mutants_of_faults,
    "kills": mutants_of_kills,
}
