from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core import money
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.invoicing.models.application_guards import (
    DECIDED_BY_ITS_OWN_LINK,
    DECIDED_BY_SOMEBODY,
    STANDS_OR_IS_BILLED,
)
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class ApplicationState(models.TextChoices):
    OPEN = "open", _("Collecting")
    SUBMITTED = "submitted", _("Waiting for certification")
    CERTIFIED = "certified", _("Certified")
    RETURNED = "returned", _("Returned")
    WITHDRAWN = "withdrawn", _("Withdrawn")


STEPS = table(
    open=("submitted",),
    submitted=("certified", "returned", "withdrawn"),
    certified=(),
    returned=(),
    withdrawn=(),
)
LIVE = (ApplicationState.OPEN, ApplicationState.SUBMITTED)
"""What stands in these is accepted and not billed."""


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, actor: Actor) -> "ApplicationQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "ApplicationQuerySet":
        """Those that collect, or wait for the buyer's certificate."""
        return self.filter(state__in=LIVE)

    def waiting(self) -> "ApplicationQuerySet":
        return self.filter(state=ApplicationState.SUBMITTED)


class Application(models.Model):
    """An application for payment: what was accepted of a contract in a period, asked for in one piece.

    It collects from the first acceptance on; submitted, it is frozen with its ``text`` and the hash of that. The
    buyer's authorised person certifies it, whole or at a lower figure for a line, which issues its one invoice; or
    returns it with the reason; or the seller withdraws it before. What was not certified stands in the next one.

    ``grant`` is the personal link by which it was decided, where no member of the buyer did.
    ``first_on`` and ``last_on`` are the days of its period where the seller is. ``certified_text`` is the same sheet
    with the figures that were certified. ``proved_by`` is how whoever certified showed once more who it is, where the
    buyer asks for that.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="applications", db_index=False)
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(_("number"))
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=ApplicationState.choices, default=ApplicationState.OPEN)
    opened_at = models.DateTimeField()
    first_on = models.DateField(_("from"), null=True, blank=True)
    last_on = models.DateField(_("until"), null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    submitted_by_name = models.CharField(max_length=160, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_by_name = models.CharField(max_length=160, blank=True)
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    comment = models.TextField(_("comment"), max_length=4_000, blank=True)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True)
    proved_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    certified_text = models.TextField(blank=True)
    certified_sha256 = models.CharField(max_length=64, blank=True)

    objects = ApplicationQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("contract", "number")
        constraints = [
            models.UniqueConstraint("contract", "number", name="application_numbers_unique"),
            models.UniqueConstraint("contract", condition=Q(state="open"), name="one_application_collects"),
            models.UniqueConstraint("contract", condition=Q(state="submitted"), name="one_application_waits"),
            models.CheckConstraint(
                condition=Q(state="open", submitted_at__isnull=True, sha256="")
                | (~Q(state="open") & Q(submitted_at__isnull=False, last_on__gte=F("first_on")) & ~Q(sha256="")),
                name="what_is_submitted_has_its_text",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "submitted"], decided_at__isnull=True)
                | Q(state__in=["certified", "returned", "withdrawn"], decided_at__isnull=False),
                name="application_is_decided_at_a_time",
            ),
            DECIDED_BY_SOMEBODY,
            models.CheckConstraint(
                condition=(Q(state="certified") & ~Q(certified_sha256=""))
                | (~Q(state="certified") & Q(certified_sha256="")),
                name="what_is_certified_has_its_text",
            ),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="")
                | (Q(proved_at__isnull=False, state="certified") & ~Q(proved_by="")),
                name="certificate_proved_somehow_at_a_time",
            ),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "OLD.state = 'submitted'",
                name="what_is_submitted_is_frozen",
                allow=(
                    *("state", "decided_at", "decided_by_id", "decided_by_name", "grant_id", "comment"),
                    *("proved_by", "proved_at", "certified_text", "certified_sha256"),
                ),
            ),
            guards.frozen_when("OLD.state IN ('certified', 'returned', 'withdrawn')", name="what_is_decided_is_frozen"),
            guards.refused_when(
                "application_only_of_a_contract_that_bills_so",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v"
                " ON v.id = c.active_version_id AND v.bills_by = 'application' WHERE c.id = NEW.contract_id"
                " AND (c.seller_id, c.buyer_id, c.currency) = (NEW.seller_id, NEW.buyer_id, NEW.currency))",
            ),
            DECIDED_BY_ITS_OWN_LINK,
            guards.refused_when(
                "large_certificate_without_proof",
                guards.UPDATE,
                "EXISTS (SELECT 1 FROM parties_organisation buyer WHERE buyer.id = NEW.buyer_id"
                " AND buyer.step_up_above IS NOT NULL AND (NEW.currency <> buyer.currency OR (SELECT sum(l.claimed)"
                " FROM invoicing_applicationline l WHERE l.application_id = NEW.id) > buyer.step_up_above))",
                only="NEW.state = 'certified' AND OLD.state <> 'certified'"
                " AND (NEW.proved_at IS NULL OR NEW.proved_at < NEW.decided_at - interval '15 minutes')",
            ).seeing_all(),
            guards.at_commit(
                "certified_with_its_invoice",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM invoicing_application a WHERE a.id = NEW.id AND (a.state = 'certified')"
                " <> EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.application_id = a.id))"
                " OR EXISTS (SELECT 1 FROM invoicing_applicationline l JOIN invoicing_application a"
                " ON a.id = l.application_id WHERE a.id = NEW.id AND l.claimed > 0"
                " AND (a.state = 'certified') <> (l.certified IS NOT NULL))"
                " THEN RAISE EXCEPTION 'application % differs from its certificate or its invoice', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "what_stood_in_it_still_stands_or_is_billed",
                guards.UPDATE,
                "DECLARE stood bigint; BEGIN FOR stood IN SELECT l.milestone_id FROM invoicing_applicationline l"
                f" WHERE l.application_id = NEW.id LOOP {STANDS_OR_IS_BILLED.format(milestone='stood')} END LOOP; END;",
                only="NEW.state <> OLD.state",
            ),
        ]

    def __str__(self) -> str:
        return gettext("Application for payment {number}").format(number=self.number)

    @property
    def claimed(self) -> Decimal:
        """What it asks for, net of tax. It reads ``lines``."""
        return money.total(line.claimed for line in self.lines.all())

    @property
    def certified(self) -> Decimal:
        """What of it was certified, net of tax. It reads ``lines``."""
        return money.total(line.certified or money.ZERO for line in self.lines.all())

    @property
    def period(self) -> tuple[date, date] | None:
        """Its first and last day, once it is submitted."""
        return (self.first_on, self.last_on) if self.first_on and self.last_on else None


class ApplicationLineQuerySet(models.QuerySet["ApplicationLine"]):
    def visible_to(self, actor: Actor) -> "ApplicationLineQuerySet":
        return self.filter(application__in=Application.objects.visible_to(actor))

    def standing(self) -> "ApplicationLineQuerySet":
        """What is accepted and not billed."""
        return self.filter(application__state__in=LIVE, claimed__gt=0)


class ApplicationLine(models.Model):
    """What an application asks for of one accepted milestone, and what of it was certified; net of tax.

    ``retained`` is what is kept back of the line, and ``recovered`` what of it gives deposits back, net of tax: shares
    of what its invoice says. Amounts are those of its period; cumulative ones are computed. While its application
    collects, ``claimed`` falls by what both sides withdraw of the acceptance, down to nothing, and rises by what was
    withheld for a defect and is released, or comes back uncertified from the application before.
    """

    application = models.ForeignKey(Application, models.PROTECT, related_name="lines", db_index=False)
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="application_lines")
    claimed = models.DecimalField(_("applied for"), max_digits=18, decimal_places=3)
    certified = models.DecimalField(_("certified"), max_digits=18, decimal_places=3, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    retained = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    recovered = models.DecimalField(max_digits=18, decimal_places=3, default=0)

    objects = ApplicationLineQuerySet.as_manager()
    wall = walls.through("invoicing_application", "application_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("milestone__position", "milestone__part", "id")
        constraints = [
            models.UniqueConstraint("application", "milestone", name="a_milestone_stands_once_in_an_application"),
            models.CheckConstraint(
                condition=Q(claimed__gte=0)
                & (
                    Q(certified__isnull=True, retained=0, recovered=0)
                    | Q(certified__gte=0, certified__lte=F("claimed"), retained__gte=0, recovered__gte=0)
                ),
                name="certified_is_at_most_what_was_applied_for",
            ),
            models.CheckConstraint(
                condition=Q(certified__isnull=True) | Q(certified=F("claimed")) | ~Q(reason=""),
                name="a_lower_figure_has_its_reason",
            ),
        ]
        indexes = [models.Index("milestone", name="application_lines_of_milestone")]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_is_applied_for_is_frozen",
                allow=("claimed", "certified", "reason", "retained", "recovered"),
            ),
            guards.refused_when(
                "claims_only_move_while_they_are_collected",
                guards.UPDATE,
                "NOT EXISTS (SELECT 1 FROM invoicing_application a"
                " WHERE a.id = NEW.application_id AND a.state = 'open')",
                only="NEW.claimed <> OLD.claimed",
            ),
            guards.frozen_when("OLD.certified IS NOT NULL", name="certified_once"),
            guards.refused_when(
                "only_what_was_accepted_is_applied_for",
                guards.INSERT,
                "NEW.claimed <= 0 OR NOT EXISTS (SELECT 1 FROM invoicing_application a JOIN milestones_milestone m"
                " ON m.id = NEW.milestone_id AND m.contract_id = a.contract_id AND m.state = 'accepted'"
                " WHERE a.id = NEW.application_id AND a.state = 'open')",
            ),
            guards.refused_when(
                "applied_for_again_only_once_it_is_credited",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_nullification n WHERE n.rest_id = NEW.milestone_id"
                " AND n.unbilled < n.amount AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote c"
                " WHERE c.nullification_id = n.id AND c.net + c.given_back = n.amount - n.unbilled))",
            ),
            guards.at_commit(
                "stands_in_one_application_or_is_billed",
                guards.INSERT_OR_UPDATE,
                STANDS_OR_IS_BILLED.format(milestone="NEW.milestone_id"),
            ),
            guards.at_commit(
                "certified_with_its_application",
                guards.INSERT_OR_UPDATE,
                "IF EXISTS (SELECT 1 FROM invoicing_applicationline l JOIN invoicing_application a"
                " ON a.id = l.application_id WHERE l.id = NEW.id AND l.claimed > 0"
                " AND (a.state = 'certified') <> (l.certified IS NOT NULL))"
                " THEN RAISE EXCEPTION 'line % is certified without its application', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.claimed}"

    @property
    def uncertified(self) -> Decimal:
        """What of it was asked for and not certified: it stands in the next application."""
        return self.claimed - (self.certified or money.ZERO)
