"""The admin is the financiers' door: one AdminSite of its own, defined by the financier portal."""

from django.contrib.admin.apps import AdminConfig


class CairnAdminConfig(AdminConfig):
    default_site = "apps.portals.financier.site.FinancierSite"
