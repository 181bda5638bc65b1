"""What Postgres holds of links: few of them, https only, each with its title."""

from typing import Final

from apps.core.database import guards
from apps.milestones.rules import LONGEST_ADDRESS, LONGEST_LINK_TITLE, MOST_LINKS

LINKS_ARE_HTTPS: Final = guards.refused_when(
    "links_are_few_and_https",
    guards.INSERT_OR_UPDATE,
    "TG_OP = 'INSERT' OR NEW.links IS DISTINCT FROM OLD.links",
    "(CASE WHEN jsonb_typeof(NEW.links) <> 'array' THEN true"
    f" ELSE jsonb_array_length(NEW.links) > {MOST_LINKS} OR EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.links) l"
    " WHERE coalesce(l ->> 'url', '') !~ '^https://[^/?#[:space:]][^[:space:]]*$' OR l ->> 'url' ~ '^https://[^/?#]*@'"
    f" OR length(l ->> 'url') > {LONGEST_ADDRESS}"
    f" OR coalesce(length(l ->> 'title'), 0) NOT BETWEEN 1 AND {LONGEST_LINK_TITLE}) END)",
    only="NEW.links <> '[]'::jsonb",
)
