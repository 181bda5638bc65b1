"""``python -m tests.engines.served web PORT`` or ``… worker PORT``: what is killed, with a mutant if asked for."""

import os
import sys
import threading
import time
from contextlib import ExitStack

import django


def leave_with(parent: int) -> None:
    """End when whoever started this has ended, however that was: nothing is left behind."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=leave_with, args=(os.getppid(),), daemon=True).start()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.engines.settings"
    django.setup()
    import waitress
    from django.core.wsgi import get_wsgi_application

    from apps.workflows import worker
    from tests.engines import mutants

    with ExitStack() as stack:
        if fault := os.environ.get("ENGINES_MUTANT"):
            mutant, _load = mutants.OF_KILLS[fault]
            stack.enter_context(mutant())
        if sys.argv[1] == "worker":
            worker.run_worker()
        else:
            waitress.serve(get_wsgi_application(), host="127.0.0.1", port=int(sys.argv[2]), threads=8, _quiet=True)
