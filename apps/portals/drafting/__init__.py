"""Writing a version of a contract, for whichever side writes: the form, the plan, the check of the answers."""
