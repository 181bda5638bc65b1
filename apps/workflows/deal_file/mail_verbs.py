"""The verb of mails that come back: the mail server of the buyer's mailboxes says so, as it would."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from apps.contracts.models import SentMail
from apps.core.errors import Refused
from apps.milestones.models import Submission
from apps.parties.actor import Actor
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene
from apps.workflows.once import Answer
from apps.workflows.returned import take_returned


def _mail_bounced(scene: Scene, event: Event, actor: Actor) -> Answer:
    """The newest mail about a line of the plan came back from everywhere: the request to sign off, or its invoice."""
    position = event.milestone or 0
    sent = Submission.objects.filter(milestone__contract__ref=scene.contract_ref, milestone__position=position)
    subjects = [f"submission:{ref}" for ref in sent.values_list("ref", flat=True)]
    subjects += [f"invoice:{ref}" for ref in scene.invoices(event).values_list("ref", flat=True)]
    mail = SentMail.objects.filter(subject__in=subjects).order_by("pk").last()
    if mail is None:
        raise Refused("No mail about this line of the plan was sent yet.")
    take_returned(_notification(mail))
    return {"mail": mail.message_id}


def _notification(mail: SentMail) -> bytes:
    failed = "".join(f"\nFinal-Recipient: rfc822; {one}\nAction: failed\nStatus: 5.1.1\n" for one in mail.recipients)
    return (
        "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=part\n\n"
        "--part\nContent-Type: text/plain\n\nA mail was not delivered.\n\n"
        f"--part\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example\n{failed}\n"
        f"--part\nContent-Type: text/rfc822-headers\n\nMessage-ID: {mail.message_id}\n\n--part--\n"
    ).encode()


MAILS: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType({"mail_bounced": _mail_bounced})
