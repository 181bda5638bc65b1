"""Why an invoice is proposed for a payment, in plain words."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core import canonical
from apps.invoicing.rules import Bill, Part, Proposal, Reason, Why
from apps.portals import formats

LIKELY, POSSIBLE = 75, 45


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A proposal as the page shows it; ``seen`` is what its button sends back: these parts, on what is open now."""

    score: int
    likelihood: str
    tone: str
    title: str
    reasons: tuple[str, ...]
    effects: tuple[str, ...]
    amount: Decimal
    seen: str
    parts: tuple[Part, ...]


def shown(proposal: Proposal, bills: dict[str, Bill], *, currency: str) -> Shown:
    """``bills`` are those of the parts, by reference."""
    amount = sum((part.amount for part in proposal.parts), start=Decimal(0))
    likelihood, tone = _likelihood(proposal.score)
    return Shown(
        score=proposal.score,
        likelihood=likelihood,
        tone=tone,
        title=_together([part.number for part in proposal.parts]),
        reasons=tuple(sentence(reason, currency=currency) for reason in proposal.reasons),
        effects=tuple(effect(part, bills[part.invoice_ref]) for part in proposal.parts),
        amount=amount,
        seen=seen(proposal.parts, bills),
        parts=proposal.parts,
    )


def seen(parts: tuple[Part, ...], bills: dict[str, Bill]) -> str:
    """What was shown, as a hash: other amounts, or another amount open, is another proposal."""
    said = [[part.invoice_ref, part.amount, bills[part.invoice_ref].open] for part in parts]
    return canonical.sha256(canonical.text(said))


def effect(part: Part, bill: Bill) -> str:
    """What becomes of an invoice."""
    rest = bill.open - part.amount
    words = {"number": part.number, "amount": formats.money(part.amount, bill.currency)}
    if rest > 0:
        more = formats.money(rest, bill.currency)
        return _("%(amount)s on %(number)s, which stays open with %(rest)s.") % {**words, "rest": more}
    if rest < 0:
        more = formats.money(-rest, bill.currency)
        return _(
            "%(amount)s on %(number)s, which is paid in full. %(surplus)s stay on the payment, unallocated: they belong"
            " to %(buyer)s."
        ) % {**words, "surplus": more, "buyer": bill.buyer_name}
    return _("%(amount)s on %(number)s, which is paid in full.") % words


def sentence(reason: Reason, *, currency: str) -> str:
    """One reason as a sentence."""
    words = {
        "numbers": _together(list(reason.numbers)),
        "amount": formats.money(reason.amount, currency) if reason.amount is not None else "",
        "name": reason.name,
    }
    return _sentences(len(reason.numbers))[reason.why] % words


def _sentences(count: int) -> dict[Why, str]:
    return {
        Why.NAMED: ngettext("The payer names %(numbers)s.", "The payer names %(numbers)s.", count),
        Why.EQUAL: _("The amount is exactly what is open on %(numbers)s."),
        Why.SHORT: ngettext(
            "It is %(amount)s less than is open on it.", "It is %(amount)s less than is open on them together.", count
        ),
        Why.OVER: ngettext(
            "It is %(amount)s more than is open on it.", "It is %(amount)s more than is open on them together.", count
        ),
        Why.ADDS_UP: _("What is open on %(numbers)s adds up to exactly this amount."),
        Why.ALIKE: _("The payer's name is like that of %(name)s."),
        Why.ONLY_ONE: _("No other invoice is open with this amount."),
        Why.ONE_OF_SEVERAL: _("Other invoices are open with the same amount."),
        Why.OLDEST: _("%(numbers)s is what this buyer owes longest."),
        Why.OTHER_ACCOUNT: _("%(numbers)s asks to be paid into another account."),
        Why.BEFORE_ISSUE: _("The money arrived before %(numbers)s was issued."),
        Why.PART_PAID: _("A part of %(numbers)s is paid already: look whether this is that same money."),
        Why.RETURNED: _("The bank calls it a return or a reversal: perhaps it is your own money that came back."),
        Why.PAID: _("The payer names %(numbers)s, which is already paid in full."),
        Why.ASSIGNED: _(
            "The payer names %(numbers)s, which is assigned: the money belongs to %(name)s. Pass it on, and set this"
            " payment aside."
        ),
        Why.OTHER_CURRENCY: _("The payer names %(numbers)s, which is in %(name)s."),
    }


def _together(names: list[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return _("%(most)s and %(last)s") % {"most": ", ".join(names[:-1]), "last": names[-1]}


def _likelihood(score: int) -> tuple[str, str]:
    if score >= LIKELY:
        return _("Likely"), "positive"
    return (_("Possible"), "info") if score >= POSSIBLE else (_("Weak"), "neutral")
