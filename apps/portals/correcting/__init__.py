"""Correcting what was billed: the pages that seller and buyer share."""
