"""Personal links: one mailbox, one contract, one decision, no account. Everything stands below ``/s/<token>/``."""

from django.urls import path

from apps.portals.buyer.views import links

app_name = "link"
urlpatterns = [
    path("", links.open_link, name="open"),
    path("sign/", links.sign, name="sign"),
    path("contract-changes/", links.request_contract_changes, name="request_contract_changes"),
    path("accept/", links.accept, name="accept"),
    path("changes/", links.request_changes, name="request_changes"),
    path("evidence/<str:ref>/", links.evidence, name="evidence"),
    path("invoice.pdf", links.invoice_pdf, name="invoice_pdf"),
    path("document/", links.invoice_document, name="invoice_document"),
    path("viewed/", links.viewed, name="viewed"),
    path("renew/", links.renew, name="renew"),
]
