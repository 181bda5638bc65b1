"""What may be done with contracts. Workflows call these inside their transaction, with the contract locked."""

from apps.contracts.services.beginning import ask_seller
from apps.contracts.services.changed_versions import (
    Change,
    as_signed,
    contract_of_order,
    order_in,
    order_of,
    plan_of,
    preview_change,
    terms_moved,
)
from apps.contracts.services.changing import (
    decline_change,
    is_signed,
    propose_change,
    proposed_version,
    record_change,
    sign_change,
    withdraw_change,
)
from apps.contracts.services.comments import comment
from apps.contracts.services.completing import complete_when_all_billed, reopen
from apps.contracts.services.drafting import change_draft, draft
from apps.contracts.services.financiers import admit_financier
from apps.contracts.services.grants import (
    close_event_links,
    close_grants,
    end_signing_links,
    grant_acknowledgement,
    grant_sign_off,
    grant_signature,
    link_to_what_goes_on,
    link_told,
    mark_viewed,
    pass_links,
    prolong_sign_off,
    renew_grant,
    revoke_grants,
    spend_grants,
)
from apps.contracts.services.guests import guest
from apps.contracts.services.link_attempts import note_counterparty
from apps.contracts.services.locks import (
    contract_of_grant,
    found,
    lock,
    lock_all_by_ref,
    lock_by_ref,
    lock_of_version,
    locking,
)
from apps.contracts.services.mail import note_failure, note_sent, proves_nothing
from apps.contracts.services.negotiating import (
    OverdueProposal,
    answer,
    expire,
    may_withdraw,
    next_expiry,
    proposals_overdue,
    request_changes,
    withdraw,
)
from apps.contracts.services.ordering import set_order_number
from apps.contracts.services.people import (
    buyer_authority,
    check_not_sellers,
    decides_by_link,
    require_readable,
    require_seller,
)
from apps.contracts.services.people_needed import missing_people
from apps.contracts.services.plans import plan_in_force, plan_picked, plans_of
from apps.contracts.services.record import place_in_record, record, recorded
from apps.contracts.services.reviews import review_terms
from apps.contracts.services.same_person import check_another_person, is_same_person, mailboxes_read
from apps.contracts.services.sides import newest_proposal, organisation_of, other_side, proposer_of, side_of
from apps.contracts.services.signing import (
    propose,
    sign,
    statement_of,
    version_of,
)
from apps.contracts.services.templates import (
    delete_template,
    draft_of_template,
    rename_template,
    save_template,
    template_was_deleted,
)
from apps.contracts.services.terminating import (
    contract_of_notice,
    give_notice,
    is_effective,
    live_notice,
    require_running,
    require_terminator,
    terminate,
    withdraw_notice,
)
from apps.contracts.services.texts import preview
from apps.contracts.services.uploads import import_plan, keep_plan
from apps.contracts.services.used_links import is_used_to_sign
from apps.contracts.services.versions import as_draft, draft_of, draft_version, fingerprint, newest_version, paper_of

__all__ = [
    "Change",
    "OverdueProposal",
    "admit_financier",
    "answer",
    "as_draft",
    "as_signed",
    "ask_seller",
    "buyer_authority",
    "change_draft",
    "check_another_person",
    "check_not_sellers",
    "close_event_links",
    "close_grants",
    "comment",
    "complete_when_all_billed",
    "contract_of_grant",
    "contract_of_notice",
    "contract_of_order",
    "decides_by_link",
    "decline_change",
    "delete_template",
    "draft",
    "draft_of",
    "draft_of_template",
    "draft_version",
    "end_signing_links",
    "expire",
    "fingerprint",
    "found",
    "give_notice",
    "grant_acknowledgement",
    "grant_sign_off",
    "grant_signature",
    "guest",
    "import_plan",
    "is_effective",
    "is_same_person",
    "is_signed",
    "is_used_to_sign",
    "keep_plan",
    "link_to_what_goes_on",
    "link_told",
    "live_notice",
    "lock",
    "lock_all_by_ref",
    "lock_by_ref",
    "lock_of_version",
    "locking",
    "mailboxes_read",
    "mark_viewed",
    "may_withdraw",
    "missing_people",
    "newest_proposal",
    "newest_version",
    "next_expiry",
    "note_counterparty",
    "note_failure",
    "note_sent",
    "order_in",
    "order_of",
    "organisation_of",
    "other_side",
    "paper_of",
    "pass_links",
    "place_in_record",
    "plan_in_force",
    "plan_of",
    "plan_picked",
    "plans_of",
    "preview",
    "preview_change",
    "prolong_sign_off",
    "proposals_overdue",
    "propose",
    "propose_change",
    "proposed_version",
    "proposer_of",
    "proves_nothing",
    "record",
    "record_change",
    "recorded",
    "rename_template",
    "renew_grant",
    "reopen",
    "request_changes",
    "require_readable",
    "require_running",
    "require_seller",
    "require_terminator",
    "review_terms",
    "revoke_grants",
    "save_template",
    "set_order_number",
    "side_of",
    "sign",
    "sign_change",
    "spend_grants",
    "statement_of",
    "template_was_deleted",
    "terminate",
    "terms_moved",
    "version_of",
    "withdraw",
    "withdraw_change",
    "withdraw_notice",
]
