"""What financiers do: one action page for each workflow of the financier's side."""
