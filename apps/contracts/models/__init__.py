from apps.contracts.models.change_order import ChangeOrder
from apps.contracts.models.comment import Comment
from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.criterion import Criterion
from apps.contracts.models.document import ContractDocument
from apps.contracts.models.grant import GuestGrant
from apps.contracts.models.plan_line import PlanLine
from apps.contracts.models.sent_mail import MailFailure, SentMail
from apps.contracts.models.signature import Signature
from apps.contracts.models.template import ContractTemplate
from apps.contracts.models.termination import Termination
from apps.contracts.models.upload import PlanUpload
from apps.contracts.models.version import ContractVersion

__all__ = [
    "ChangeOrder",
    "Comment",
    "Contract",
    "ContractDocument",
    "ContractParty",
    "ContractTemplate",
    "ContractVersion",
    "Criterion",
    "GuestGrant",
    "MailFailure",
    "PlanLine",
    "PlanUpload",
    "SentMail",
    "Signature",
    "Termination",
]
