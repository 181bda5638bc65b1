"""The financiers' door: Django's own admin, in one site, with its own index and the filters of every other door."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_safe

from apps.parties.roles import FINANCIER_ROLES
from apps.portals.access import actor_of

View = Callable[..., HttpResponseBase]


class FinancierSite(AdminSite):
    """Windows, not doors: rows are read-only and every change is an action that calls a workflow.

    Signing in and out, passwords and Django's own log have no place here: they belong to the sign-in of everybody.
    """

    site_header = _("Cairn for financiers")
    site_title = _("Cairn")
    index_title = _("Dashboard")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        actor = actor_of(request)
        return actor is not None and actor.speaks_for_financier and not actor.roles.isdisjoint(FINANCIER_ROLES)

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        """A view of this site: 404 for whoever may not enter. The middleware has sent strangers to the sign-in."""

        def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                raise Http404
            return view(request, *args, **kwargs)

        door = csrf_protect(never_cache(inside))
        door.admin_site = self  # type: ignore[attr-defined]
        return door

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """The dashboard, the portfolio and the windows; nothing else of Django's admin has a URL."""
        from apps.portals.financier.portfolio import pages  # the registry of models is not there any earlier

        urls: list[URLResolver | URLPattern] = [
            path("", self.admin_view(self.index), name="index"),
            *(path(route, self.admin_view(require_safe(view)), name=view.__name__) for route, view in pages.PAGES),
        ]
        for model, window in self._registry.items():
            urls.append(path(f"{model._meta.app_label}/{model._meta.model_name}/", include(window.urls)))
        return urls

    def each_context(self, request: Any) -> dict[str, Any]:
        """What the pages of Django's admin expect, and the navigation of this portal."""
        from apps.portals.financier.nav import FinancierPortal  # the registry of models is not there any earlier

        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "has_permission": self.has_permission(request),
            "portal": FinancierPortal(request),
        }

    def index(self, request: Any, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard."""
        from apps.portals.financier.dashboard import dashboard

        context = {
            **self.each_context(request),
            "title": self.index_title,
            **dashboard(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/index.html", context)
