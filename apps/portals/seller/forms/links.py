"""Links to what shows that a criterion is met: rows of title and address, one empty row more than there are links."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from apps.core.errors import Refused
from apps.milestones.services import MOST_LINKS, Link, checked_links
from apps.portals.forms import explain


class LinksInput(forms.Widget):
    """A row per link, and an empty one; the server reads as many rows as there may be."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Link]:
        rows = range(MOST_LINKS)
        return [Link(data.get(f"{name}_{row}_title", ""), data.get(f"{name}_{row}_url", "")) for row in rows]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0_url"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        filled = [link for link in value or [] if link.title or link.url]
        shown = [*filled, *([Link("", "")] if len(filled) < MOST_LINKS else [])]
        described_by = (attrs or {}).get("aria-describedby", "")
        return render_to_string(
            "seller/parts/links_input.html",
            {"name": name, "id": (attrs or {}).get("id", f"id_{name}"), "rows": shown, "described_by": described_by},
        )


class LinksField(forms.Field):
    """Checked by the rule that the service asks too, so that what is wrong stands beside its row."""

    widget = LinksInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Links"), required=False, **kwargs)

    def clean(self, value: Any) -> list[Link]:
        try:
            return checked_links(value or [], field="links")
        except Refused as refused:
            raise ValidationError(explain(refused), code="refused") from refused
