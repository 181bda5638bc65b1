"""The mail about an acceptance that issues no invoice: what was accepted stands in an application for payment."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.core.money import total
from apps.invoicing.models import ApplicationLine
from apps.milestones.models import Decision, Verdict
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def collected(decision: Decision, *, to: Sequence[str], crossed: Sequence[Verdict]) -> None:
    """Tell the seller that the milestone is accepted and stands in the application that collects; or in none
    yet, where all of it is withheld for defects."""
    milestone, contract = decision.submission.milestone, decision.contract
    line = ApplicationLine.objects.select_related("application").filter(milestone=milestone).order_by("-pk").first()
    reservations = list(decision.reservations.all())
    withheld = total(one.amount for one in reservations)
    if line is None and withheld != milestone.amount:
        raise LookupError(f"milestone {milestone.ref} is accepted and neither billed nor applied for")
    application = line.application if line is not None else None
    send(
        Letter(
            name="acceptance_collected",
            key=decision.submission.ref,
            sender=contract.buyer,
            reader=contract.seller,
            to=list(to),
            button=_("Open the application") if application is not None else _("Open the milestone"),
            url=absolute(
                reverse("seller:application", args=[application.ref])
                if application is not None
                else reverse("seller:milestone", args=[milestone.ref])
            ),
            facts=[
                fact(_("Contract"), f"{contract.number} · {contract.title}"),
                *([] if decision.rule else [fact(_("Signed off by"), decision.name)]),
                *([fact(_("Application for payment"), application.number)] if application is not None else []),
                money(_("Accepted, net of tax"), milestone.amount, milestone.currency),
                *([money(_("Withheld, net of tax"), withheld, milestone.currency)] if withheld else []),
            ],
            context={
                "decision": decision,
                "milestone": milestone,
                "number": application.number if application is not None else None,
                "reservations": reservations,
                "is_part": decision.outcome == Decision.Outcome.PARTLY_ACCEPTED,
                "crossed": crossed,
            },
        )
    )
