"""``manage.py makemessages`` as Django's, which also collects what refusals say.

A refusal is raised with its English template (``Refused("Amount {amount} is too large.", amount=…)``) and translated
where it is shown, so the template itself is the message to be translated.
"""

from django.core.management.commands import makemessages

REFUSALS = (
    "Refused",
    "NotAllowed",
    "IllegalTransition",
    "Stale",
    "KeyReused",
    "DealFileRefused",
    "EventRefused",
)
"""The exceptions whose first argument is a message: ``apps.core.errors`` and those derived from it."""


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, *(f"--keyword={name}:1" for name in REFUSALS)]
