"""``manage.py work``: the process that renders, mails, and does what the clock starts."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.workflows import worker


class Command(BaseCommand):
    help = "Run jobs until SIGINT or SIGTERM; the job that runs then is finished first."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Working. Stop with Ctrl-C.")
        worker.run_worker()
