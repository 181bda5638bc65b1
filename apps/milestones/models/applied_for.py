"""What of an accepted milestone can be applied for, where applications for payment are billed: said once, in SQL."""

from typing import Final

OTHERWISE_APPLIED_FOR: Final = (
    "m.amount - (SELECT coalesce(sum(n.unbilled), 0) FROM milestones_nullification n"
    " WHERE n.milestone_id = m.id AND n.state = 'granted')"
    " - (SELECT coalesce(sum(CASE WHEN r.state IN ('open', 'mended') THEN r.amount ELSE r.reduced_by END), 0)"
    " FROM milestones_reservation r WHERE r.milestone_id = m.id)"
    " IS DISTINCT FROM (SELECT coalesce(sum(CASE WHEN a.state = 'certified' THEN l.certified"
    " WHEN a.state IN ('open', 'submitted') THEN l.claimed END), 0) FROM invoicing_applicationline l"
    " JOIN invoicing_application a ON a.id = l.application_id WHERE l.milestone_id = m.id)"
)
"""Of a milestone ``m``: what was accepted of it, less what was withdrawn before it was billed, what is withheld for
defects that are not settled, and what both sides took off the price for one, is not what stands in applications for
payment and was certified."""
