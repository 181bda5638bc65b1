from apps.financing.rules.price import LineTerms, OfferTerms, Price, Totals

__all__ = ["LineTerms", "OfferTerms", "Price", "Totals"]
