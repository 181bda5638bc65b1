"""The journal for the accounting programs that sellers use: numbered, balanced, in the accounts of their own chart."""
