"""Which of the plans of a proposal somebody is about to sign."""

from django.http import HttpRequest

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion


def picked(request: HttpRequest, version: ContractVersion) -> ContractVersion | None:
    """The plan that the address or the form names by number; the only one where there is one, else None."""
    plans = contracts.plans_of(version)
    if len(plans) == 1:
        return version
    named = request.POST.get("pick", "") if request.method == "POST" else request.GET.get("pick", "")
    return next((one for one in plans if str(one.option_number) == named), None)
