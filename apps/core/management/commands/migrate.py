"""``manage.py migrate`` as Django's, run by the owner of the tables, and finished by what the web role needs."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from apps.core.database import drawing, policies, walls


class Command(migrate.Command):
    """Migrate as the owner, then make the cache's table and build the walls between tenants."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        with drawing.one_model_at_a_time():
            super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return
        call_command("createcachetable", database=options["database"], verbosity=0)
        policies.build(connections["owner"])
        if options["verbosity"] > 0:
            self.stdout.write(f"The web role is held by the walls of {len(walls.declared())} tables.")
