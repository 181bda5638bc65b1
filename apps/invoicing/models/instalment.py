from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, PlanLine, Termination
from apps.contracts.models.dues import BILLED
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.parties.actor import Actor


class InstalmentQuerySet(models.QuerySet["Instalment"]):
    def visible_to(self, actor: Actor) -> "InstalmentQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def unbilled(self) -> "InstalmentQuerySet":
        """Still to be billed: neither billed, nor cancelled with its contract."""
        return self.filter(billed_at__isnull=True, cancelled_at__isnull=True)

    def standing(self) -> "InstalmentQuerySet":
        """What is agreed, billed or not: without what a change order said anew, or took out."""
        return self.filter(is_replaced=False)

    def billable(self) -> "InstalmentQuerySet":
        """Of these, less what falls on the day from which a notice ends the contract, or later."""
        ends = Termination.objects.live().filter(contract=OuterRef("contract"), effective_on__lte=OuterRef("bills_on"))
        return self.unbilled().exclude(Exists(ends))

    def of_the_price(self) -> "InstalmentQuerySet":
        """What bills a part of the price: no deposit that later invoices give back."""
        return self.filter(line__recovery="")

    def in_turn(self) -> "InstalmentQuerySet":
        """In the order in which they are billed: by day, then as the plan has them. What has no day yet comes last."""
        return self.order_by(F("bills_on").asc(nulls_last=True), "position", "number")


