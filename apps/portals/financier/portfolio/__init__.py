"""The financier's whole book in figures: how old it is, what it earns, what it may lose, and its loan tape."""
