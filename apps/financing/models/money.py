from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.financing.models.tranche import Tranche
from apps.invoicing.models import Payment
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class DisbursementQuerySet(models.QuerySet["Disbursement"]):
    def visible_to(self, actor: Actor) -> "DisbursementQuerySet":
        return self.filter(tranche__in=Tranche.objects.visible_to(actor))


class Disbursement(models.Model):
    """The advance paid out to the seller: sent by treasury, never by the person who priced it.

    One transfer of the bank may pay several advances of an offer: each has the same ``bank_reference`` and is one of
    its ``parts``.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.OneToOneField(Tranche, models.PROTECT, related_name="disbursement")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    value_on = models.DateField(_("value date"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    part = models.PositiveSmallIntegerField(_("part of the transfer"), db_default=1, default=1)
    parts = models.PositiveSmallIntegerField(_("parts of the transfer"), db_default=1, default=1)
    priced_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()

    objects = DisbursementQuerySet.as_manager()
    wall = walls.through("financing_tranche", "tranche_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            # Every transfer has a first part, so no reference is recorded as two transfers.
            models.UniqueConstraint("financier", "bank_reference", "part", name="disbursement_reference_once"),
            models.CheckConstraint(condition=Q(part__gte=1, part__lte=F("parts")), name="part_of_its_transfer"),
            models.CheckConstraint(condition=~Q(sent_by=F("priced_by")), name="money_sent_by_a_second"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="disbursement_positive"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "notice_before_funding",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_assignment a WHERE a.tranche_id = NEW.tranche_id"
                " AND (a.acknowledged_at IS NOT NULL OR a.waived_at IS NOT NULL))",
            ),
            guards.refused_when(
                "disbursement_of_the_priced_net",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id"
                " JOIN financing_offerline l ON l.id = t.line_id"
                " WHERE t.id = NEW.tranche_id AND t.financier_id = NEW.financier_id AND l.net = NEW.amount"
                " AND t.currency = NEW.currency AND o.created_by_id = NEW.priced_by_id)",
            ),
            guards.at_commit(
                "transfer_is_all_its_parts",
                guards.INSERT,
                "IF (SELECT count(*) <> max(d.parts) OR count(DISTINCT (d.parts, d.value_on, d.sent_by_id,"
                " t.offer_id)) <> 1 FROM financing_disbursement d JOIN financing_tranche t ON t.id = d.tranche_id"
                " WHERE d.financier_id = NEW.financier_id AND d.bank_reference = NEW.bank_reference)"
                " THEN RAISE EXCEPTION 'transfer % is not all its parts', NEW.bank_reference"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.refused_when(
                "paid_out_only_on_a_verified_buyer",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_buyerverification v"
                " ON v.financier_id = t.financier_id AND v.buyer_id = t.buyer_id AND v.revoked_at IS NULL"
                " WHERE t.id = NEW.tranche_id)",
            ),
            guards.refused_when(
                "paid_out_only_on_a_confirmed_signatory",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM financing_tranche t JOIN financing_buyerverification v"
                " ON v.financier_id = t.financier_id AND v.buyer_id = t.buyer_id AND v.revoked_at IS NULL"
                " JOIN parties_organisation b ON b.id = t.buyer_id WHERE t.id = NEW.tranche_id"
                " AND (b.claimed_at <= v.verified_at) IS NOT TRUE"
                " AND NOT EXISTS (SELECT 1 FROM financing_confirmedsignatory s"
                " JOIN contracts_contract c ON c.id = t.contract_id"
                " JOIN contracts_contractversion agreed ON agreed.id = c.active_version_id"
                " WHERE s.verification_id = v.id AND s.email = lower(agreed.signatory_email)))",
            ),
        ]

    def __str__(self) -> str:
        """The bank's reference, and which part of its transfer this is where there are more."""
        return self.bank_reference if self.parts == 1 else f"{self.bank_reference} {self.part}/{self.parts}"


SHARES = ("to_receivable", "to_advance", "to_seller", "to_buyer", "late_charge", "rebate", "recovered")
"""The columns into which a payment is shared out."""


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, actor: Actor) -> "CollectionQuerySet":
        return self.filter(tranche__in=Tranche.objects.visible_to(actor))


