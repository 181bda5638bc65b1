"""Signing in and out: the pages of allauth that are used. Its others (passwords, e-mail management) do not exist."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

from apps.portals.access import portal
from apps.portals.account.views.second_factor import activate_totp, add_passkey, deactivate_totp, remove_passkey
from apps.portals.account.views.sign_in import request_login_code
from apps.portals.account.views.sign_up import confirm_sign_up

public = portal("public")
signed_in = portal("signed_in")

urlpatterns = [
    path("login/", public(request_login_code), name="account_login"),
    path("login/code/", public(request_login_code), name="account_request_login_code"),
    path("login/code/confirm/", public(account.confirm_login_code), name="account_confirm_login_code"),
    path("login/authenticator/", public(mfa.authenticate), name="mfa_authenticate"),
    path("login/passkey/", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("logout/", public(account.logout), name="account_logout"),
    path("signup/", public(account.signup), name="account_signup"),
    path("signup/confirm/", confirm_sign_up, name="account_email_verification_sent"),
    path("inactive/", public(account.account_inactive), name="account_inactive"),
    path("security/", signed_in(mfa.index), name="mfa_index"),
    path("security/confirm/", signed_in(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("security/confirm/passkey/", signed_in(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("security/passkeys/", signed_in(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("security/passkeys/add/", signed_in(add_passkey), name="mfa_add_webauthn"),
    path("security/passkeys/remove/", signed_in(remove_passkey), name="mfa_remove_webauthn"),
    path("security/authenticator/", signed_in(activate_totp), name="mfa_activate_totp"),
    path("security/authenticator/off/", signed_in(deactivate_totp), name="mfa_deactivate_totp"),
    path("security/recovery-codes/", signed_in(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "security/recovery-codes/new/",
        signed_in(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "security/recovery-codes/file/",
        signed_in(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
