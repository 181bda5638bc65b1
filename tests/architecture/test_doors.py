"""Every URL has a door: walked from the URLconf, so a new view without one fails here."""

from collections.abc import Iterator

from django.contrib.admin import AdminSite
from django.urls import URLPattern, URLResolver, get_resolver

PUBLIC = {
    # who is not signed in reaches these, and only these
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_signup",
    "account_logout",
    "account_inactive",
    "account_email_verification_sent",
    "mfa_authenticate",
    "set_language",
}
FOREIGN_MODULES = ("allauth.", "django.views.i18n", "django.contrib.admin")


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the URLconf with its full route."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def test_every_view_of_ours_has_a_door() -> None:
    without = []
    for route, pattern in walk(get_resolver().url_patterns):
        module = pattern.callback.__module__
        if module.startswith(FOREIGN_MODULES) or isinstance(getattr(pattern.callback, "admin_site", None), AdminSite):
            continue
        if getattr(pattern.callback, "side", None) is None:
            without.append(f"{route} ({module}.{pattern.callback.__name__})")
    assert without == []


def test_only_listed_views_of_others_are_public() -> None:
    public = {
        pattern.name
        for _route, pattern in walk(get_resolver().url_patterns)
        if pattern.callback.__module__.startswith("allauth.") and not getattr(pattern.callback, "login_required", True)
    }
    assert public <= PUBLIC