class Collection(models.Model):
    """A buyer's payment as the waterfall shared it: late charge, advance, release of the reserve, surplus to the buyer.

    ``late_charge`` was taken out of the reserve; ``rebate`` is unearned discount given back to the seller for early
    payment, on top of what was shared out. ``recovered`` came in on an advance that had been written off.

    What ``is_misdirected`` the buyer paid to the seller by mistake, who owes it until it has passed it on. A row that
    ``reverses`` another is its exact negative: the payment was recorded wrongly, or the bank took it back.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="collections")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="collections")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    to_receivable = models.DecimalField(max_digits=18, decimal_places=3)
    to_advance = models.DecimalField(max_digits=18, decimal_places=3)
    to_seller = models.DecimalField(_("reserve released"), max_digits=18, decimal_places=3)
    to_buyer = models.DecimalField(_("surplus"), max_digits=18, decimal_places=3)
    late_charge = models.DecimalField(max_digits=18, decimal_places=3)
    rebate = models.DecimalField(max_digits=18, decimal_places=3)
    recovered = models.DecimalField(_("recovered"), max_digits=18, decimal_places=3, db_default=0, default=0)
    collected_on = models.DateField()
    is_misdirected = models.BooleanField(_("paid to the seller"), db_default=False, default=False)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")

    objects = CollectionQuerySet.as_manager()
    wall = walls.through("financing_tranche", "tranche_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "tranche",
                "payment",
                condition=Q(reverses__isnull=True),
                name="payment_collected_once_per_tranche",
            ),
            models.CheckConstraint(
                condition=Q(amount=F("to_receivable") + F("to_buyer")),
                name="collection_is_shared_out",
            ),
            models.CheckConstraint(
                condition=Q(to_receivable=F("late_charge") + F("to_advance") + F("to_seller") + F("recovered")),
                name="what_the_buyer_owed_is_shared_out",
            ),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount__gt=0, **{f"{share}__gte": 0 for share in SHARES})
                | Q(reverses__isnull=False, amount__lt=0, **{f"{share}__lte": 0 for share in SHARES}),
                name="no_share_is_negative",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "collection_of_a_payment_to_the_financier",
                guards.INSERT,
                "NEW.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM financing_tranche t, invoicing_payment p"
                " WHERE t.id = NEW.tranche_id AND p.id = NEW.payment_id"
                " AND p.recipient_id = CASE WHEN NEW.is_misdirected THEN t.seller_id ELSE t.financier_id END"
                " AND p.currency = t.currency AND p.amount = NEW.amount"
                # What arrived before the payout counts from the payout on; greatest() ignores that there was none.
                " AND greatest(p.received_on, t.funded_on) = NEW.collected_on)",
            ),
            guards.refused_when(
                "collection_reversed_exactly_with_its_payment",
                guards.INSERT,
                "NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM financing_collection c"
                " JOIN invoicing_paymentreversal r ON r.payment_id = c.payment_id WHERE c.id = NEW.reverses_id"
                " AND (c.tranche_id, c.payment_id, c.collected_on, c.is_misdirected) = (NEW.tranche_id,"
                " NEW.payment_id, NEW.collected_on, NEW.is_misdirected) AND c.amount = -NEW.amount AND "
                + " AND ".join(f"c.{share} = -NEW.{share}" for share in SHARES)
                + ")",
            ),
            guards.refused_when(
                "recovered_at_most_what_was_written_off",
                guards.INSERT,
                "NEW.recovered > 0 AND NEW.recovered > (SELECT coalesce(sum(a.written_off), 0)"
                " FROM financing_adjustment a WHERE a.tranche_id = NEW.tranche_id) - (SELECT coalesce(sum(c.recovered),"
                " 0) FROM financing_collection c WHERE c.tranche_id = NEW.tranche_id)",
            ),
            guards.refused_when(
                "nothing_is_repaid_before_it_is_advanced",
                guards.INSERT,
                "(NEW.to_advance > 0 OR NEW.late_charge > 0 OR NEW.rebate > 0) AND EXISTS (SELECT 1"
                " FROM financing_tranche t WHERE t.id = NEW.tranche_id AND t.funded_on IS NULL)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.tranche_id}"


class ReservePayoutQuerySet(models.QuerySet["ReservePayout"]):
    def visible_to(self, actor: Actor) -> "ReservePayoutQuerySet":
        return self.filter(tranche__in=Tranche.objects.visible_to(actor))


class ReservePayout(models.Model):
    """What was released to the seller, paid out of the financier's cash: one for each time that something was due.

    ``reserve`` is the part of the reserve that this settles: ``amount`` is that less the late charges taken out of it,
    and more by the discount given back.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    tranche = models.ForeignKey(Tranche, models.PROTECT, related_name="payouts")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)
    reserve = models.DecimalField(_("reserve settled"), max_digits=18, decimal_places=3)
    value_on = models.DateField(_("value date"))
    bank_reference = models.CharField(_("bank reference"), max_length=60)
    sent_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()

    objects = ReservePayoutQuerySet.as_manager()
    wall = walls.through("financing_tranche", "tranche_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("financier", "bank_reference", name="payout_reference_once"),
            models.CheckConstraint(condition=Q(amount__gt=0, reserve__gte=0), name="payout_positive"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "reserve_is_held_while_in_dispute",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM financing_tranche t JOIN milestones_dispute d ON d.contract_id = t.contract_id"
                " AND d.state IN ('open', 'proposed') LEFT JOIN invoicing_disputedinvoice x ON x.dispute_id = d.id"
                " LEFT JOIN invoicing_invoice i ON i.id = x.invoice_id WHERE t.id = NEW.tranche_id"
                " AND t.milestone_id IN (d.milestone_id, i.milestone_id))"
                # What the bank carried out is a fact: its file was handed out, and a dispute came after it.
                " AND NOT EXISTS (SELECT 1 FROM financing_orderedpayment p WHERE p.tranche_id = NEW.tranche_id"
                " AND p.ref = NEW.bank_reference AND p.what = 'reserve' AND p.state = 'confirmed')",
            ),
            guards.refused_when(
                "nothing_paid_out_of_what_the_seller_has",
                guards.INSERT,
                "(SELECT coalesce(sum(c.amount), 0) FROM financing_collection c WHERE c.tranche_id = NEW.tranche_id"
                " AND c.is_misdirected) > (SELECT coalesce(sum(m.amount), 0) FROM financing_bankmovement m"
                " WHERE m.tranche_id = NEW.tranche_id AND m.kind = 'passed_on')",
            ),
            guards.refused_when(
                "paid_out_at_most_what_was_released",
                guards.INSERT,
                "NEW.amount + (SELECT coalesce(sum(p.amount), 0) FROM financing_reservepayout p"
                " WHERE p.tranche_id = NEW.tranche_id) > (SELECT coalesce(sum(c.to_seller + c.rebate), 0)"
                " FROM financing_collection c WHERE c.tranche_id = NEW.tranche_id)",
            ),
        ]

    def __str__(self) -> str:
        return self.bank_reference
