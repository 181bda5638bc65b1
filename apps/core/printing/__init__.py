"""Printing: a page becomes PDF/A-3a and PDF/UA-1, the same bytes on every run, in a child process with limits.

Which pages there are, what they say and which files they carry is known downstream.
"""
