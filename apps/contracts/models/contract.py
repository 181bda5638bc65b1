from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import dues
from apps.contracts.models.beginning import BEGUN, OF_BEGINNING, ONCE_BEGUN, OWN_PAPER
from apps.contracts.models.ending import TERMINATED
from apps.contracts.models.options import BOTH_SIGNED_IT
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class ContractState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Proposed")
    ACTIVE = "active", _("Active")
    COMPLETED = "completed", _("Completed")
    TERMINATED = "terminated", _("Terminated")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ContractQuerySet(models.QuerySet["Contract"]):
    def visible_to(self, actor: Actor) -> "ContractQuerySet":
        """Contracts to which the actor's organisation is a party; for a guest, the one of the link.

        Who did not begin a contract sees it from its first proposal on: until then it is the other side's own paper.
        """
        parties = ContractParty.objects.filter(organisation_id=actor.organisation_id).values("contract_id")
        visible = self.filter(pk__in=parties)
        if actor.contract_id is not None:
            visible = visible.filter(pk=actor.contract_id)
        sells = Q(seller_id=actor.organisation_id, begun_by="seller")
        buys = Q(buyer_id=actor.organisation_id, begun_by="buyer")
        return visible.filter(sells | buys | Q(was_proposed=True))

    # A side of a contract is a party to it, so these ask for no more: lists go along one index.

    def of_seller(self, actor: Actor) -> "ContractQuerySet":
        """What :meth:`visible_to` shows of the contracts in which the actor's organisation sells."""
        shown = Q(begun_by="seller") | Q(was_proposed=True)
        return self._of_link(actor).filter(shown, seller_id=actor.organisation_id)

    def of_buyer(self, actor: Actor) -> "ContractQuerySet":
        """What :meth:`visible_to` shows of the contracts in which the actor's organisation buys."""
        shown = Q(begun_by="buyer") | Q(was_proposed=True)
        return self._of_link(actor).filter(shown, buyer_id=actor.organisation_id)

    def _of_link(self, actor: Actor) -> "ContractQuerySet":
        return self if actor.contract_id is None else self.filter(pk=actor.contract_id)


STEPS = table(
    draft=("proposed", "withdrawn"),
    proposed=("active", "draft", "withdrawn"),
    active=("completed", "terminated"),
    completed=("active",),
    terminated=(),
    withdrawn=(),
)


