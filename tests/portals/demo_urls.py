"""The URLconf as the demo has it."""

from django.urls import include, path

from config.urls import urlpatterns as ordinary

urlpatterns = [*ordinary, path("demo/", include("apps.portals.demo.urls"))]
