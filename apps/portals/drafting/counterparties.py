"""The other side of a contract that somebody begins: chosen from whom one knows, or written down on the way."""

from django.db.models import Q

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.parties.models import Organisation
from apps.portals.access import PortalRequest
from apps.portals.drafting.forms import NEW_COUNTERPARTY, DraftForm
from apps.workflows import team


def known_to(request: PortalRequest, *, side: str) -> list[Organisation]:
    """Whom this side wrote down, or has contracts with as the other side."""
    actor = request.actor
    if side == "seller":
        mine = Q(pk__in=Contract.objects.of_seller(actor).order_by().values("buyer_id"))
    else:
        mine = Q(pk__in=Contract.objects.of_buyer(actor).order_by().values("seller_id"))
    known = Organisation.objects.filter(Q(nominated_by_id=actor.organisation_id) | mine)
    return list(known.exclude(pk=actor.organisation_id).order_by("legal_name", "pk"))


def with_counterparty(request: PortalRequest, form: DraftForm) -> DraftForm:
    """Write down a new organisation, once, and answer the form as if it had been chosen from the list."""
    data = form.new_counterparty()
    if data is None:
        return form
    try:
        named = team.name_counterparty(actor=request.actor, key=f"{form.cleaned_data['key']}-buyer", data=data)
    except Refused as refused:
        refused.field = f"new_{refused.field}"
        raise
    typed = request.POST.copy()
    typed[form.other] = named["organisation"]
    for name in NEW_COUNTERPARTY:
        typed[name] = ""
    chosen = type(form)(typed, known=known_to(request, side=form.side))
    chosen.full_clean()
    return chosen


def speak(request: PortalRequest, form: DraftForm) -> None:
    """Write to an organisation that has no people yet in the language that was chosen; others choose for themselves."""
    language, ref = form.cleaned_data["buyer_language"], form.cleaned_data[form.other]
    other = next(one for one in known_to(request, side=form.side) if one.ref == ref)
    if language and not other.is_claimed and other.language != language:
        team.set_counterparty_language(
            actor=request.actor,
            key=f"{form.cleaned_data['key']}-language",
            organisation_ref=other.ref,
            language=language,
        )
