"""Every address of the product, walked from the URLconf, and what stands in its parameters.

An address with a parameter and no entry in :data:`OF` is a failure: a new page joins the matrix with the line that says
whose object it shows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.portals.matrix.world import Tenant

TOKEN: Final = "a personal link"
UNKNOWN_REF: Final = "2222222222222222"
UNKNOWN_TOKEN: Final = "t" * 43

OF: Final[dict[str, str]] = {
    "account:accept_invitation": TOKEN,
    "account:change_member": "parties.Membership",
    "account:end_membership": "parties.Membership",
    "account:revoke_invitation": "parties.Invitation",
    "seller:contract": "contracts.Contract",
    "seller:record_change": "contracts.Contract",
    "seller:terminate_contract": "contracts.Contract",
    "seller:termination": "contracts.Termination",
    "seller:propose_settlement": "contracts.Termination",
    "seller:sign_settlement": "milestones.Settlement",
    "seller:settlement_pdf": "milestones.Settlement",
    "seller:retry_settlement_pdf": "milestones.Settlement",
    "seller:propose_change": "contracts.Contract",
    "seller:price_change": "contracts.ChangeOrder",
    "seller:change_order": "contracts.ChangeOrder",
    "seller:sign_change": "contracts.ChangeOrder",
    "seller:decline_change": "contracts.ChangeOrder",
    "seller:withdraw_change": "contracts.ChangeOrder",
    "seller:change_draft": "contracts.Contract",
    "seller:propose_contract": "contracts.Contract",
    "seller:counterparty_address": "contracts.Contract",
    "seller:withdraw_contract": "contracts.Contract",
    "seller:claim_late_payment": "contracts.Contract",
    "seller:milestone_charges": "milestones.Milestone",
    "seller:comment_milestone": "milestones.Milestone",
    "seller:release_retention": "contracts.Contract",
    "seller:application": "invoicing.Application",
    "seller:application_pdf": "invoicing.Application",
    "seller:application_xlsx": "invoicing.Application",
    "seller:contract_progress": "contracts.Contract",
    "seller:progress_csv": "contracts.Contract",
    "seller:progress_xlsx": "contracts.Contract",
    "seller:import_plan": "contracts.Contract",
    "seller:check_plan": "contracts.Contract",
    "seller:contract_differences": "contracts.Contract",
    "seller:compare_plans": "contracts.Contract",
    "seller:plan_options": "contracts.Contract",
    "seller:plan_option": "contracts.Contract",
    "seller:sign_contract": "contracts.ContractVersion",
    "seller:request_contract_changes": "contracts.ContractVersion",
    "seller:answer_proposal": "contracts.ContractVersion",
    "seller:comment_contract": "contracts.ContractVersion",
    "seller:save_template": "contracts.Contract",
    "seller:plan_csv": "contracts.ContractVersion",
    "seller:plan_xlsx": "contracts.ContractVersion",
    "seller:contract_pdf": "contracts.ContractVersion",
    "seller:retry_contract_document": "contracts.ContractVersion",
    "seller:rename_template": "contracts.ContractTemplate",
    "seller:delete_template": "contracts.ContractTemplate",
    "seller:milestone": "milestones.Milestone",
    "seller:prepare_submission": "milestones.Milestone",
    "seller:submit_milestone": "milestones.Milestone",
    "seller:attach_evidence": "milestones.Milestone",
    "seller:certificate": "milestones.Milestone",
    "seller:retry_certificate": "milestones.Milestone",
    "seller:event_certificate": "milestones.ConfirmedEvent",
    "seller:retry_event_certificate": "milestones.ConfirmedEvent",
    "seller:request_milestone_pack": "milestones.Milestone",
    "seller:request_pack": "contracts.Contract",
    "seller:pack": "workflows.EvidencePack",
    "seller:pack_file": "workflows.EvidencePack",
    "seller:withdraw_submission": "milestones.Submission",
    "seller:answer_question": "milestones.Question",
    "seller:evidence": "milestones.EvidenceFile",
    "seller:remove_evidence": "milestones.EvidenceFile",
    "seller:account_statement": "parties.Organisation",
    "seller:send_account_statement": "parties.Organisation",
    "seller:account_letter": "invoicing.AccountLetter",
    "seller:send_account_letter_again": "invoicing.AccountLetter",
    "seller:account_csv": "parties.Organisation",
    "seller:account_xlsx": "parties.Organisation",
    "seller:renew_link": "contracts.GuestGrant",
    "seller:invoice": "invoicing.Invoice",
    "seller:invoice_pdf": "invoicing.Invoice",
    "seller:invoice_xml": "invoicing.Invoice",
    "seller:invoice_peppol": "invoicing.Invoice",
    "seller:invoice_xrechnung": "invoicing.Invoice",
    "seller:invoice_document": "invoicing.Invoice",
    "seller:retry_document": "invoicing.Invoice",
    "seller:resend_invoice": "invoicing.Invoice",
    "seller:remind_buyer": "invoicing.Invoice",
    "seller:pause_reminders": "invoicing.Invoice",
    "seller:renew_invoice_link": "invoicing.Invoice",
    "seller:revoke_invoice_link": "invoicing.Invoice",
    "seller:answer_about_invoice": "invoicing.InvoiceQuestion",
    "seller:record_payment": "invoicing.Invoice",
    "seller:reverse_payment": "invoicing.Payment",
    "seller:credit_invoice": "invoicing.Invoice",
    "seller:reissue_invoice": "invoicing.Invoice",
    "seller:credit_note": "invoicing.CreditNote",
    "seller:credit_note_pdf": "invoicing.CreditNote",
    "seller:credit_note_xml": "invoicing.CreditNote",
    "seller:credit_note_peppol": "invoicing.CreditNote",
    "seller:credit_note_xrechnung": "invoicing.CreditNote",
    "seller:retry_credit_document": "invoicing.CreditNote",
    "seller:correct_invoice": "invoicing.Invoice",
    "seller:corrected_invoice": "invoicing.CorrectedInvoice",
    "seller:corrected_pdf": "invoicing.CorrectedInvoice",
    "seller:resend_corrected_invoice": "invoicing.CorrectedInvoice",
    "seller:resend_credit_note": "invoicing.CreditNote",
    "seller:corrected_xml": "invoicing.CorrectedInvoice",
    "seller:corrected_peppol": "invoicing.CorrectedInvoice",
    "seller:corrected_xrechnung": "invoicing.CorrectedInvoice",
    "seller:retry_corrected_document": "invoicing.CorrectedInvoice",
    "seller:dispute_submission": "milestones.Submission",
    "seller:dispute_invoice": "invoicing.Invoice",
    "seller:dispute": "milestones.Dispute",
    "seller:reservation": "milestones.Reservation",
    "seller:reservation_file": "milestones.ReservationFile",
    "seller:dispute_file": "milestones.DisputeFile",
    "seller:payment_document": "invoicing.PaymentDocument",
    "seller:hand_in_document": "invoicing.PaymentDocument",
    "seller:ask_nullification": "milestones.Milestone",
    "seller:answer_nullification": "milestones.Nullification",
    "seller:allocate_payment": "invoicing.Payment",
    "seller:ask_refund": "invoicing.Payment",
    "seller:refund": "invoicing.Refund",
    "seller:statement": "invoicing.StatementFile",
    "seller:transaction": "invoicing.BankTransaction",
    "seller:undo_transaction": "invoicing.BankTransaction",
    "seller:journal_export": "ledger.JournalExport",
    "seller:journal_export_file": "ledger.JournalExport",
    "seller:retry_export": "ledger.JournalExport",
    "seller:contract_revenue": "contracts.Contract",
    "seller:judge_revenue": "contracts.Contract",
    "seller:request_funding": "contracts.Contract",
    "seller:withdraw_request": "financing.FundingRequest",
    "seller:offer": "financing.Offer",
    "seller:accept_offer": "financing.Offer",
    "seller:decline_offer": "financing.Offer",
    "seller:tranche": "financing.Tranche",
    "seller:cancel_tranche": "financing.Tranche",
    "buyer:contract": "contracts.Contract",
    "buyer:record_change": "contracts.Contract",
    "buyer:terminate_contract": "contracts.Contract",
    "buyer:termination": "contracts.Termination",
    "buyer:propose_settlement": "contracts.Termination",
    "buyer:sign_settlement": "milestones.Settlement",
    "buyer:settlement_pdf": "milestones.Settlement",
    "buyer:retry_settlement_pdf": "milestones.Settlement",
    "buyer:propose_change": "contracts.Contract",
    "buyer:price_change": "contracts.ChangeOrder",
    "buyer:change_order": "contracts.ChangeOrder",
    "buyer:sign_change": "contracts.ChangeOrder",
    "buyer:decline_change": "contracts.ChangeOrder",
    "buyer:withdraw_change": "contracts.ChangeOrder",
    "buyer:set_order_number": "contracts.Contract",
    "buyer:sign_contract": "contracts.ContractVersion",
    "buyer:request_contract_changes": "contracts.ContractVersion",
    "buyer:import_plan": "contracts.Contract",
    "buyer:check_plan": "contracts.Contract",
    "buyer:contract_differences": "contracts.Contract",
    "buyer:compare_plans": "contracts.Contract",
    "buyer:plan_options": "contracts.Contract",
    "buyer:plan_option": "contracts.Contract",
    "buyer:change_draft": "contracts.Contract",
    "buyer:confirm_event": "contracts.Contract",
    "buyer:milestone_charges": "milestones.Milestone",
    "buyer:comment_milestone": "milestones.Milestone",
    "buyer:release_retention": "contracts.Contract",
    "buyer:application": "invoicing.Application",
    "buyer:application_pdf": "invoicing.Application",
    "buyer:application_xlsx": "invoicing.Application",
    "buyer:contract_progress": "contracts.Contract",
    "buyer:progress_csv": "contracts.Contract",
    "buyer:progress_xlsx": "contracts.Contract",
    "buyer:propose_contract": "contracts.Contract",
    "buyer:withdraw_contract": "contracts.Contract",
    "buyer:answer_proposal": "contracts.ContractVersion",
    "buyer:comment_contract": "contracts.ContractVersion",
    "buyer:save_template": "contracts.Contract",
    "buyer:rename_template": "contracts.ContractTemplate",
    "buyer:delete_template": "contracts.ContractTemplate",
    "buyer:plan_csv": "contracts.ContractVersion",
    "buyer:plan_xlsx": "contracts.ContractVersion",
    "buyer:contract_pdf": "contracts.ContractVersion",
    "buyer:retry_contract_document": "contracts.ContractVersion",
    "buyer:milestone": "milestones.Milestone",
    "buyer:certificate": "milestones.Milestone",
    "buyer:retry_certificate": "milestones.Milestone",
    "buyer:event_certificate": "milestones.ConfirmedEvent",
    "buyer:retry_event_certificate": "milestones.ConfirmedEvent",
    "buyer:request_milestone_pack": "milestones.Milestone",
    "buyer:request_pack": "contracts.Contract",
    "buyer:pack": "workflows.EvidencePack",
    "buyer:pack_file": "workflows.EvidencePack",
    "buyer:accept_milestone": "milestones.Submission",
    "buyer:accept_part": "milestones.Submission",
    "buyer:accept_with_reservations": "milestones.Submission",
    "buyer:reservation": "milestones.Reservation",
    "buyer:request_changes": "milestones.Submission",
    "buyer:ask_question": "milestones.Submission",
    "buyer:pass_milestone": "milestones.Submission",
    "buyer:inspect_milestone": "milestones.Submission",
    "buyer:evidence": "milestones.EvidenceFile",
    "buyer:account_statement": "parties.Organisation",
    "buyer:send_account_statement": "parties.Organisation",
    "buyer:account_letter": "invoicing.AccountLetter",
    "buyer:send_account_letter_again": "invoicing.AccountLetter",
    "buyer:account_csv": "parties.Organisation",
    "buyer:account_xlsx": "parties.Organisation",
    "buyer:invoice": "invoicing.Invoice",
    "buyer:ask_about_invoice": "invoicing.Invoice",
    "buyer:invoice_pdf": "invoicing.Invoice",
    "buyer:invoice_xml": "invoicing.Invoice",
    "buyer:invoice_peppol": "invoicing.Invoice",
    "buyer:invoice_xrechnung": "invoicing.Invoice",
    "buyer:invoice_document": "invoicing.Invoice",
    "buyer:credit_note": "invoicing.CreditNote",
    "buyer:credit_note_pdf": "invoicing.CreditNote",
    "buyer:credit_note_xml": "invoicing.CreditNote",
    "buyer:credit_note_peppol": "invoicing.CreditNote",
    "buyer:credit_note_xrechnung": "invoicing.CreditNote",
    "buyer:corrected_invoice": "invoicing.CorrectedInvoice",
    "buyer:corrected_pdf": "invoicing.CorrectedInvoice",
    "buyer:corrected_xml": "invoicing.CorrectedInvoice",
    "buyer:corrected_peppol": "invoicing.CorrectedInvoice",
    "buyer:corrected_xrechnung": "invoicing.CorrectedInvoice",
    "buyer:dispute_submission": "milestones.Submission",
    "buyer:dispute_invoice": "invoicing.Invoice",
    "buyer:dispute": "milestones.Dispute",
    "buyer:reservation_file": "milestones.ReservationFile",
    "buyer:dispute_file": "milestones.DisputeFile",
    "buyer:payment_document": "invoicing.PaymentDocument",
    "buyer:confirm_document": "invoicing.PaymentDocument",
    "buyer:return_document": "invoicing.PaymentDocument",
    "buyer:ask_nullification": "milestones.Milestone",
    "buyer:answer_nullification": "milestones.Nullification",
    "buyer:acknowledge_assignment": "financing.Assignment",
    "buyer:assignment_proof": "financing.Assignment",
    "buyer:ask_assignment_proof": "financing.Assignment",
    "admin:certificate": "milestones.Certificate",
    "admin:contract_pdf": "contracts.ContractDocument",
    "admin:evidence": "milestones.EvidenceFile",
    "admin:invoice_pdf": "invoicing.Invoice",
    "admin:invoice_xml": "invoicing.Invoice",
    "link:open": TOKEN,
    "link:sign": TOKEN,
    "link:request_contract_changes": TOKEN,
    "link:comment_contract": TOKEN,
    "link:contract_differences": TOKEN,
    "link:compare_plans": TOKEN,
    "link:plan_csv": TOKEN,
    "link:plan_xlsx": TOKEN,
    "link:contract_pdf": TOKEN,
    "link:accept": TOKEN,
    "link:accept_part": TOKEN,
    "link:accept_with_reservations": TOKEN,
    "link:request_changes": TOKEN,
    "link:ask_question": TOKEN,
    "link:comment_milestone": TOKEN,
    "link:pass_on": TOKEN,
    "link:dispute": TOKEN,
    "link:reservation_file": "milestones.ReservationFile",
    "link:dispute_file": "milestones.DisputeFile",
    "link:confirm_event": TOKEN,
    "link:reservation": "milestones.Reservation",
    "link:application": TOKEN,
    "link:application_pdf": TOKEN,
    "link:application_xlsx": TOKEN,
    "link:propose_settlement": TOKEN,
    "link:sign_settlement": TOKEN,
    "link:settlement_pdf": TOKEN,
    "link:prove": TOKEN,
    "link:evidence": "milestones.EvidenceFile",
    "link:invoice_pdf": TOKEN,
    "link:invoice_xml": TOKEN,
    "link:invoice_peppol": TOKEN,
    "link:invoice_xrechnung": TOKEN,
    "link:invoice_document": TOKEN,
    "link:open_portal": TOKEN,
    "link:certificate": TOKEN,
    "link:pack": TOKEN,
    "link:pack_file": TOKEN,
    "link:assignment_proof": TOKEN,
    "link:ask_assignment_proof": TOKEN,
    "link:viewed": TOKEN,
    "link:renew": TOKEN,
    "hosted:open": TOKEN,
    "hosted:ask_about_invoice": TOKEN,
    "hosted:ask_to_dispute": TOKEN,
    "hosted:invoice_pdf": TOKEN,
    "hosted:invoice_xml": TOKEN,
    "hosted:invoice_peppol": TOKEN,
    "hosted:invoice_xrechnung": TOKEN,
    "hosted:invoice_document": TOKEN,
    "hosted:viewed": TOKEN,
    "hosted:credit_note_pdf": "invoicing.CreditNote",
    "hosted:credit_note_peppol": "invoicing.CreditNote",
    "hosted:credit_note_xrechnung": "invoicing.CreditNote",
    "hosted:corrected_pdf": "invoicing.CorrectedInvoice",
}
"""Whose object stands in the parameter of an address, by its model. The financiers' windows say it themselves."""


