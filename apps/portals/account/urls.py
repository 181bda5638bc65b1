from django.urls import path

from apps.portals.account.views import confirming, invitations, looks, members, organisations, people

app_name = "account"
urlpatterns = [
    path("join/<str:token>/", invitations.accept_invitation, name="accept_invitation"),
    path("account/start/", organisations.choose_organisation, name="choose_organisation"),
    path("account/found/", organisations.found_organisation, name="found_organisation"),
    path("account/claim/", organisations.claim_organisation, name="claim_organisation"),
    path("account/organisation/", organisations.organisation, name="organisation"),
    path("account/bank-account/", organisations.bank_account, name="bank_account"),
    path("account/look/", looks.look, name="look"),
    path("account/step-up/", organisations.step_up, name="step_up"),
    path("account/confirm/", confirming.confirm, name="confirm"),
    path("account/team/", members.team, name="team"),
    path("account/team/invite/", invitations.invite_member, name="invite_member"),
    path("account/team/<str:ref>/", members.change_member, name="change_member"),
    path("account/team/<str:ref>/end/", members.end_membership, name="end_membership"),
    path("account/invitations/<str:ref>/revoke/", invitations.revoke_invitation, name="revoke_invitation"),
    path("account/settings/", people.settings, name="settings"),
]
