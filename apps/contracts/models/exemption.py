"""Why a supply bears no tax, in the database: on a version and on a line of its plan."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.exemptions import CODES, LONGEST_CODE, LONGEST_REASON, WITH_REASON
from apps.core.database import guards


class ExemptionTerms(models.Model):
    """The reason of an exemption: a code of the list VATEX, and words of the parties that stand in its place."""

    exemption_code = models.CharField(
        _("reason of the exemption, as a code"), max_length=LONGEST_CODE, blank=True, default="", db_default=""
    )
    exemption_reason = models.CharField(
        _("reason of the exemption, in words"), max_length=LONGEST_REASON, blank=True, default="", db_default=""
    )

    class Meta:
        abstract = True


def fits(name: str) -> models.CheckConstraint:
    """A reason is one of its tax category: of what bears tax, and of the zero rate, there is none."""
    none = Q(exemption_code="", exemption_reason="")
    wordless = Q(exemption_code="", tax_category__in=sorted(WITH_REASON))
    coded = [Q(tax_category=category, exemption_code__in=codes) for category, codes in CODES.items()]
    condition = none | wordless
    for one in coded:
        condition |= one
    return models.CheckConstraint(condition=condition, name=name)


_UNSAID = "{row}.tax_category = 'E' AND {row}.exemption_code = '' AND {row}.exemption_reason = ''"
SAYS_WHY: Final = guards.at_commit(
    "what_is_exempt_says_why",
    guards.INSERT_OR_UPDATE,
    # Versions from before there were reasons were proposed without one, and stay as they were signed.
    f"IF NEW.proposed_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.proposed_at IS NULL) AND ({_UNSAID.format(row='NEW')}"
    f" OR EXISTS (SELECT 1 FROM contracts_planline l WHERE l.version_id = NEW.id AND {_UNSAID.format(row='l')}))"
    " THEN RAISE EXCEPTION 'version % has a supply that is exempt and does not say why', NEW.id"
    " USING ERRCODE = 'check_violation'; END IF;",
)
