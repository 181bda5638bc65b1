"""A window: Django's ModelAdmin that shows rows and changes nothing, each row under its public reference.

A list shows its rows newest first, in pages by key, and counts nothing. What may be done with a row are its actions.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.parties.actor import Actor
from apps.portals.financier.pages import address, asker, crumbs
from apps.portals.financier.site import FinancierSite

if TYPE_CHECKING:
    from apps.portals.financier.action import ActionPage

    Base = ModelAdmin[Any]
else:
    Base = ModelAdmin

AFTER, BEFORE = "after", "before"
"""The edges of a page: the key of the row that it follows or precedes."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a list, under its column's name; ``url`` where it leads to the row."""

    label: str
    value: Any
    css: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list: tabs for states, a menu for the rest. ``chosen`` is what stands in it now."""

    title: str
    is_tabs: bool
    choices: list[dict[str, Any]]
    chosen: str


class WindowList(ChangeList):
    """A changelist in pages by key, so that the thousandth page is as quick as the first and rows that come in on top
    move nothing."""

    model_admin: "Window"
    previous_url = next_url = ""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        wanted = super().get_filters_params(params)
        return {name: value for name, value in wanted.items() if name not in (AFTER, BEFORE)}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        # Another filter starts at the first page.
        return super().get_query_string(new_params, [*(remove or []), AFTER, BEFORE])

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        return ["-pk"]

    def get_results(self, request: HttpRequest) -> None:
        size, rows = self.list_per_page, self.queryset
        after, before = request.GET.get(AFTER, ""), request.GET.get(BEFORE, "")
        if before and not after:
            newer = self._beside(rows, before, "pk__gt").order_by("pk")[: size + 1]
            found = list(newer)
            shown, has_newer, has_older = found[:size][::-1], len(found) > size, True
        else:
            older = self._beside(rows, after, "pk__lt") if after else rows
            found = list(older[: size + 1])
            shown, has_newer, has_older = found[:size], bool(after), len(found) > size
        self.result_list = shown
        self.result_count = len(shown)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.full_result_count = None
        key = self.model_admin.key_of
        if shown and has_newer:
            self.previous_url = super().get_query_string({BEFORE: key(shown[0])}, [AFTER])
        if shown and has_older:
            self.next_url = super().get_query_string({AFTER: key(shown[-1])}, [BEFORE])

    def _beside(self, rows: Any, key: str, side: str) -> Any:
        edge = self.model_admin.find(rows, key)
        return rows.filter(**{side: edge.pk}) if edge else rows.none()

    @property
    def filters(self) -> list[Filter]:
        """The filters with their choices; the first choice of each is all."""
        found = []
        for spec in self.filter_specs:
            choices: list[dict[str, Any]] = list(spec.choices(self))  # type: ignore[arg-type]
            chosen = next((str(one["display"]) for one in choices[1:] if one["selected"]), "")
            is_tabs = getattr(spec, "parameter_name", "") == "state"
            found.append(Filter(str(spec.title), is_tabs, choices, chosen))
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a new search keeps of the address: the filters."""
        return [(name, value) for name, value in self.params.items() if name not in (SEARCH_VAR, AFTER, BEFORE)]

    @property
    def heads(self) -> list[Cell]:
        """The columns, as cells without values."""
        window = self.model_admin
        return [Cell(window.column(name), None, window.css_of(name)) for name in window.columns]

    @property
    def lines(self) -> Iterable[list[Cell]]:
        """The rows as cells; the first of each leads to the row."""
        window = self.model_admin
        for row in self.result_list:
            url = address(window.model, window.key_of(row))
            yield [
                Cell(window.column(name), window.value_of(row, name), window.css_of(name), url if at == 0 else "")
                for at, name in enumerate(window.columns)
            ]


