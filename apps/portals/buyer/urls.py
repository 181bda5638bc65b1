"""The buyer's portal: what waits, contracts, milestones, invoices."""

from django.urls import path

from apps.portals.buyer.views import assignments, contracts, drafts, evidence, home, invoices, milestones, plans, proofs

app_name = "buyer"
urlpatterns = [
    path("", home.home, name="home"),
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/<str:ref>/", contracts.contract, name="contract"),
    path("contracts/<str:ref>/change/", drafts.change_draft, name="change_draft"),
    path("contracts/<str:ref>/propose/", drafts.propose_contract, name="propose_contract"),
    path("contracts/<str:ref>/withdraw/", drafts.withdraw_contract, name="withdraw_contract"),
    path("versions/<str:ref>/answer/", drafts.answer_proposal, name="answer_proposal"),
    path("versions/<str:ref>/comment/", drafts.comment_contract, name="comment_contract"),
    path("contracts/<str:ref>/differences/", plans.contract_differences, name="contract_differences"),
    path("versions/<str:ref>/plan.csv", plans.plan_csv, name="plan_csv"),
    path("versions/<str:ref>/plan.xlsx", plans.plan_xlsx, name="plan_xlsx"),
    path("versions/<str:ref>/contract.pdf", proofs.contract_pdf, name="contract_pdf"),
    path("versions/<str:ref>/print/", proofs.retry_contract_document, name="retry_contract_document"),
    path("versions/<str:ref>/sign/", contracts.sign_contract, name="sign_contract"),
    path("versions/<str:ref>/changes/", contracts.request_contract_changes, name="request_contract_changes"),
    path("milestones/<str:ref>/", milestones.milestone, name="milestone"),
    path("submissions/<str:ref>/accept/", milestones.accept_milestone, name="accept_milestone"),
    path("submissions/<str:ref>/accept-part/", milestones.accept_part, name="accept_part"),
    path("submissions/<str:ref>/changes/", milestones.request_changes, name="request_changes"),
    path("milestones/<str:ref>/certificate.pdf", proofs.certificate, name="certificate"),
    path("milestones/<str:ref>/certificate/retry/", proofs.retry_certificate, name="retry_certificate"),
    path("milestones/<str:ref>/pack/", proofs.request_milestone_pack, name="request_milestone_pack"),
    path("contracts/<str:ref>/pack/", proofs.request_pack, name="request_pack"),
    path("packs/<str:ref>/", proofs.pack, name="pack"),
    path("packs/<str:ref>/pack.zip", proofs.pack_file, name="pack_file"),
    path("evidence/<str:ref>/", evidence.evidence, name="evidence"),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/<str:ref>/", invoices.invoice, name="invoice"),
    path("invoices/<str:ref>/invoice.pdf", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<str:ref>/invoice.xml", invoices.invoice_xml, name="invoice_xml"),
    path("invoices/<str:ref>/peppol.xml", invoices.invoice_peppol, name="invoice_peppol"),
    path("invoices/<str:ref>/xrechnung.xml", invoices.invoice_xrechnung, name="invoice_xrechnung"),
    path("invoices/<str:ref>/document/", invoices.invoice_document, name="invoice_document"),
    path("assignments/<str:ref>/acknowledge/", assignments.acknowledge_assignment, name="acknowledge_assignment"),
]
