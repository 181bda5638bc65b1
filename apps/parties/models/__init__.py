from apps.parties.models.membership import Invitation, Membership
from apps.parties.models.organisation import BankAccount, Organisation
from apps.parties.models.user import User

__all__ = ["BankAccount", "Invitation", "Membership", "Organisation", "User"]