class Window(Base):
    """The rows of one model that the financier may see. Every role of a financier may look; none may edit here."""

    admin_site: FinancierSite
    actions = None
    list_per_page = 25
    list_display_links = None
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()

    title: ClassVar[str | Promise]
    """What the rows are called."""
    about: ClassVar[str | Promise] = ""
    """One sentence above the list."""
    nothing: ClassVar[str | Promise] = ""
    """What will stand in a list that is empty."""
    end: ClassVar[Sequence[str]] = ()
    """Columns of figures, which stand at the right."""
    page_template: ClassVar[str] = "admin/window.html"
    pages: ClassVar[Sequence["type[ActionPage[Any]]"]] = ()
    """The actions on a row."""

    # --- which rows ------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.rows(asker(request))

    def rows(self, actor: Actor) -> QuerySet[Any]:
        """The rows of the actor's organisation, newest first."""
        manager: Any = self.model._default_manager
        visible: QuerySet[Any] = manager.visible_to(actor)
        return visible.order_by("-pk")

    def key_of(self, row: Any) -> str:
        """What stands for a row in an address."""
        return str(row.ref)

    def find(self, rows: QuerySet[Any], key: str) -> Any | None:
        """The row that a key stands for, among these.

        Whether there is one is asked first: that is a short question, where the page's own names a dozen tables.
        """
        meant = rows.filter(ref=key)
        return meant.first() if meant.exists() else None

    def row(self, request: HttpRequest, key: str) -> Any:
        """The row of an address; 404 for one that does not exist or is not theirs."""
        found = self.find(self.get_queryset(request).select_related(*self.page_related), key)
        if found is None:
            raise Http404
        return found

    page_related: ClassVar[Sequence[str]] = ()
    """What the page of a row reads beside it."""

    # --- who may do what -------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- the list --------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WindowList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.GET.get("e"):
            messages.warning(request, _("This address names a filter or a page that does not exist. Here is the list."))
        context = {
            "title": self.title,
            "about": self.about,
            "nothing": self.nothing,
            "crumbs": crumbs((str(self.title), "")),
            "buttons": self.list_buttons(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def list_buttons(self, request: HttpRequest) -> list[Any]:
        """What may be begun from the list."""
        return []

    @staticmethod
    def two(first: str, second: str) -> str:
        """Two values in one cell, the second below the first."""
        return format_html('{}<span class="sub">{}</span>', first, second)

    @property
    def columns(self) -> list[str]:
        """The columns of the list, each a method of the window."""
        return [str(name) for name in self.list_display]

    def value_of(self, row: Any, name: str) -> Any:
        """What a row shows in a column."""
        return getattr(self, name)(row)

    def column(self, name: str) -> str:
        """The name of a column: what its method is described as."""
        return str(getattr(getattr(self, name), "short_description", name))

    def css_of(self, name: str) -> str:
        return "end" if name in self.end else ""

    # --- the page of one row ---------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """The page of one row: Django's form is never shown, because nothing is edited."""
        row = self.row(request, object_id)
        context = {**self.frame(request, row), **self.page(request, row)}
        return TemplateResponse(request, self.page_template, context)

    def frame(self, request: HttpRequest, row: Any, *more: tuple[str, str]) -> dict[str, Any]:
        """Title and way of a page about a row; ``more`` are the steps below the row's own page."""
        name = self.name_of(row)
        steps = [(name, address(self.model, self.key_of(row))), *more] if more else [(name, "")]
        return {
            **self.admin_site.each_context(request),
            "title": more[-1][0] if more else name,
            "crumbs": crumbs((str(self.title), address(self.model)), *steps),
            "row": row,
        }

    def name_of(self, row: Any) -> str:
        """The heading of a row's page."""
        return str(row)

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of a row shows."""
        return {}

    # --- addresses -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The list, the actions, the page of a row. Adding, deleting and Django's own log have no address."""
        model = self.model._meta
        name = f"{model.app_label}_{model.model_name}"
        actions = [action(self) for action in self.pages]
        return [
            path("", self.door(self.changelist_view), name=f"{name}_changelist"),
            *(path(action.route, self.door(action.answer, safe=False), name=action.name) for action in actions),
            *self.more_urls(),
            path("<path:object_id>/", self.door(self.change_view), name=f"{name}_change"),
        ]

    def more_urls(self) -> list[URLPattern]:
        """Files and pieces of pages that belong to a row."""
        return []

    def door(self, view: Callable[..., HttpResponseBase], *, safe: bool = True) -> Any:
        """The site's door before a view; one that only shows answers nothing but GET and HEAD."""
        return self.admin_site.admin_view(require_safe(view) if safe else view)
