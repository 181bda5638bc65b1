"""Every door of the house. A test walks this list and fails on a URL without a door."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from apps.portals import too_often
from apps.portals.account.views import health, home, language, organisations

handler429 = too_often.handler429
"""allauth looks for it here."""
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("", include("apps.portals.account.urls")),
    path("switch/", organisations.switch_organisation, name="switch_organisation"),
    path("language/", language.set_language, name="set_language"),
    path("accounts/", include("apps.portals.account.sign_in_urls")),
    path("seller/", include("apps.portals.seller.urls")),
    path("buyer/", include("apps.portals.buyer.urls")),
    path("s/<str:token>/", include("apps.portals.buyer.link_urls")),
    path("i/<str:token>/", include("apps.portals.hosted.urls")),
    path("financier/", admin.site.urls),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("apps.portals.demo.urls")))