@dataclass(frozen=True)
class Address:
    """One URL pattern with its full name, such as ``seller:contract``, and the names of its parameters."""

    name: str
    route: str
    parameters: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def model(self) -> str:
        """The label of the model of its object, or :data:`TOKEN`; empty when nobody said it."""
        return OF.get(self.name) or _windows().get(self.name, "")

    @property
    def side(self) -> str:
        """Whose portal it belongs to: ``seller``, ``buyer``, ``financier``, ``guest``; empty for everybody's."""
        sides = {"seller": "seller", "buyer": "buyer", "admin": "financier", "link": "guest", "hosted": "guest"}
        return sides.get(self.name.partition(":")[0], "")

    @property
    def is_link(self) -> bool:
        """Whether it stands below a personal link, or the link of an invoice."""
        return self.name.startswith(("link:", "hosted:"))

    def path(self, key: str = "", *, token: str = UNKNOWN_TOKEN) -> str:
        """The URL, with the key of an object in its last parameter; ``token`` is the link in the hand of a guest."""
        values: dict[str, str] = dict.fromkeys(self.parameters, key)
        if self.is_link and self.model != TOKEN:
            values["token"] = token
        return reverse(self.name, kwargs=values)


def addresses(patterns: Iterable[URLPattern | URLResolver] | None = None) -> list[Address]:
    """All of them, in the order in which the URLconf knows them."""
    found = get_resolver().url_patterns if patterns is None else patterns
    return list(_walk(found, names=(), route="", parameters=()))


