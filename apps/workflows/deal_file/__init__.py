"""Deal files: one text file describes a whole deal, and the player runs it through the real services."""
