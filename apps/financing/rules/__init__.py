from apps.financing.rules.price import OfferTerms, Price

__all__ = ["OfferTerms", "Price"]
