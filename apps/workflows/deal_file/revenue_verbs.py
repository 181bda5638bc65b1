"""What the verbs of revenue do: a month is closed, and the seller's accountant judges what no rule can tell."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.contracts.models import ContractVersion
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.revenue import rules
from apps.revenue.models import JudgementKind
from apps.revenue.services import Decision
from apps.workflows import revenue
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.read_judgements import KINDS
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer


def _close_month(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The month that ends on the day that is named, or was over last: at the end of a month that is the one before."""
    return revenue.close_period(actor=actor, key=new_key(), through=rules.month_ended_by(event.on))


def _judge(scene: Scene, event: Event, actor: Actor) -> Answer:
    """It holds from the day of the event, or from the earlier one that is named."""
    said = dict(event.judged or {})
    if said["kind"] == JudgementKind.TREATMENT:
        said["version_ref"] = _newest_change(scene)
    decision = Decision(reason=event.text, effective_on=event.on, **said)
    return revenue.judge_revenue(actor=actor, key=new_key(), contract_ref=scene.contract_ref, decision=decision)


def _newest_change(scene: Scene) -> str:
    version: ContractVersion | None = scene.contract().active_version
    if version is None or version.changes_id is None:
        raise Refused("No change order is signed yet.")
    return version.ref


REVENUE: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {"close_month": _close_month, **dict.fromkeys(KINDS, _judge)}
)
