from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.grant import GuestGrant
from apps.contracts.models.signature import Signature
from apps.contracts.models.template import ContractTemplate
from apps.contracts.models.upload import PlanUpload
from apps.contracts.models.version import ContractVersion, Criterion, PlanLine

__all__ = [
    "Contract",
    "ContractParty",
    "ContractTemplate",
    "ContractVersion",
    "Criterion",
    "GuestGrant",
    "PlanLine",
    "PlanUpload",
    "Signature",
]
