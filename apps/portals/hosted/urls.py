"""The hosted page of an invoice: no account, one invoice, nothing to decide. All stands below ``/i/<token>/``."""

from django.urls import path

from apps.portals.hosted import file_views, views

app_name = "hosted"
urlpatterns = [
    path("", views.open_invoice, name="open"),
    path("ask/", views.ask_about_invoice, name="ask_about_invoice"),
    path("dispute/", views.ask_to_dispute, name="ask_to_dispute"),
    path("invoice.pdf", file_views.invoice_pdf, name="invoice_pdf"),
    path("invoice.xml", file_views.invoice_xml, name="invoice_xml"),
    path("peppol.xml", file_views.invoice_peppol, name="invoice_peppol"),
    path("xrechnung.xml", file_views.invoice_xrechnung, name="invoice_xrechnung"),
    path("credit-notes/<str:ref>/", file_views.credit_note_pdf, name="credit_note_pdf"),
    path("credit-notes/<str:ref>/peppol.xml", file_views.credit_note_peppol, name="credit_note_peppol"),
    path("credit-notes/<str:ref>/xrechnung.xml", file_views.credit_note_xrechnung, name="credit_note_xrechnung"),
    path("corrected/<str:ref>/", file_views.corrected_pdf, name="corrected_pdf"),
    path("document/", views.invoice_document, name="invoice_document"),
    path("viewed/", views.viewed, name="viewed"),
]
