"""Personal links: one mailbox, one contract, one decision, no account. Everything stands below ``/s/<token>/``."""

from django.urls import path

from apps.portals.buyer.views import (
    link_decisions,
    link_disputes,
    link_files,
    link_packs,
    link_plans,
    link_portal,
    link_proofs,
    link_settling,
    links,
)

app_name = "link"
urlpatterns = [
    path("", links.open_link, name="open"),
    path("sign/", link_decisions.sign, name="sign"),
    path("contract-changes/", link_decisions.request_contract_changes, name="request_contract_changes"),
    path("comment/", link_decisions.comment_contract, name="comment_contract"),
    path("differences/", link_plans.contract_differences, name="contract_differences"),
    path("plans/", link_plans.compare_plans, name="compare_plans"),
    path("plan.csv", link_plans.plan_csv, name="plan_csv"),
    path("plan.xlsx", link_plans.plan_xlsx, name="plan_xlsx"),
    path("contract.pdf", link_files.contract_pdf, name="contract_pdf"),
    path("accept/", link_decisions.accept, name="accept"),
    path("accept-part/", link_decisions.accept_part, name="accept_part"),
    path(
        "accept-with-reservations/",
        link_decisions.accept_with_reservations,
        name="accept_with_reservations",
    ),
    path("changes/", link_decisions.request_changes, name="request_changes"),
    path("dispute/", link_disputes.dispute, name="dispute"),
    path("dispute-files/<str:ref>/", link_disputes.dispute_file, name="dispute_file"),
    path("defects/<str:ref>/", link_settling.reservation, name="reservation"),
    path("settlement/", link_settling.propose_settlement, name="propose_settlement"),
    path("settlement/sign/", link_settling.sign_settlement, name="sign_settlement"),
    path("settlement.pdf", link_settling.settlement_pdf, name="settlement_pdf"),
    path("confirm/", link_proofs.prove, name="prove"),
    path("ask/", link_decisions.ask_question, name="ask_question"),
    path("evidence/<str:ref>/", link_files.evidence, name="evidence"),
    path("invoice.pdf", link_files.invoice_pdf, name="invoice_pdf"),
    path("invoice.xml", link_files.invoice_xml, name="invoice_xml"),
    path("peppol.xml", link_files.invoice_peppol, name="invoice_peppol"),
    path("xrechnung.xml", link_files.invoice_xrechnung, name="invoice_xrechnung"),
    path("document/", link_files.invoice_document, name="invoice_document"),
    path("portal/", link_portal.open_portal, name="open_portal"),
    path("certificate.pdf", link_files.certificate, name="certificate"),
    path("pack/", link_packs.pack, name="pack"),
    path("pack.zip", link_packs.pack_file, name="pack_file"),
    path("assignment.pdf", link_files.assignment_proof, name="assignment_proof"),
    path("assignment/ask/", link_files.ask_assignment_proof, name="ask_assignment_proof"),
    path("viewed/", links.viewed, name="viewed"),
    path("renew/", links.renew, name="renew"),
]
