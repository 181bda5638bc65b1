"""What Postgres refuses of an advance, whoever writes it."""

from typing import Final

from apps.core.database import guards
from apps.financing.models.tranche_states import STEPS

GUARDS: Final = [
    guards.legal_steps(STEPS),
    guards.frozen_when(
        "TRUE",
        name="what_was_signed_frozen",
        allow=(
            "state",
            "outstanding",
            "funded_on",
            "settled_on",
            "expected_on",
            "bought_at",
            "cut_on",
            "cut_days",
            "cut_discount",
            "cut_fee",
            "defaulted_at",
            "defaulted_by_id",
            "default_reason",
            "cancelled_at",
            "cancelled_by_id",
            "cancel_reason",
        ),
    ),
    guards.refused_when(
        "tranche_starts_as_the_accepted_line",
        guards.INSERT,
        "NEW.carried_from_id IS NULL AND (NEW.state <> 'accepted' OR NEW.outstanding <> 0 OR NOT EXISTS"
        " (SELECT 1 FROM financing_offerline l"
        " JOIN financing_offer o ON o.id = l.offer_id JOIN financing_fundingrequest r ON r.id = o.request_id"
        " WHERE l.id = NEW.line_id AND o.id = NEW.offer_id AND o.state = 'accepted'"
        " AND (l.milestone_id, l.face, l.gross, l.discount, l.fee, l.days, l.expected_on, o.currency,"
        " o.financier_id, o.seller_id, r.facility_id, r.contract_id) = (NEW.milestone_id, NEW.face, NEW.gross,"
        " NEW.discount, NEW.fee, NEW.days, NEW.expected_on, NEW.currency, NEW.financier_id, NEW.seller_id,"
        " NEW.facility_id, NEW.contract_id)))",
    ),
    guards.refused_when(
        "carried_over_to_the_rest_of_the_milestone",
        guards.INSERT,
        "NEW.carried_from_id IS NOT NULL AND (NEW.state <> 'funded_pre' OR NEW.outstanding <> NEW.gross"
        " OR NOT EXISTS (SELECT 1 FROM financing_tranche p JOIN milestones_milestone a ON a.id = p.milestone_id"
        " JOIN milestones_milestone r ON (r.contract_id, r.position) = (a.contract_id, a.position)"
        " AND r.part > a.part WHERE p.id = NEW.carried_from_id AND r.id = NEW.milestone_id"
        " AND a.state = 'accepted' AND r.state = 'changes_requested' AND (p.line_id, p.offer_id, p.facility_id,"
        " p.financier_id, p.seller_id, p.buyer_id, p.contract_id, p.currency, p.accepted_at) = (NEW.line_id,"
        " NEW.offer_id, NEW.facility_id, NEW.financier_id, NEW.seller_id, NEW.buyer_id, NEW.contract_id,"
        " NEW.currency, NEW.accepted_at)))",
    ),
    guards.at_commit(
        "what_is_carried_over_left_the_first",
        guards.INSERT,
        "IF NEW.carried_from_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_adjustment a"
        " WHERE a.tranche_id = NEW.carried_from_id AND a.kind = 'carried'"
        " AND (-a.advance, a.discount, a.fee, a.booked_on) = (NEW.gross, NEW.discount, NEW.fee, NEW.funded_on))"
        " THEN RAISE EXCEPTION 'tranche % is carried over from an advance that still has it', NEW.ref"
        " USING ERRCODE = 'check_violation'; END IF;",
    ),
    guards.frozen_when("OLD.state = 'cancelled'", name="cancelled_once"),
    guards.refused_when(
        "bought_at_one_amount",
        guards.UPDATE,
        "OLD.bought_at IS NOT NULL AND NEW.bought_at IS DISTINCT FROM OLD.bought_at",
    ),
    guards.refused_when(
        "nothing_is_funded_that_is_in_dispute",
        guards.UPDATE,
        "OLD.state = 'accepted' AND NEW.state IN ('funded_pre', 'funded_post') AND EXISTS"
        " (SELECT 1 FROM milestones_dispute d LEFT JOIN invoicing_disputedinvoice x ON x.dispute_id = d.id"
        " LEFT JOIN invoicing_invoice i ON i.id = x.invoice_id WHERE d.contract_id = NEW.contract_id"
        " AND d.state IN ('open', 'proposed') AND NEW.milestone_id IN (d.milestone_id, i.milestone_id))"
        # What the bank carried out is a fact: its file was handed out, and a dispute came after it.
        " AND NOT EXISTS (SELECT 1 FROM financing_orderedpayment p JOIN financing_disbursement b"
        " ON b.tranche_id = p.tranche_id AND b.bank_reference = p.ref WHERE p.tranche_id = NEW.id"
        " AND p.what = 'advance' AND p.state = 'confirmed')",
    ),
    guards.refused_when(
        "funded_with_a_disbursement",
        guards.UPDATE,
        "OLD.state = 'accepted' AND NEW.state IN ('funded_pre', 'funded_post') AND NOT EXISTS"
        " (SELECT 1 FROM financing_disbursement d WHERE d.tranche_id = NEW.id)",
    ),
    guards.refused_when(
        "advanced_before_acceptance_only_until_then",
        guards.UPDATE,
        "NEW.state = 'funded_pre' AND OLD.state <> 'funded_pre' AND NOT EXISTS (SELECT 1"
        " FROM milestones_milestone m WHERE m.id = NEW.milestone_id AND m.state <> 'accepted')",
    ),
    guards.refused_when(
        "returned_as_the_bank_says",
        guards.UPDATE,
        "NEW.state = 'returned' AND NOT EXISTS (SELECT 1 FROM financing_bankmovement m"
        " WHERE m.tranche_id = NEW.id AND m.kind = 'returned')",
    ),
    guards.at_commit(
        "outstanding_is_what_was_not_repaid",
        guards.UPDATE,
        "IF NEW.outstanding <> OLD.outstanding AND NEW.state <> 'returned' AND EXISTS (SELECT 1"
        " FROM financing_tranche t WHERE t.id = NEW.id AND t.outstanding <> t.gross - (SELECT"
        " coalesce(sum(a.charged_back + a.written_off), 0) FROM financing_adjustment a"
        " WHERE a.tranche_id = t.id) - (SELECT"
        " coalesce(sum(c.to_advance), 0) FROM financing_collection c WHERE c.tranche_id = t.id)) THEN RAISE"
        " EXCEPTION 'tranche % is not what was funded less what was repaid, charged back and written off',"
        " NEW.ref USING ERRCODE = 'check_violation'; END IF;",
    ),
    guards.at_commit(
        "bought_with_its_invoice",
        guards.UPDATE,
        "IF EXISTS (SELECT 1 FROM financing_tranche t WHERE t.id = NEW.id"
        " AND t.state IN ('funded_post', 'part_collected', 'settled', 'defaulted', 'written_off')"
        " AND NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.milestone_id = t.milestone_id"
        " AND i.gross = coalesce(t.bought_at, t.face)))"
        " THEN RAISE EXCEPTION 'tranche % is bought without its invoice', NEW.ref"
        " USING ERRCODE = 'check_violation'; END IF;",
    ),
]
