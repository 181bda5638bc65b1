"""How a buyer's payment would be shared out, before it is recorded: the waterfall on what is booked now."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.financing.rules.waterfall import Shares, for_the_seller, share
from apps.financing.services import book
from apps.portals import formats
from apps.portals.parts import Fact


@dataclass(frozen=True, slots=True)
class Preview:
    """A payment shared out, and what the buyer would still owe after it."""

    shares: Shares
    left: Decimal


def preview(tranche: Tranche, *, amount: Decimal, received_on: date) -> Preview:
    """The shares of a payment that would be received on a day. The service computes them again under its lock."""
    if tranche.funded_on is None or tranche.state == "recourse_due":
        owed = tranche.bought.open_item.open
        shares = for_the_seller(amount, owed=owed)
        return Preview(shares, owed - shares.to_receivable)
    if tranche.state == "written_off":
        owed = tranche.bought.open_item.open
        shares = financing.recovered_shares(tranche, amount=amount, owed=min(amount, owed))
        return Preview(shares, owed - shares.to_receivable)
    paid_on = financing.counted_on(received_on, funded_on=tranche.funded_on)
    before = book.standing(tranche)
    day = financing.last_day_earned(tranche, paid_on=paid_on)
    standing = book.unearned_after(tranche, before=before, day=day)
    shares = share(amount, standing=standing, late_due=financing.late_charge_due(tranche, through=paid_on))
    return Preview(shares, before.receivable - shares.to_receivable)


def facts_of(shared: Preview, *, currency: str) -> list[Fact]:
    """The waterfall, step by step."""
    shares = shared.shares
    steps = [
        (_("Late charge, out of the reserve"), shares.late_charge),
        (_("Repays the advance"), shares.to_advance),
        (_("Recovered of what was written off"), shares.recovered),
        (_("Released to the seller"), shares.to_seller),
        (_("Discount given back to the seller"), shares.rebate),
        (_("Surplus, back to the buyer"), shares.to_buyer),
    ]
    return [
        *(Fact(term=term, amount=amount, currency=currency) for term, amount in steps if amount),
        Fact(term=_("Still owed by the buyer"), amount=shared.left, currency=currency, is_total=True),
    ]


def effects_of(tranche: Tranche, shared: Preview) -> list[str]:
    """What recording the payment leads to, in words."""
    shares, currency = shared.shares, tranche.currency
    number = tranche.name
    if tranche.funded_on is None:
        words = _("The advance of %(gross)s is cancelled: nothing is paid out on an invoice that the buyer has paid.")
        first = words % {"gross": formats.money(tranche.gross, currency)}
        if shared.left:
            rest = _("%(buyer)s is told by mail to pay the other %(left)s to %(seller)s.") % {
                "buyer": tranche.buyer.legal_name,
                "left": formats.money(shared.left, currency),
                "seller": tranche.seller.legal_name,
            }
            first = f"{first} {rest}"
    elif tranche.state == "recourse_due":
        first = _("%(number)s was not bought: what is paid on it is the seller's, who owes the advance back still.") % {
            "number": number
        }
    elif shared.left:
        first = _("%(number)s stays open with %(left)s.") % {
            "number": number,
            "left": formats.money(shared.left, currency),
        }
    else:
        first = _("%(number)s is paid in full, and the advance is settled.") % {"number": number}
    effects = [first]
    if shares.to_seller + shares.rebate:
        effects.append(
            _("%(amount)s becomes due to %(seller)s; treasury pays it next.")
            % {
                "amount": formats.money(shares.to_seller + shares.rebate, currency),
                "seller": tranche.seller.legal_name,
            }
        )
    if shares.to_buyer:
        effects.append(
            _("%(amount)s is more than was owed and stays due to %(buyer)s.")
            % {"amount": formats.money(shares.to_buyer, currency), "buyer": tranche.buyer.legal_name}
        )
    effects.append(_("Your book and the invoice are posted at once; a mistake is corrected by reversal only."))
    return effects
