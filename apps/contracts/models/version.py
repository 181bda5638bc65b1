from datetime import date
from typing import cast

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.billing import BILLINGS, BY_APPLICATION, BY_MILESTONE
from apps.contracts.models import dues
from apps.contracts.models.change_order import NAMES_WHAT_IT_CHANGES, OF_WHAT_IS_IN_FORCE
from apps.contracts.models.charges import OF_CHARGES, ChargedTerms
from apps.contracts.models.condition import NAMED_ONCE
from apps.contracts.models.contract import Contract, ContractParty
from apps.contracts.models.ending import OF_ENDING, EndTerms
from apps.contracts.models.exemption import SAYS_WHY, ExemptionTerms, fits
from apps.contracts.models.late_payment import OF_LATE_PAYMENT, LatePaymentTerms
from apps.contracts.models.options import OF_OPTIONS, OPTION_TRIGGERS, PlanOption
from apps.contracts.models.payment_documents import OF_PAYMENT_DOCUMENTS, PaymentDocumentTerms
from apps.contracts.models.retention import OF_RETENTION
from apps.contracts.models.steps import OF_STEPS, Silence, StepTerms
from apps.contracts.rules import payment
from apps.contracts.wall import proposed_or_own
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import User

__all__ = ["BillsBy", "ContractVersion", "PaymentBasis", "ReviewUnit", "Silence", "TaxCategory"]

LINE_FROZEN = "EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = {version} AND v.proposed_at IS NOT NULL)"


class TaxCategory(models.TextChoices):
    """Categories of EN 16931 (UNTDID 5305, subset). Which of them demands what stands in ``invoicing.rules``."""

    STANDARD = "S", _("Standard rate")
    ZERO = "Z", _("Zero rated")
    EXEMPT = "E", _("Exempt")
    REVERSE_CHARGE = "AE", _("Reverse charge")
    INTRA_COMMUNITY = "K", _("Intra-Community supply")
    EXPORT = "G", _("Export")
    OUTSIDE_SCOPE = "O", _("Outside the scope of tax")


class PaymentBasis(models.TextChoices):
    """From when the days to pay count, and to where: ``rules.payment``."""

    NET = payment.NET, _("From the invoice's date")
    MONTH_END = payment.MONTH_END, _("From the invoice's date, then to the end of that month")
    AFTER_MONTH_END = payment.AFTER_MONTH_END, _("From the end of the invoice's month")


class BillsBy(models.TextChoices):
    """What issues an invoice: an acceptance, or the certification of what was accepted in a period."""

    MILESTONE = BY_MILESTONE, _("Each milestone, at its sign-off")
    APPLICATION = BY_APPLICATION, _("Applications for payment, each over what was accepted in its period")


class ReviewUnit(models.TextChoices):
    """Which days of the review period count: ``rules.review.counts``."""

    CALENDAR = "calendar", _("Calendar days")
    BUSINESS = "business", _("Business days")
    WORKING = "working", _("Working days, Mon to Sat")


class ContractVersionQuerySet(models.QuerySet["ContractVersion"]):
    def visible_to(self, actor: Actor) -> "ContractVersionQuerySet":
        """What was proposed; and the drafts of the actor's own side, which a guest does not see."""
        visible = self.filter(contract__in=Contract.objects.visible_to(actor))
        if actor.contract_id is not None:
            return visible.filter(proposed_at__isnull=False)
        sells = Q(author=ContractParty.Side.SELLER, contract__seller_id=actor.organisation_id)
        buys = Q(author=ContractParty.Side.BUYER, contract__buyer_id=actor.organisation_id)
        return visible.filter(Q(proposed_at__isnull=False) | sells | buys)


EveryPlan = models.Manager.from_queryset(ContractVersionQuerySet)


class Versions(EveryPlan["ContractVersion"]):
    """Versions with a number of their own, as they are listed, compared and signed: no options of them."""

    def get_queryset(self) -> ContractVersionQuerySet:
        every = cast("ContractVersionQuerySet", super().get_queryset())
        return every.filter(option_of__isnull=True)


