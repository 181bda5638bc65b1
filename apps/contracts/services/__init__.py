"""What may be done with contracts. Workflows call these inside their transaction, with the contract locked."""

from apps.contracts.services.drafting import (
    as_draft,
    change_draft,
    draft,
    draft_of,
    fingerprint,
    preview,
)
from apps.contracts.services.financiers import admit_financier
from apps.contracts.services.grants import (
    close_grants,
    grant_acknowledgement,
    grant_sign_off,
    grant_signature,
    mark_viewed,
    renew_grant,
    revoke_grants,
    spend_grants,
)
from apps.contracts.services.guests import guest
from apps.contracts.services.locks import contract_of_grant, found, lock, lock_by_ref, lock_of_version, locking
from apps.contracts.services.people import buyer_authority, require_seller
from apps.contracts.services.record import record, recorded
from apps.contracts.services.reviews import review_terms
from apps.contracts.services.signing import (
    buyer_statement,
    complete_when_all_accepted,
    propose,
    request_changes,
    seller_statement,
    sign,
    withdraw,
)
from apps.contracts.services.templates import (
    delete_template,
    draft_of_template,
    rename_template,
    save_template,
    template_was_deleted,
)
from apps.contracts.services.uploads import import_plan, keep_plan
from apps.contracts.services.versions import newest_version, paper_of

__all__ = [
    "admit_financier",
    "as_draft",
    "buyer_authority",
    "buyer_statement",
    "change_draft",
    "close_grants",
    "complete_when_all_accepted",
    "contract_of_grant",
    "delete_template",
    "draft",
    "draft_of",
    "draft_of_template",
    "fingerprint",
    "found",
    "grant_acknowledgement",
    "grant_sign_off",
    "grant_signature",
    "guest",
    "import_plan",
    "keep_plan",
    "lock",
    "lock_by_ref",
    "lock_of_version",
    "locking",
    "mark_viewed",
    "newest_version",
    "paper_of",
    "preview",
    "propose",
    "record",
    "recorded",
    "rename_template",
    "renew_grant",
    "request_changes",
    "require_seller",
    "review_terms",
    "revoke_grants",
    "save_template",
    "seller_statement",
    "sign",
    "spend_grants",
    "template_was_deleted",
    "withdraw",
]
