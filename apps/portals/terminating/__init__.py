"""Terminations: the pages that seller and buyer share."""
