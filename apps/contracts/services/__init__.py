"""What may be done with contracts. Workflows call these inside their transaction, with the contract locked."""

from apps.contracts.services.drafting import change_draft, draft, draft_of, fingerprint, preview
from apps.contracts.services.financiers import admit_financier
from apps.contracts.services.grants import (
    grant_acknowledgement,
    grant_sign_off,
    grant_signature,
    mark_viewed,
    renew_grant,
    revoke_grants,
    spend_grants,
)
from apps.contracts.services.guests import guest
from apps.contracts.services.locks import contract_of_grant, lock, lock_by_ref, lock_of_version
from apps.contracts.services.people import buyer_authority, require_seller
from apps.contracts.services.record import record
from apps.contracts.services.signing import (
    buyer_statement,
    complete_when_all_accepted,
    propose,
    request_changes,
    review_time_zone,
    seller_statement,
    sign,
    withdraw,
)

__all__ = [
    "admit_financier",
    "buyer_authority",
    "buyer_statement",
    "change_draft",
    "complete_when_all_accepted",
    "contract_of_grant",
    "draft",
    "draft_of",
    "fingerprint",
    "grant_acknowledgement",
    "grant_sign_off",
    "grant_signature",
    "guest",
    "lock",
    "lock_by_ref",
    "lock_of_version",
    "mark_viewed",
    "preview",
    "propose",
    "record",
    "renew_grant",
    "request_changes",
    "require_seller",
    "review_time_zone",
    "revoke_grants",
    "seller_statement",
    "sign",
    "spend_grants",
    "withdraw",
]
