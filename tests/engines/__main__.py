"""``python -m tests.engines``: the long form, on a database server of its own, in a folder that is thrown away.

Prints for each engine how often it tried, from which seed, and what it found; exits with 1 if that is anything. Before
that each engine has to find the mutants that are seeded for it.
"""

import argparse
import logging
import os
import random
import sys
import tempfile
import time
from typing import Any

ENGINES = ("crashes", "races", "lives", "faults", "kills")


def main() -> int:
    told = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    told.add_argument(
        "engines",
        nargs="*",
        metavar="ENGINE",
        help="one or more of crashes, races, lives, faults, kills; all by default",
    )
    told.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**8), help="to repeat a run")
    told.add_argument("--size", type=float, default=1, help="how much of each; 1 is everything and takes hours")
    told.add_argument("--no-mutants", action="store_true", help="do not prove the engines first")
    asked = told.parse_args()
    if unknown := set(asked.engines) - set(ENGINES):
        told.error(f"there is no engine {', '.join(sorted(unknown))}: use {', '.join(ENGINES)}")
    with tempfile.TemporaryDirectory(prefix="engines-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.engines.settings", "ENGINES_DATA_DIR": folder}
        import django

        django.setup()
        # What is printed is what the engines find; that pages complain of a database that is killed is meant.
        logging.disable(logging.CRITICAL)
        from config.embedded_pg import base
        from tests.engines import world

        found = 0
        try:
            with world.template() as template:
                for name in asked.engines or ENGINES:
                    found += _run(name, template, seed=asked.seed, size=asked.size, prove=not asked.no_mutants)
        finally:
            from django.db import connections

            connections.close_all()
            base.server().detach()
    return 1 if found else 0


def _run(name: str, template: Any, *, seed: int, size: float, prove: bool) -> int:
    from tests.engines import long

    begun = time.monotonic()
    survivors = 0
    for fault, is_found in long.PROOFS[name](template, seed) if prove else ():
        survivors += not is_found
        print(f"{name}: mutant {'found' if is_found else 'NOT FOUND'}: {fault}", flush=True)
    report = long.LONG[name](template, seed=seed, size=size)
    print(f"{report}\n    {time.monotonic() - begun:.0f} seconds with the proof", flush=True)
    return survivors + len(report.findings)


if __name__ == "__main__":
    sys.exit(main())
