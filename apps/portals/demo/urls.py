from django.urls import path

from apps.portals.demo import views

app_name = "demo"
urlpatterns = [
    path("sign-in/<str:token>/", views.sign_in, name="sign_in"),
    path("outbox/", views.mails, name="outbox"),
    path("outbox/<str:name>/", views.mail, name="mail"),
    path("outbox/<str:name>/html/", views.html, name="html"),
]