def nameless(found: Iterable[Address]) -> list[str]:
    """Routes that nobody can reverse, and so nobody can try."""
    return [address.route for address in found if not address.name]


def unregistered(found: Iterable[Address]) -> list[str]:
    """Addresses with a parameter of which nobody said what stands in it."""
    return [address.name for address in found if address.parameters and not address.model]


def unknown_entries(found: Iterable[Address]) -> set[str]:
    """Entries for addresses that do not exist any more."""
    return set(OF) - {address.name for address in found}


def strange(address: Address, tenant: Tenant, *, to: Tenant) -> list[str]:
    """The keys of a tenant's objects that are none of the other's: both have an account ``EUR-1000`` of their own."""
    own = set(keys_of(address, to))
    return [key for key in keys_of(address, tenant) if key not in own]


def keys_of(address: Address, tenant: Tenant) -> list[str]:
    """What of the tenant can stand in the parameter: one object in every state."""
    if address.model == TOKEN:
        # Who holds the right token may enter; these are those of another door, and the right one with a slip.
        doors = {"link": ("sign_off", "invitation"), "hosted": ("invoice", "sign_off")}
        live, other = doors.get(address.name.partition(":")[0], ("invitation", "sign_off"))
        right = tenant.tokens[live]
        return [tenant.tokens[other], right.swapcase(), right[:-1], f"{right}A"]
    samples = tenant.samples[address.model]
    if address.model == "contracts.ContractTemplate":
        # An organisation has its templates at the desk of either side: here are those of the side whose desk it is.
        owner = getattr(tenant.parties, address.side)
        samples = [row for row in samples if getattr(row, "organisation_id") == owner.pk]  # noqa: B009
    window = next((one for one in admin.site._registry.values() if one.model._meta.label == address.model), None)
    if window is not None and address.name.endswith("_change"):
        return [window.key_of(row) for row in samples]  # type: ignore[attr-defined]
    return [str(getattr(row, "ref")) for row in samples]  # noqa: B009  not every model has one


def _walk(
    patterns: Iterable[URLPattern | URLResolver], *, names: tuple[str, ...], route: str, parameters: tuple[str, ...]
) -> Iterator[Address]:
    for entry in patterns:
        here = (*parameters, *_parameters(entry))
        if isinstance(entry, URLResolver):
            inside = (*names, entry.namespace) if entry.namespace else names
            yield from _walk(entry.url_patterns, names=inside, route=route + str(entry.pattern), parameters=here)
        else:
            name = ":".join((*names, entry.name)) if entry.name else ""
            yield Address(name, route + str(entry.pattern), here, entry.callback)


def _parameters(entry: URLPattern | URLResolver) -> tuple[str, ...]:
    """Named converters, and the groups of a pattern that is a regular expression."""
    regex = entry.pattern.regex
    return (*regex.groupindex, *(["unnamed"] if regex.groups > len(regex.groupindex) else []))


@cache
def _windows() -> dict[str, str]:
    """The financiers' windows: the page of a row, its actions, and what else stands below a row."""
    found: dict[str, str] = {}
    for model, window in admin.site._registry.items():
        for address in _walk(window.get_urls(), names=("admin",), route="", parameters=()):
            if address.parameters:
                found[address.name] = model._meta.label
    return found
