"""The admin is the financiers' door: one AdminSite of its own, defined by the financier portal."""

from typing import cast

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig


class CairnAdminConfig(SimpleAdminConfig):
    default_site = "apps.portals.financier.site.FinancierSite"

    def ready(self) -> None:
        """Open the windows once all models are known; those that other packages bring along stay closed."""
        super().ready()
        from apps.portals.financier.site import FinancierSite
        from apps.portals.financier.windows import open_windows

        open_windows(cast(FinancierSite, admin.site))
