from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, Criterion, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.milestones.models.notice import SILENCE_WAITS_FOR_THE_NOTICE
from apps.milestones.models.settled import DECIDED
from apps.milestones.models.steps import STEP_GUARDS
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, actor: Actor) -> "DecisionQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


SETTLED = "settled"
PERSONAL = ("accepted", "partly_accepted", "changes_requested", SETTLED)
DEEMED = ("deemed_accepted", "deemed_rejected")
SIGNED = ("accepted", "partly_accepted")
CERTIFIED = (*SIGNED, "deemed_accepted")
ACCEPTING = (*SIGNED, "deemed_accepted", SETTLED)


class Decision(models.Model):
    """What the buyer decided of one submission, with the evidence of who, when, from where, which text was shown.

    At termination the buyer's signature under the settlement decides: ``settled``, with its statement and its text.

    Or what silence decided, as the contract says: ``rule`` names the rule, ``decided_at`` is the deadline at which it
    took effect, ``recorded_at`` when it was written down, and nobody's name stands there. ``lapse_text`` is the
    canonical text of what it rests on: notice, reminders, clause and computation.

    ``wanted_by``: until when the buyer who requested changes wants it again; it changes no date of the plan.

    ``circumstances`` of a person's decision: ``roles``, ``language`` of the page, idempotency ``key`` of the form, and
    that the amount ``is_within_limit`` of the person. None where an earlier version of Cairn did not record them.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        PARTLY_ACCEPTED = "partly_accepted", _("Accepted in part")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        SETTLED = SETTLED, _("Accepted as valued at termination")
        DEEMED_ACCEPTED = "deemed_accepted", _("Accepted by lapse of the review period")
        DEEMED_REJECTED = "deemed_rejected", _("Not accepted by lapse of the review period")

    class Rule(models.TextChoices):
        SILENCE = "silence", _("The review period ended without an answer")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.OneToOneField(Submission, models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    comment = models.TextField(_("comment"), max_length=4_000, blank=True)
    wanted_by = models.DateField(_("wanted again by"), null=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(max_length=10, choices=Rule.choices, blank=True)
    name = models.CharField(_("name"), max_length=160, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    organisation_name = models.CharField(max_length=160)
    decided_at = models.DateTimeField()
    accepted_for_interest_at = models.DateTimeField(_("accepted for computing interest"), null=True)
    recorded_at = models.DateTimeField(null=True)
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True)
    proved_at = models.DateTimeField(_("confirmed at"), null=True)
    circumstances = models.JSONField(null=True)
    statement = models.TextField(_("statement"))
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, help_text=_("of the submission's text that was shown"))
    lapse_text = models.TextField(blank=True, default="", db_default="")

    objects = DecisionQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True, rule="")
                | Q(user__isnull=True, grant__isnull=False, rule="")
                | Q(user__isnull=True, grant__isnull=True, rule="silence"),
                name="decided_by_a_user_a_guest_or_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(rule="", recorded_at__isnull=True, outcome__in=PERSONAL) & ~Q(name="") & ~Q(email="")
                | Q(rule="silence", recorded_at__gt=F("decided_at"), outcome__in=DEEMED, name="", email=""),
                name="people_decide_in_their_name_and_rules_in_nobodys",
            ),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="") | (Q(proved_at__isnull=False) & ~Q(proved_by="")),
                name="a_proof_says_how_and_when",
            ),
            models.CheckConstraint(
                condition=Q(wanted_by__isnull=True) | Q(outcome="changes_requested"),
                name="only_changes_are_wanted_by_a_day",
            ),
            models.CheckConstraint(condition=Q(lapse_text="") | Q(rule="silence"), name="only_a_rule_rests_on_a_lapse"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "decision_on_the_text_that_was_shown",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id"
                " AND s.sha256 = NEW.sha256 AND s.contract_id = NEW.contract_id)",
            ).seeing_all(),
            guards.refused_when(
                "large_sign_off_without_proof",
                guards.INSERT,
                # Few organisations ask for it.
                "EXISTS (SELECT 1 FROM contracts_contract c JOIN parties_organisation buyer ON buyer.id = c.buyer_id"
                " WHERE c.id = NEW.contract_id AND buyer.step_up_above IS NOT NULL)",
                "EXISTS (SELECT 1 FROM milestones_submission s"
                " JOIN milestones_milestone m ON m.id = s.milestone_id"
                " JOIN contracts_contract c ON c.id = NEW.contract_id"
                " JOIN parties_organisation buyer ON buyer.id = c.buyer_id"
                " WHERE s.id = NEW.submission_id AND buyer.step_up_above IS NOT NULL"
                " AND (m.currency <> buyer.currency OR m.amount > buyer.step_up_above))",
                only="NEW.outcome IN ('accepted', 'partly_accepted')"
                " AND (NEW.proved_at IS NULL OR NEW.proved_at < NEW.decided_at - interval '15 minutes')",
            ).seeing_all(),
            guards.refused_when(
                "accepted_in_part_only_where_agreed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s"
                " JOIN milestones_milestone m ON m.id = s.milestone_id JOIN contracts_planline l ON l.id = m.line_id"
                " JOIN contracts_contractversion v ON v.id = l.version_id"
                " WHERE s.id = NEW.submission_id AND (coalesce(l.partial_acceptance, v.partial_acceptance)"
                # Or it is exactly what is not in dispute: the amount has fallen to it by now.
                " OR EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.submission_id = s.id"
                " AND d.state IN ('open', 'proposed') AND d.whole - d.amount = m.amount)"
                # Or the first of two accepted it while it was in dispute, and the dispute ended before the second.
                " OR EXISTS (SELECT 1 FROM milestones_firstacceptance f JOIN milestones_dispute d"
                " ON d.submission_id = f.submission_id AND d.raised_at <= f.accepted_at"
                " AND (d.settled_at IS NULL OR d.settled_at >= f.accepted_at) AND d.whole - d.amount = f.amount"
                " WHERE f.submission_id = s.id AND f.amount = m.amount)))",
                only="NEW.outcome = 'partly_accepted'",
            ),
            guards.refused_when(
                "link_decides_only_its_submission",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND s.id = NEW.submission_id AND g.purpose = 'sign_off')",
                # By which link a settlement is signed, its signature says.
                only="NEW.grant_id IS NOT NULL AND NEW.outcome <> 'settled'",
            ),
            guards.at_commit(
                "none_of_the_first_list_is_dropped",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM milestones_firstacceptance f WHERE f.submission_id = NEW.submission_id"
                " AND f.defects IS NOT NULL) THEN IF EXISTS (SELECT 1 FROM milestones_firstacceptance f"
                " CROSS JOIN jsonb_array_elements(f.defects) listed WHERE f.submission_id = NEW.submission_id"
                " AND NOT EXISTS (SELECT 1 FROM milestones_reservation r WHERE r.decision_id = NEW.id"
                " AND r.title = listed ->> 'title' AND r.amount = (listed ->> 'amount')::numeric))"
                " THEN RAISE EXCEPTION 'a defect that the first of two listed is left out of decision %', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF; END IF;",
                only="NEW.outcome IN ('accepted', 'partly_accepted', 'deemed_accepted')",
            ).seeing_all(),
            *STEP_GUARDS,
            SILENCE_WAITS_FOR_THE_NOTICE,
            *DECIDED,
        ]

    def __str__(self) -> str:
        return f"{self.submission} {self.outcome}"

    @property
    def is_acceptance(self) -> bool:
        """Whether the milestone, or a part of it, is accepted by it, by whomever or whatever."""
        return self.outcome in ACCEPTING

    @property
    def is_signed_off(self) -> bool:
        """Whether a person accepted by it: then there is a statement to certify."""
        return self.outcome in SIGNED


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def visible_to(self, actor: Actor) -> "VerdictQuerySet":
        return self.filter(decision__in=Decision.objects.visible_to(actor))


class Verdict(models.Model):
    """Pass or fail of one criterion in one decision; a fail gives its reason."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="verdicts", db_index=False)
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    is_passed = models.BooleanField()
    reason = models.TextField(_("what is missing"), max_length=2_000, blank=True)

    objects = VerdictQuerySet.as_manager()
    wall = walls.through("milestones_decision", "decision_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("decision", "criterion", name="one_verdict_per_criterion"),
            models.CheckConstraint(
                condition=Q(is_passed=True) | ~Q(reason=""),
                name="a_fail_gives_its_reason",
            ),
        ]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"{self.criterion}: {self.is_passed}"
