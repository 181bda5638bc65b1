"""What one line has of its own in the place of the contract's terms, in sentences, in the language that is active."""

from decimal import Decimal

from django.utils.translation import gettext, ngettext

from apps.contracts import exemption_wording
from apps.contracts.drafts import LineTerms
from apps.contracts.exemptions import Exemption
from apps.contracts.models.version import ContractVersion, TaxCategory
from apps.core.printing import words


def sentences(own: LineTerms) -> list[str]:
    """Days to pay, the way to an acceptance, and what is charged for its day; nothing of what is as in the contract."""
    said = []
    if own.payment_days is not None:
        said.append(
            gettext("Days to pay of its invoice: {days}, counted as the contract says.").format(
                days=words.count(own.payment_days)
            )
        )
    if own.partial_acceptance is not None:
        said.append(in_part(may_be=own.partial_acceptance))
    if own.needs_inspection is not None:
        said.append(inspection(comes_first=own.needs_inspection))
    if own.two_acceptors is not None:
        said.append(acceptors(is_two=own.two_acceptors))
    if own.question_suspensions is not None:
        said.append(questions(own.question_suspensions))
    if own.tax_category:
        said.append(
            gettext("Its invoice bears another tax: {tax}.").format(tax=tax(own.tax_category, own.tax_rate, own))
        )
    return [*said, *_charges(own)]


def tax(category: str, rate: Decimal | None, why: Exemption) -> str:
    """How a supply is taxed: the treatment, and its rate, or why it bears none where that is agreed."""
    treatment = str(TaxCategory(category).label)
    reason = exemption_wording.agreed(why.exemption_code, why.exemption_reason)
    if reason:
        return gettext("{treatment}: {reason}").format(treatment=treatment, reason=reason)
    return f"{treatment}, {words.percent(rate)}" if rate else treatment


def tax_of(version: ContractVersion) -> str:
    """The same of a whole contract."""
    why = Exemption(exemption_code=version.exemption_code, exemption_reason=version.exemption_reason)
    return tax(version.tax_category, version.tax_rate, why)


def in_part(*, may_be: bool) -> str:
    """Whether a milestone may be accepted in part, and what that does."""
    if may_be:
        return gettext("The buyer may accept a part of it: that is billed, and the rest can be submitted again.")
    return gettext("It is accepted whole. While a part of it is in dispute, the rest may be accepted.")


def inspection(*, comes_first: bool) -> str:
    """Whether somebody inspects a milestone before anybody accepts it."""
    if comes_first:
        return gettext("Somebody of the buyer inspects it first; somebody else of the buyer then accepts it.")
    return gettext("No inspection comes before its acceptance.")


def acceptors(*, is_two: bool) -> str:
    """How many people accept a milestone of which that is agreed, whatever it comes to."""
    if is_two:
        return gettext("Two people of the buyer accept it, whatever it comes to.")
    return gettext("One person of the buyer is enough to accept it, whatever it comes to.")


def questions(most: int) -> str:
    """How many questions about a submission of a milestone stop its review clock."""
    if not most:
        return gettext("Questions about it do not stop the review clock.")
    return ngettext(
        "One question about a submission of it stops the review clock until the seller has answered.",
        "Up to %(most)s questions about a submission of it stop the review clock until the seller has answered.",
        most,
    ) % {"most": most}


def _charges(own: LineTerms) -> list[str]:
    said = []
    if own.damages_percent is not None:
        said.append(
            gettext("Its delay costs {percent} of its amount for each period, as the contract counts it.").format(
                percent=words.percent(own.damages_percent)
            )
            if own.damages_percent
            else gettext("Its delay costs no damages.")
        )
    if own.bonus_percent is not None:
        said.append(
            gettext("Being early earns {percent} of its amount for each period, as the contract counts it.").format(
                percent=words.percent(own.bonus_percent)
            )
            if own.bonus_percent
            else gettext("Being early earns no bonus.")
        )
    return said
