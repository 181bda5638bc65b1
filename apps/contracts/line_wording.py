"""What holds for one milestone in plain words: the contract's terms, and its own in their place."""

from django.utils.translation import gettext

from apps.contracts import charges_wording, own_wording, wording
from apps.contracts.rules import Agreed, ReviewTerms
from apps.core.printing import words


def holds(agreed: Agreed, review: ReviewTerms, *, currency: str) -> list[tuple[str, str]]:
    """Each term by its name, from the invoice back to the review."""
    parts = own_wording.in_part(may_be=agreed.partial_acceptance)
    return [
        (gettext("Tax"), own_wording.tax(agreed.tax_category, agreed.tax_rate, agreed.exemption)),
        (gettext("Payment"), wording.payment(agreed.payment_days, agreed.terms.payment_basis)),
        (gettext("Review period"), wording.review_period(review)),
        (gettext("If the buyer says nothing"), wording.silence_means(review.silence)),
        (gettext("Acceptance in part"), parts),
        (gettext("Questions"), own_wording.questions(agreed.question_suspensions)),
        (gettext("Steps of acceptance"), _steps(agreed, currency=currency)),
        *(charges_wording.parts(agreed.charges, currency=currency) if agreed.charges is not None else ()),
    ]


def _steps(agreed: Agreed, *, currency: str) -> str:
    said = [own_wording.inspection(comes_first=agreed.needs_inspection)]
    above = agreed.second_acceptor_above
    if agreed.own.two_acceptors is not None or above is None:
        said.append(own_wording.acceptors(is_two=bool(agreed.own.two_acceptors)))
    else:
        said.append(wording.acceptance_steps(needs_inspection=False, second_above=words.money(above, currency)))
    return " ".join(said)
