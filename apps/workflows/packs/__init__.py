"""Evidence packs: what goes in, in which order, and the ZIP file of it."""
