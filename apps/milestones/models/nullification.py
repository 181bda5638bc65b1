from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.applied_for import OTHERWISE_APPLIED_FOR
from apps.milestones.models.milestone import Milestone
from apps.parties.actor import Actor
from apps.parties.models import User


class NullificationState(models.TextChoices):
    ASKED = "asked", _("Waiting for the other side")
    GRANTED = "granted", _("Granted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class NullificationQuerySet(models.QuerySet["Nullification"]):
    def visible_to(self, actor: Actor) -> "NullificationQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def waiting(self) -> "NullificationQuerySet":
        """Asked and not answered."""
        return self.filter(state=NullificationState.ASKED)


STEPS = table(asked=("granted", "declined", "withdrawn"), granted=(), declined=(), withdrawn=())
ONE_OPEN = "one_open_nullification_per_milestone"


class Nullification(models.Model):
    """An acceptance is withdrawn because of a defect found later: one side asks and says why, the other one agrees.

    Neither side can do it alone: the buyer would be rid of what it owes, or the seller of an acceptance that it does
    not like. A guest of the buyer only grants what a change order takes back that it signed by the link to that order:
    ``answerer_grant``.

    ``amount`` is the accepted part that is withdrawn, net of tax. Granted, that part of the milestone goes on
    as ``rest``, a further part of the same line, which can be submitted and accepted again; the invoice of the
    acceptance is credited by the same amount in the same transaction, but for what of it is ``unbilled``: it stood in
    an application for payment, which asks for so much less.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    class Side(models.TextChoices):
        SELLER = "seller", _("Seller")
        BUYER = "buyer", _("Buyer")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="nullifications")
    state = models.CharField(max_length=10, choices=NullificationState.choices, default=NullificationState.ASKED)
    amount = models.DecimalField(_("amount, net of tax"), max_digits=18, decimal_places=3)
    asked_by = models.CharField(max_length=6, choices=Side.choices)
    reason = models.CharField(_("reason"), max_length=400)
    asked_at = models.DateTimeField()
    asker = models.ForeignKey(User, models.PROTECT, related_name="+")
    asker_name = models.CharField(max_length=160)
    answered_at = models.DateTimeField(null=True, blank=True)
    answerer = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answerer_grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    answerer_name = models.CharField(max_length=160, blank=True)
    answer = models.CharField(_("answer"), max_length=400, blank=True)
    unbilled = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    rest = models.OneToOneField(Milestone, models.PROTECT, null=True, blank=True, related_name="rest_of")

    objects = NullificationQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("milestone", condition=Q(state="asked"), name=ONE_OPEN),
            models.CheckConstraint(condition=Q(amount__gt=0), name="nullified_amount_positive"),
            models.CheckConstraint(
                condition=Q(unbilled=0) | Q(state="granted", unbilled__gt=0, unbilled__lte=F("amount")),
                name="unbilled_is_a_part_of_what_is_withdrawn",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="nullification_has_a_reason"),
            models.CheckConstraint(
                condition=Q(
                    state="asked",
                    answered_at__isnull=True,
                    answerer__isnull=True,
                    answerer_grant__isnull=True,
                    answerer_name="",
                    answer="",
                )
                | (
                    (
                        Q(answerer__isnull=False, answerer_grant__isnull=True)
                        | Q(answerer__isnull=True, answerer_grant__isnull=False, state="granted", asked_by="seller")
                    )
                    & Q(answered_at__isnull=False)
                    & ~Q(state="asked")
                    & ~Q(answerer_name="")
                ),
                name="nullification_answered_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="granted", rest__isnull=False) | (~Q(state="granted") & Q(rest__isnull=True)),
                name="what_is_nullified_goes_on",
            ),
            models.CheckConstraint(
                condition=~Q(state="granted") | ~Q(asker=F("answerer")), name="nullified_by_two_people"
            ),
        ]
        indexes = [models.Index("contract", "state", name="nullification_by_state")]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_was_asked_is_frozen",
                allow=(
                    *("state", "answered_at", "answerer_id", "answerer_grant_id", "answerer_name", "answer"),
                    *("rest_id", "unbilled"),
                ),
            ),
            guards.refused_when(
                "link_takes_back_only_what_it_signed",
                guards.UPDATE,
                "NOT EXISTS (SELECT 1 FROM contracts_signature s"
                " JOIN contracts_contractversion v ON v.id = s.version_id"
                " WHERE s.grant_id = NEW.answerer_grant_id AND s.side = 'buyer' AND v.contract_id = NEW.contract_id"
                " AND v.change_order_id IS NOT NULL AND s.signed_at = NEW.answered_at)",
                only="NEW.answerer_grant_id IS NOT NULL",
            ),
            guards.frozen_when("OLD.state <> 'asked'", name="answered_once"),
            guards.refused_when(
                "nullified_is_what_was_accepted",
                guards.INSERT,
                "NEW.state <> 'asked' OR NOT EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.milestone_id"
                " AND m.contract_id = NEW.contract_id AND m.state = 'accepted'"
                " AND NEW.amount <= m.amount - m.nullified)",
            ),
            guards.at_commit(
                "what_is_nullified_is_a_part_again",
                guards.UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_nullification n WHERE n.id = NEW.id AND n.state = 'granted'"
                " AND (NOT EXISTS (SELECT 1 FROM milestones_milestone m JOIN milestones_milestone r ON"
                " r.contract_id = m.contract_id AND r.position = m.position AND r.part > m.part"
                " WHERE m.id = n.milestone_id AND r.id = n.rest_id)"
                " OR (SELECT m.nullified FROM milestones_milestone m WHERE m.id = n.milestone_id) IS DISTINCT FROM"
                " (SELECT sum(g.amount) FROM milestones_nullification g"
                " WHERE g.milestone_id = n.milestone_id AND g.state = 'granted')))"
                " THEN RAISE EXCEPTION 'nullification % does not leave the part that it takes back', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "what_was_not_billed_is_asked_for_no_more",
                guards.UPDATE,
                "IF EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.milestone_id"
                f" AND {OTHERWISE_APPLIED_FOR}) THEN RAISE EXCEPTION"
                " 'what is withdrawn of milestone % is still asked for', NEW.milestone_id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.unbilled > 0",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone_id}: {self.amount} {self.state}"

    @property
    def credited(self) -> Decimal:
        """What of a granted one a credit note takes off its invoice, net of tax."""
        return self.amount - self.unbilled
