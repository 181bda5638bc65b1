"""A version may offer several complete plans: each option is a row beside it, with its terms and lines of its own."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards


class PlanOption(models.Model):
    """What a version is called among the plans to pick from, and of which version it is an option.

    An option shares number, author, text and every term with its version; its price is the version's less ``discount``,
    an amount that ``discount_percent`` explains where a share was agreed. Only versions are signed; the signature of
    who answers names the plan that was picked, and that one is in force.
    """

    option_number = models.PositiveSmallIntegerField(default=0)
    plan_name = models.CharField(_("name of the plan"), max_length=80, blank=True)
    discount_percent = models.DecimalField(
        _("discount in percent"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    discount = models.DecimalField(_("discount"), max_digits=18, decimal_places=3, null=True, blank=True)

    class Meta:
        abstract = True


OF_OPTIONS: Final = (
    models.UniqueConstraint("option_of", "option_number", name="options_are_numbered"),
    models.CheckConstraint(
        condition=Q(option_of__isnull=True, option_number=0, discount__isnull=True, discount_percent__isnull=True)
        | (
            Q(option_of__isnull=False, option_number__gte=1, change_order__isnull=True)
            & ~Q(plan_name="")
            & (Q(discount__isnull=True, discount_percent__isnull=True) | Q(discount__gt=0))
        ),
        name="an_option_says_what_it_is",
    ),
    models.CheckConstraint(
        condition=Q(discount_percent__isnull=True) | Q(discount_percent__gt=0, discount_percent__lt=100),
        name="discount_is_a_percentage",
    ),
)
OWN: Final = (
    *("id", "ref", "price", "option_of_id", "option_number", "plan_name", "discount", "discount_percent"),
    *("changes_asked_at", "changes_asked", "expired_at"),
)
"""What an option says for itself, and what happens to its version alone."""
OF_ONE_PROPOSAL: Final = (
    *("number", "author", "answer_until", "canonical_text", "sha256", "drafted_by_id", "created_at", "proposed_at"),
    *("expires_at", "change_order_id", "changes_id"),
)
"""What is true of one proposal and of no other, beside :data:`OWN`: who wrote it when, its text, what it changes."""
_TERMS: Final = "(to_jsonb({row}) - ARRAY[" + ", ".join(f"'{name}'" for name in OWN) + "])"

OPTION_TRIGGERS: Final = (
    guards.refused_when(
        "an_option_stays_with_its_version", guards.UPDATE, "OLD.option_of_id IS DISTINCT FROM NEW.option_of_id"
    ),
    guards.refused_when(
        "no_option_joins_a_proposed_version",
        guards.INSERT,
        "NEW.option_of_id IS NOT NULL AND (NEW.proposed_at IS NOT NULL OR EXISTS (SELECT 1"
        " FROM contracts_contractversion v WHERE v.id = NEW.option_of_id AND v.proposed_at IS NOT NULL))",
    ),
    guards.at_commit(
        "options_share_the_terms_of_their_version",
        guards.INSERT_OR_UPDATE,
        "IF EXISTS (SELECT 1 FROM contracts_contractversion o JOIN contracts_contractversion v ON v.id = o.option_of_id"
        " WHERE (o.id = NEW.id OR o.option_of_id = NEW.id) AND (v.option_of_id IS NOT NULL"
        " OR o.price <> v.price - coalesce(o.discount, 0)"
        " OR abs(v.price * o.discount_percent / 100 - o.discount) > 0.5"
        f" OR {_TERMS.format(row='o')} IS DISTINCT FROM {_TERMS.format(row='v')}))"
        " THEN RAISE EXCEPTION 'an option of version % does not say what its version says', NEW.id"
        " USING ERRCODE = 'check_violation'; END IF;",
    ),
)

PICKS_ONE: Final = (
    guards.refused_when(
        "who_answers_picks_one_of_the_plans_offered",
        guards.INSERT,
        "EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND (v.option_of_id IS NOT NULL"
        " OR CASE WHEN NEW.side <> v.author AND EXISTS (SELECT 1 FROM contracts_contractversion o"
        " WHERE o.option_of_id = v.id) THEN NEW.plan_id IS NULL OR NOT EXISTS (SELECT 1"
        " FROM contracts_contractversion p WHERE p.id = NEW.plan_id AND v.id IN (p.id, p.option_of_id))"
        " ELSE NEW.plan_id IS NOT NULL END))",
    ),
)
"""Of a signature: the version is signed, never an option; who answers names the plan, where there are several."""

BOTH_SIGNED_IT: Final = (
    "IF NEW.active_version_id IS NOT NULL AND (SELECT count(DISTINCT s.side) FROM contracts_contractversion plan"
    " JOIN contracts_contractversion v ON v.id = coalesce(plan.option_of_id, plan.id)"
    " JOIN contracts_signature s ON s.version_id = v.id AND v.sha256 = s.sha256"
    " WHERE plan.id = NEW.active_version_id AND v.contract_id = NEW.id AND s.contract_id = NEW.id"
    " AND (s.side = v.author OR coalesce(s.plan_id, v.id) = plan.id)"
    " AND ((s.side = 'seller' AND s.organisation_id = NEW.seller_id)"
    " OR (s.side = 'buyer' AND s.organisation_id = NEW.buyer_id))) <> 2"
    " THEN RAISE EXCEPTION 'contract % is active without the signatures of both sides', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;"
)
"""Of a contract: both sides signed the version, and the plan in force is the one that was picked."""
