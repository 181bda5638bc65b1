"""Applications for payment on the pages of both sides: the sheet with its summary, and what may be done with it."""
