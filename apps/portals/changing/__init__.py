"""Change orders as both portals show them: the pages are the same, the addresses are not."""