class Contract(models.Model):
    """A deal between a seller and a buyer. What is agreed stands on versions; the active one is what both signed.

    ``number``, ``title`` and ``currency`` are those of the newest version that was proposed; before the first, of the
    draft, which only its own side sees.

    ``begun_by`` is the side that wrote it first, and gave it its number; ``seller_email`` is the mailbox to which a
    buyer sends it while its seller has no people here. ``order_number`` is the buyer's own, for the invoices to come
    (EN 16931, BT-13); it is no term, so the buyer may change it whenever its purchasing does.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    number = models.CharField(_("contract number"), max_length=40, help_text=_("the number of whoever begins it"))
    title = models.CharField(_("title"), max_length=160)
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(_("currency"), max_length=3)
    begun_by = models.CharField(_("begun by"), max_length=10, choices=BEGUN, default="seller")
    order_number = models.CharField(_("order number"), max_length=60, blank=True, default="", db_default="")
    seller_email = models.EmailField(_("e-mail of the seller's person"), blank=True)
    state = models.CharField(max_length=12, choices=ContractState.choices, default=ContractState.DRAFT)
    was_proposed = models.BooleanField(
        default=False,
        help_text="True from the first proposal on; who did not begin the contract may see it then.",
    )
    active_version = models.ForeignKey(
        "contracts.ContractVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    terminated_at = models.DateTimeField(null=True, blank=True)

    objects = ContractQuerySet.as_manager()
    wall = by_contract("id").or_when(OWN_PAPER)
    wall_opens: ClassVar[dict[str, str]] = {
        "parties_organisation": (
            # Two questions, so that each stops at the first contract that its index finds.
            "EXISTS (SELECT 1 FROM contracts_contract c WHERE c.seller_id = parties_organisation.id)"
            " OR EXISTS (SELECT 1 FROM contracts_contract c WHERE c.buyer_id = parties_organisation.id)"
        )
    }

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(seller=F("buyer")), name="contract_has_two_parties"),
            *OF_BEGINNING,
            models.CheckConstraint(
                condition=Q(
                    state__in=["active", "completed", "terminated"],
                    active_version__isnull=False,
                    activated_at__isnull=False,
                )
                | Q(
                    state__in=["draft", "proposed", "withdrawn"],
                    active_version__isnull=True,
                    activated_at__isnull=True,
                ),
                name="contract_active_with_a_signed_version",
            ),
            models.CheckConstraint(
                condition=Q(state="completed", completed_at__isnull=False)
                | (~Q(state="completed") & Q(completed_at__isnull=True)),
                name="contract_completed_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state="terminated", terminated_at__isnull=False)
                | (~Q(state="terminated") & Q(terminated_at__isnull=True)),
                name="contract_terminated_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-id"], name="contract_of_seller"),
            models.Index(fields=["buyer", "-id"], name="contract_of_buyer"),
            models.Index(fields=["seller", "state", "-id"], name="contract_of_seller_by_state"),
            models.Index(fields=["buyer", "state", "-id"], name="contract_of_buyer_by_state"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            ONCE_BEGUN,
            guards.refused_when(
                "the_sides_stay_once_a_contract_was_proposed",
                guards.UPDATE,
                "OLD.was_proposed AND (NEW.seller_id, NEW.buyer_id, NEW.was_proposed)"
                " IS DISTINCT FROM (OLD.seller_id, OLD.buyer_id, OLD.was_proposed)",
            ),
            guards.refused_when(
                "what_is_signed_stays_unless_it_is_a_draft",
                guards.UPDATE,
                "OLD.state <> 'draft' AND (NEW.number, NEW.title, NEW.currency)"
                " IS DISTINCT FROM (OLD.number, OLD.title, OLD.currency)",
            ),
            guards.refused_when(
                "the_active_version_gives_way_to_its_change",
                guards.UPDATE,
                "OLD.active_version_id IS NOT NULL AND NEW.active_version_id IS DISTINCT FROM OLD.active_version_id"
                " AND NOT (OLD.state = 'active' AND EXISTS (SELECT 1 FROM contracts_contractversion v"
                " WHERE v.id = NEW.active_version_id AND v.contract_id = NEW.id"
                " AND v.changes_id = OLD.active_version_id"
                " AND v.proposed_at IS NOT NULL AND v.changes_asked_at IS NULL))",
            ),
            guards.at_commit(
                "active_when_both_sides_signed",
                guards.INSERT_OR_UPDATE,
                BOTH_SIGNED_IT,
            ),
            TERMINATED,
            # Postgres has no river: at COMMIT it looks downstream, where nothing says by itself that lines are missing.
            dues.FOLLOWS_A_CHANGE,
            guards.at_commit(
                "milestones_follow_a_change",
                guards.UPDATE,
                "IF OLD.active_version_id IS NOT NULL AND NEW.active_version_id <> OLD.active_version_id"
                " AND (EXISTS (SELECT 1 FROM (SELECT l.position, sum(l.amount) AS agreed FROM contracts_planline l"
                " WHERE l.version_id = NEW.active_version_id AND l.kind = 'milestone' GROUP BY l.position) plan"
                " FULL JOIN (SELECT m.position, sum(m.amount - m.nullified) AS lives FROM milestones_milestone m"
                " WHERE m.contract_id = NEW.id AND m.state <> 'cancelled' GROUP BY m.position) life"
                " ON life.position = plan.position WHERE coalesce(plan.agreed, 0) <> coalesce(life.lives, 0))"
                " OR EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_changeorder o"
                " ON o.id = v.change_order_id WHERE v.id = NEW.active_version_id AND o.state <> 'signed'))"
                " THEN RAISE EXCEPTION 'the milestones of contract % are not those of its signed change', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def ended_at(self) -> datetime | None:
        """When the work ended: with the last acceptance, or by termination; None while it goes on."""
        return self.completed_at or self.terminated_at


class ContractPartyQuerySet(models.QuerySet["ContractParty"]):
    def visible_to(self, actor: Actor) -> "ContractPartyQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class ContractParty(models.Model):
    """An organisation that may see a contract: its two sides, and a financier from the seller's first request on."""

    class Side(models.TextChoices):
        SELLER = "seller", _("Seller")
        BUYER = "buyer", _("Buyer")
        FINANCIER = "financier", _("Financier")

    # Both are the first of an index of two, which answers the policies of every table without a look at the row.
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="parties", db_index=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    side = models.CharField(max_length=10, choices=Side.choices)

    objects = ContractPartyQuerySet.as_manager()
    wall = walls.Wall(
        f"contract_id = coalesce({walls.CONTRACT}, contract_id) AND organisation_id = ANY ({walls.ORGS})",
        may=("SELECT", "INSERT"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("contract", "organisation", name="one_side_per_organisation"),
            models.UniqueConstraint(
                "contract",
                "side",
                condition=Q(side__in=["seller", "buyer"]),
                name="one_seller_and_one_buyer",
            ),
        ]
        indexes = [models.Index("organisation", "contract", name="party_by_organisation")]
        triggers = [
            *guards.append_only(),
            # Read under the policies of whoever inserts: only who sees the contract already lets somebody in.
            guards.refused_when(
                "nobody_joins_a_contract_uninvited",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id"
                " AND (NEW.side <> 'seller' OR c.seller_id = NEW.organisation_id)"
                " AND (NEW.side <> 'buyer' OR c.buyer_id = NEW.organisation_id))",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.side}"
