from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.financing.models.facility import Facility
from apps.financing.models.offer import Offer, OfferLine
from apps.financing.models.tranche_guards import GUARDS
from apps.financing.models.tranche_states import ENDED, GIVEN_BACK, OUTSTANDING, STEPS, TrancheState
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User

__all__ = ["ENDED", "GIVEN_BACK", "OUTSTANDING", "Tranche", "TrancheQuerySet", "TrancheState"]


class TrancheQuerySet(models.QuerySet["Tranche"]):
    def visible_to(self, actor: Actor) -> "TrancheQuerySet":
        return self.filter(Q(financier_id=actor.organisation_id) | Q(seller_id=actor.organisation_id))

    def outstanding(self) -> "TrancheQuerySet":
        """Paid out and not settled, before acceptance of the milestone or after; in default it is still out."""
        return self.filter(state__in=[*OUTSTANDING, TrancheState.DEFAULTED])

    def sent_back(self) -> "TrancheQuerySet":
        """Promised or paid out on a milestone for which the buyer asked for changes: nothing is owed until then."""
        return self.filter(
            state__in=[TrancheState.ACCEPTED, TrancheState.FUNDED_PRE],
            milestone__state=MilestoneState.CHANGES_REQUESTED,
        )


class Tranche(models.Model):
    """The advance on one milestone. Its money stands in the financier's book under the key ``tranche:<ref>``.

    Paid out before the milestone is accepted it is an advance to the seller (``funded_pre``); on acceptance it becomes
    the purchase of the whole invoice (``funded_post``), which is what one paid out later is from the start.

    Accepted in part, what the accepted part does not cover stands on as an advance on the rest, which is a tranche of
    its own, ``carried_from`` the first: of the same signed line, with its share of the price, and nothing paid out.

    ``bought_at`` is what the invoice came to when it was bought, tax included; None before. Where what
    happened moved the price (a slip, a part that is owed back), income goes on from ``cut_on``: ``cut_discount`` and
    ``cut_fee`` were not earned then, and are earned over ``cut_days``.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="tranches")
    line = models.ForeignKey(OfferLine, models.PROTECT, related_name="tranches")
    carried_from = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="carried_to")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="tranches")
    financier = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="tranches")
    state = models.CharField(max_length=15, choices=TrancheState.choices, default=TrancheState.ACCEPTED)
    currency = models.CharField(max_length=3)
    face = models.DecimalField(_("face"), max_digits=18, decimal_places=3)
    gross = models.DecimalField(_("advance"), max_digits=18, decimal_places=3)
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=3)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=3)
    days = models.PositiveSmallIntegerField(_("days charged"))
    outstanding = models.DecimalField(_("advance outstanding"), max_digits=18, decimal_places=3, default=0)
    bought_at = models.DecimalField(
        _("what the invoice came to on acceptance"), max_digits=18, decimal_places=3, null=True, blank=True
    )
    cut_on = models.DateField(_("price cut anew on"), null=True, blank=True)
    cut_days = models.PositiveSmallIntegerField(db_default=0, default=0)
    cut_discount = models.DecimalField(max_digits=18, decimal_places=3, db_default=0, default=0)
    cut_fee = models.DecimalField(max_digits=18, decimal_places=3, db_default=0, default=0)
    accepted_at = models.DateTimeField()
    funded_on = models.DateField(null=True, blank=True)
    expected_on = models.DateField(_("expected payment"))
    settled_on = models.DateField(null=True, blank=True)
    defaulted_at = models.DateTimeField(null=True, blank=True)
    defaulted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    default_reason = models.CharField(_("reason"), max_length=400, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(_("reason"), max_length=400, blank=True)

    objects = TrancheQuerySet.as_manager()
    wall = walls.by_organisation("financier_id", "seller_id").only("SELECT", "INSERT", "UPDATE")
    wall_opens: ClassVar[dict[str, str]] = {
        "parties_bankaccount": (
            # Treasury has to know where to pay: the seller's one account in the currency of an advance that stands, or
            # of one that was cancelled while there is money of the buyer's to pass on.
            "parties_bankaccount.is_default AND EXISTS (SELECT 1 FROM financing_tranche t"
            " WHERE t.seller_id = parties_bankaccount.organisation_id AND t.currency = parties_bankaccount.currency"
            f" AND t.financier_id = ANY ({walls.OWN}) AND (t.state <> 'cancelled'"
            " OR (SELECT sum(c.to_seller) FROM financing_collection c WHERE c.tranche_id = t.id)"
            " > (SELECT coalesce(sum(p.amount), 0) FROM financing_reservepayout p WHERE p.tranche_id = t.id)))"
        )
    }

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "milestone", condition=~Q(state__in=GIVEN_BACK), name="no_receivable_pledged_twice"
            ),
            models.UniqueConstraint("line", condition=Q(carried_from__isnull=True), name="one_advance_for_each_line"),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "cancelled"], funded_on__isnull=True)
                | (~Q(state__in=["accepted", "cancelled"]) & Q(funded_on__isnull=False)),
                name="funded_on_a_date",
            ),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, outstanding__lte=F("gross")),
                name="outstanding_within_the_advance",
            ),
            models.CheckConstraint(
                condition=Q(state="settled", settled_on__isnull=False, outstanding=0)
                | (~Q(state="settled") & Q(settled_on__isnull=True)),
                name="settled_with_nothing_outstanding",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["recourse_due", "repurchased", "written_off", "returned"]) | Q(outstanding=0),
                name="charged_back_or_written_off_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["defaulted", "written_off"])
                | (Q(defaulted_at__isnull=False, defaulted_by__isnull=False) & ~Q(default_reason="")),
                name="defaulted_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(cut_on__isnull=True, cut_days=0, cut_discount=0, cut_fee=0)
                | Q(cut_on__gte=F("funded_on"), cut_days__gt=0, cut_discount__gte=0, cut_fee__gte=0),
                name="price_cut_whole_or_not",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="cancelled", cancelled_at__isnull=False, cancelled_by__isnull=False, outstanding=0)
                    & ~Q(cancel_reason="")
                )
                | (~Q(state="cancelled") & Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancel_reason="")),
                name="cancelled_by_somebody_with_a_reason",
            ),
        ]
        indexes = [
            models.Index("financier", "state", "expected_on", name="tranche_book"),
            models.Index(fields=["seller", "-id"], name="tranche_of_seller"),
        ]
        triggers = GUARDS

    def __str__(self) -> str:
        return f"{self.milestone_id} · {self.gross} {self.currency}"

    @property
    def invoice(self) -> Invoice | None:
        """The milestone's invoice; None before it is accepted."""
        return getattr(self.milestone, "invoice", None)

    @property
    def bought(self) -> Invoice:
        """The invoice of a tranche that is bought; asking for it before acceptance is a ``LookupError``."""
        if self.invoice is None:
            raise LookupError(f"tranche {self.ref} is not bought: its milestone is not accepted")
        return self.invoice

    @property
    def name(self) -> str:
        """What people call it: the number of the invoice, or the milestone while there is none."""
        return self.invoice.number if self.invoice is not None else self.milestone.title

    @property
    def key(self) -> str:
        """The sub-ledger key of everything posted for this tranche."""
        return f"tranche:{self.ref}"

    @property
    def net(self) -> Decimal:
        """What is paid to the seller at funding."""
        return self.gross - self.discount - self.fee

    @property
    def reserve(self) -> Decimal:
        """What of the invoice is not advanced, and belongs to the seller once the buyer has paid."""
        return self.face - self.gross

    @property
    def receivable(self) -> Decimal:
        """What the invoice comes to, tax included: as accepted, or as it was priced."""
        return self.face if self.bought_at is None else self.bought_at

    @property
    def charged_until(self) -> date | None:
        """The last day that the discount pays for; None before funding."""
        if self.funded_on is None:
            return None
        last = self.funded_on + timedelta(days=self.days)
        return last if self.cut_on is None else max(last, self.cut_on + timedelta(days=self.cut_days))

    @property
    def free_until(self) -> date | None:
        """The last day without a late charge: the grace after the discount's days, and never before the due date's.

        None before funding. A buyer that pays an invoice when it is due does not pay late, however late it accepted.
        """
        if self.charged_until is None:
            return None
        last = self.charged_until if self.invoice is None else max(self.charged_until, self.invoice.due_on)
        return last + timedelta(days=self.offer.grace_days)