class Instalment(models.Model):
    """What is billed without a sign-off: a deposit, or one period of a recurring line. Made by the signature.

    ``bills_on`` is the day on which it is billed, where the seller is: the first day of the period, or the day on which
    the deposit is due. A line that starts with a milestone has none until that is accepted, one that is due with an
    ``event`` none until the buyer confirms that; the start is kept here and stays. ``ends_on`` is the period's last
    day; a deposit has none. ``line`` is that of the version that both sides signed when it was made; its position stays
    that of the line in every version. ``cancelled_at``: the contract was terminated before it was billed, too little
    was left to bill to give a deposit back, or a change order said it anew or took it out (``is_replaced``).
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="instalments")
    line = models.ForeignKey(PlanLine, models.PROTECT, related_name="instalments", db_index=False)
    starts_with = models.ForeignKey(PlanLine, models.PROTECT, null=True, blank=True, related_name="+")
    event = models.CharField(_("due with the event"), max_length=160, blank=True, default="", db_default="")
    position = models.PositiveIntegerField()
    number = models.PositiveSmallIntegerField()
    count = models.PositiveSmallIntegerField()
    title = models.CharField(_("line"), max_length=160)
    amount = models.DecimalField(_("amount, net of tax"), max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    bills_on = models.DateField(_("billed on"), null=True, blank=True)
    ends_on = models.DateField(_("last day of the period"), null=True, blank=True)
    billed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    is_replaced = models.BooleanField(default=False, db_default=False)

    objects = InstalmentQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("position", "number")
        constraints = [
            models.UniqueConstraint("line", "number", name="instalments_of_a_line_unique"),
            models.UniqueConstraint(
                "contract", "position", "number", condition=Q(is_replaced=False), name="one_instalment_at_a_time_stands"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_amount_positive"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=F("count")), name="instalment_is_one_of_so_many"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(bills_on__isnull=False, ends_on__gte=F("bills_on")),
                name="instalment_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(billed_at__isnull=True) | Q(bills_on__isnull=False), name="instalment_billed_from_a_day_on"
            ),
            models.CheckConstraint(
                condition=Q(bills_on__isnull=False) | Q(starts_with__isnull=False) | ~Q(event=""),
                name="instalment_without_a_day_waits_for_something",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(billed_at__isnull=True),
                name="instalment_billed_or_cancelled",
            ),
            models.CheckConstraint(
                condition=Q(is_replaced=False) | Q(cancelled_at__isnull=False), name="what_is_replaced_is_cancelled"
            ),
        ]
        indexes = [models.Index("bills_on", condition=Q(billed_at__isnull=True), name="instalments_to_bill")]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="agreed_part_frozen",
                allow=("bills_on", "ends_on", "billed_at", "cancelled_at", "is_replaced"),
            ),
            guards.frozen_when("OLD.cancelled_at IS NOT NULL", name="cancelled_once"),
            guards.refused_when(
                "cancelled_by_a_settlement_only",
                guards.UPDATE,
                "NEW.cancelled_at IS NOT NULL AND OLD.cancelled_at IS NULL AND NOT NEW.is_replaced"
                " AND NOT EXISTS (SELECT 1"
                " FROM contracts_planline l WHERE l.id = NEW.line_id AND l.recovery <> '') AND NOT EXISTS (SELECT 1"
                " FROM contracts_termination t WHERE t.contract_id = NEW.contract_id AND t.state <> 'withdrawn'"
                " AND (NEW.bills_on IS NULL OR NEW.bills_on >= t.effective_on))",
            ),
            guards.at_commit(
                "cancelled_with_its_contract",
                guards.UPDATE,
                "IF NEW.cancelled_at IS NOT NULL AND NOT NEW.is_replaced"
                " AND NOT EXISTS (SELECT 1 FROM contracts_planline l"
                " WHERE l.id = NEW.line_id AND l.recovery <> '') AND NOT EXISTS (SELECT 1 FROM contracts_contract c"
                " WHERE c.id = NEW.contract_id AND c.state = 'terminated')"
                " THEN RAISE EXCEPTION 'instalment % is cancelled and its contract is not terminated', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.refused_when(
                "replaced_by_a_change_order_only",
                guards.UPDATE,
                f"EXISTS (SELECT 1 FROM (SELECT {BILLED} FROM contracts_planline WHERE id = NEW.line_id) was"
                f" JOIN (SELECT {BILLED} FROM contracts_planline WHERE version_id = (SELECT c.active_version_id"
                " FROM contracts_contract c WHERE c.id = NEW.contract_id) AND position = NEW.position) now"
                " ON to_jsonb(now) = to_jsonb(was))",
                only="NEW.is_replaced AND NOT OLD.is_replaced",
            ),
            guards.refused_when(
                "a_start_stays",
                guards.UPDATE,
                "(OLD.bills_on IS NOT NULL"
                " AND (NEW.bills_on, NEW.ends_on) IS DISTINCT FROM (OLD.bills_on, OLD.ends_on))"
                " OR (OLD.billed_at IS NOT NULL AND NEW.billed_at IS DISTINCT FROM OLD.billed_at)",
            ),
            guards.refused_when(
                "a_start_follows_the_acceptance",
                guards.UPDATE,
                "OLD.bills_on IS NULL AND NEW.bills_on IS NOT NULL AND EXISTS (SELECT 1 FROM milestones_milestone m"
                " JOIN contracts_planline l ON l.id = NEW.starts_with_id AND l.position = m.position"
                " WHERE m.contract_id = NEW.contract_id AND m.state NOT IN ('accepted', 'nullified', 'cancelled'))",
            ),
            guards.refused_when(
                "a_start_follows_the_word_of_the_buyer",
                guards.UPDATE,
                "NOT EXISTS (SELECT 1 FROM milestones_confirmedevent e"
                " WHERE e.contract_id = NEW.contract_id AND e.event = NEW.event)",
                only="OLD.bills_on IS NULL AND NEW.bills_on IS NOT NULL AND NEW.event <> ''",
            ),
            guards.refused_when(
                "instalment_of_a_signed_line",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contract c"
                " ON c.active_version_id = l.version_id WHERE l.id = NEW.line_id AND c.id = NEW.contract_id"
                " AND c.currency = NEW.currency AND l.kind <> 'milestone'"
                " AND NEW.count = coalesce(l.period_count, 1)"
                " AND NEW.event = CASE l.start WHEN 'event' THEN l.starts_with ELSE '' END"
                " AND (NEW.starts_with_id IS NULL) = (l.start <> 'acceptance'))",
            ),
            guards.at_commit(
                "instalments_add_up_to_the_line",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM invoicing_instalment i WHERE i.id = NEW.id AND NOT i.is_replaced)"
                " AND (SELECT (sum(i.amount), count(*)) FROM invoicing_instalment i"
                " WHERE i.contract_id = NEW.contract_id AND i.position = NEW.position AND NOT i.is_replaced)"
                " IS DISTINCT FROM (SELECT (l.amount, coalesce(l.period_count, 1)::bigint) FROM contracts_planline l"
                " WHERE l.id = NEW.line_id)"
                " THEN RAISE EXCEPTION 'the instalments of line % do not add up to what was agreed', NEW.line_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "billed_with_its_invoice",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM invoicing_instalment i WHERE i.id = NEW.id AND (i.billed_at IS NOT NULL)"
                " <> EXISTS (SELECT 1 FROM invoicing_invoice v WHERE v.instalment_id = i.id))"
                " THEN RAISE EXCEPTION 'instalment % and its invoice disagree', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        if self.count == 1:
            return self.title
        return gettext("{title}, {number} of {count}").format(title=self.title, number=self.number, count=self.count)