class ContractVersion(
    StepTerms, EndTerms, LatePaymentTerms, PaymentDocumentTerms, ChargedTerms, ExemptionTerms, PlanOption
):
    """The terms and the billing plan as one side wrote them. A draft until proposed; immutable from then on.

    ``author`` is the side that writes and proposes it; the other one signs or answers. Each side has one draft at
    most; its number is settled when it is proposed. ``answer_until`` is the last day on which the other side can sign,
    ``expires_at`` its end, settled with the proposal; ``expired_at`` when it was noted that nobody had signed by then.

    ``contract_number``, ``title`` and ``currency`` are the heading as this version has it. The contract shows that of
    the newest proposal; a draft of a further version changes nothing that the other side sees.

    ``canonical_text`` and its ``sha256`` are what both sides sign. ``signatory_email`` is who signs off for the buyer
    while its organisation has no owner. An empty calendar or time zone of the review means the buyer's own.

    A version with a ``change_order`` is what it makes of the one in ``changes``; lines keep their positions.

    One that offers a choice of plans is the base plan, and has its options beside it (:class:`PlanOption`): ``objects``
    are the versions, ``plans`` the options too.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.CharField(
        _("proposed by"),
        max_length=10,
        choices=[(side.value, side.label) for side in (ContractParty.Side.SELLER, ContractParty.Side.BUYER)],
        default=ContractParty.Side.SELLER,
    )
    contract_number = models.CharField(_("contract number"), max_length=40)
    title = models.CharField(_("title"), max_length=160)
    currency = models.CharField(_("currency"), max_length=3)
    price = models.DecimalField(_("price, net of tax"), max_digits=18, decimal_places=3)
    payment_days = models.PositiveSmallIntegerField(
        _("days to pay"),
        default=30,
        help_text=_("calendar days from the invoice's date"),
    )
    payment_basis = models.CharField(
        _("days to pay count"),
        max_length=15,
        choices=PaymentBasis.choices,
        default=PaymentBasis.NET,
    )
    bills_by = models.CharField(
        _("invoices are issued by"), max_length=12, choices=BillsBy.choices, default=BillsBy.MILESTONE
    )
    review_days = models.PositiveSmallIntegerField(
        _("days to review"),
        default=14,
        help_text=_("days from the proven notice of a submission to the buyer's answer"),
    )
    review_unit = models.CharField(
        _("days that count"), max_length=10, choices=ReviewUnit.choices, default=ReviewUnit.CALENDAR
    )
    review_country = models.CharField(_("calendar of holidays"), max_length=2, blank=True)
    review_subdivision = models.CharField(_("region of the calendar"), max_length=40, blank=True)
    review_time_zone = models.CharField(_("time zone of the review"), max_length=40, blank=True)
    silence = models.CharField(
        _("if the buyer says nothing"), max_length=10, choices=Silence.choices, default=Silence.ESCALATES
    )
    partial_acceptance = models.BooleanField(
        _("milestones may be accepted in part"),
        default=False,
        help_text=_("what is accepted is billed at once, the rest can be submitted again"),
    )
    tax_category = models.CharField(
        _("tax treatment"),
        max_length=2,
        choices=TaxCategory.choices,
        default=TaxCategory.STANDARD,
    )
    tax_rate = models.DecimalField(_("tax rate in percent"), max_digits=6, decimal_places=3, default=0)
    is_assignable = models.BooleanField(
        _("receivables may be assigned"),
        default=True,
        help_text=_("needed if the seller wants to be financed"),
    )
    retention = models.JSONField(_("retention"), null=True, blank=True)
    governing_law = models.CharField(_("governing law"), max_length=80, blank=True)
    terms = models.TextField(_("further terms"), max_length=20_000, blank=True)
    signatory_name = models.CharField(_("who signs off for the buyer"), max_length=120)
    signatory_email = models.EmailField(_("e-mail of the person who signs off"))
    answer_until = models.DateField(_("can be signed until"), null=True, blank=True)
    canonical_text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    proposed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    changes_asked_at = models.DateTimeField(null=True, blank=True)
    changes_asked = models.TextField(_("what should change"), max_length=4_000, blank=True)

    change_order = models.ForeignKey(
        "contracts.ChangeOrder", models.PROTECT, null=True, blank=True, related_name="versions"
    )
    changes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="changed_by")

    option_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    objects = Versions()
    plans = ContractVersionQuerySet.as_manager()
    wall = proposed_or_own()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "contract",
                "number",
                condition=Q(proposed_at__isnull=False, option_of__isnull=True),
                name="proposed_numbers_unique",
            ),
            models.UniqueConstraint(
                "contract",
                "author",
                condition=Q(proposed_at__isnull=True, option_of__isnull=True),
                name="one_draft_per_side",
            ),
            models.CheckConstraint(condition=Q(author__in=["seller", "buyer"]), name="version_is_of_a_side"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True)
                | Q(answer_until__isnull=False, proposed_at__isnull=False, expires_at__gt=F("proposed_at")),
                name="expiry_follows_the_proposal",
            ),
            models.CheckConstraint(
                condition=Q(expired_at__isnull=True) | Q(expires_at__isnull=False, expired_at__gte=F("expires_at")),
                name="expired_when_the_time_was_over",
            ),
            models.CheckConstraint(condition=Q(price__gt=0), name="price_positive"),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lte=100),
                name="tax_rate_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(tax_category="S") | Q(tax_rate=0),
                name="only_standard_rate_bears_tax",
            ),
            models.CheckConstraint(
                condition=Q(proposed_at__isnull=True) | (~Q(canonical_text="") & ~Q(sha256="")),
                name="proposed_version_has_its_text",
            ),
            models.CheckConstraint(
                condition=Q(payment_basis__in=payment.PAYMENT_BASES), name="days_to_pay_count_from_somewhere"
            ),
            models.CheckConstraint(condition=Q(bills_by__in=BILLINGS), name="invoices_are_issued_by_something"),
            models.CheckConstraint(
                condition=Q(review_unit__in=ReviewUnit.values, silence__in=Silence.values),
                name="review_is_counted_and_ends_somehow",
            ),
            *OF_STEPS,
            *OF_ENDING,
            *OF_OPTIONS,
            NAMES_WHAT_IT_CHANGES,
            fits("a_reason_is_of_the_tax_treatment"),
        ]
        triggers = [
            guards.frozen_when(
                "OLD.proposed_at IS NOT NULL",
                allow=("changes_asked_at", "changes_asked", "expired_at"),
            ),
            OF_RETENTION,
            OF_LATE_PAYMENT,
            OF_PAYMENT_DOCUMENTS,
            OF_CHARGES,
            guards.refused_when("a_version_stays_with_its_side", guards.UPDATE, "OLD.author <> NEW.author"),
            OF_WHAT_IS_IN_FORCE,
            guards.at_commit(
                "plan_adds_up",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.id AND v.proposed_at IS NOT NULL"
                " AND v.price IS DISTINCT FROM (SELECT CASE WHEN bool_and(l.amount IS NOT NULL)"
                " THEN sum(l.amount) FILTER (WHERE l.recovery = '') END"
                " FROM contracts_planline l WHERE l.version_id = v.id))"
                " THEN RAISE EXCEPTION 'the plan of version % does not add up to its price', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            *dues.VERSION_TRIGGERS,
            SAYS_WHY,
            NAMED_ONCE,
            *OPTION_TRIGGERS,
        ]

    def __str__(self) -> str:
        return f"{self.contract} v{self.number}"

    def due_on(self, issued_on: date) -> date:
        """The last day on which an invoice of a day is paid in time."""
        return payment.due_on(issued_on, payment_days=self.payment_days, payment_basis=self.payment_basis)

    @property
    def is_by_application(self) -> bool:
        """Whether what is accepted waits for an application for payment, instead of issuing an invoice each."""
        return self.bills_by == BillsBy.APPLICATION

    @property
    def whole(self) -> "ContractVersion":
        """The version that is proposed and signed: of an option the one that offers it."""
        return self.option_of or self

    def options(self) -> ContractVersionQuerySet:
        """The other plans that this version offers, in their order."""
        return ContractVersion.plans.filter(option_of=self).order_by("option_number")
