"""Whether the mailbox to which a decision was passed on is still that of a colleague of the buyer's signatory."""

from apps.contracts import rules
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.services.mailboxes import sellers_mailboxes
from apps.contracts.services.people import decides_by_link
from apps.core.errors import Refused


def may_be_replaced(grant: GuestGrant, *, contract: Contract) -> bool:
    """Whether a link can be replaced by a new one to the same mailbox: that of a signatory always.

    One that was passed on only where it could be passed on now: not once the buyer has an owner, and not to a mailbox
    that has become one of the seller's since. Postgres holds the same of the new row.
    """
    if grant.passed_from is None:
        return True
    if not decides_by_link(contract):
        return False
    try:
        sellers = sellers_mailboxes(contract)
        rules.check_colleague(grant.email, signatory=grant.passed_from.email, sellers=sellers)
    except Refused:
        return False
    return True
