"""Bank statements as banks write them: camt.053, MT940 and CSV, read by a child process, checked, and nothing else.

What comes out is plain: statements with their balances and transactions, or every fault with its line. Nothing here
knows the database.
"""
