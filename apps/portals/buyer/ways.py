"""The two ways to the same pages: a member walks through the portal, a guest through a personal link.

What is signed, signed off or sent back is the same for both; only the addresses differ.
"""

from dataclasses import dataclass
from typing import Protocol

from django.urls import reverse

from apps.contracts.models import ContractVersion
from apps.financing.models import Assignment
from apps.invoicing.einvoice.profiles import Profile
from apps.invoicing.models import Invoice
from apps.milestones.models import EvidenceFile, Submission


class Way(Protocol):
    """The addresses that a shared page needs."""

    def version(self, version: ContractVersion) -> str:
        """Where the version is read, and where its reader lands after deciding."""

    def sign_contract(self, version: ContractVersion) -> str: ...

    def compare_plans(self, version: ContractVersion) -> str:
        """Where the plans are compared, and one of them is picked."""

    def request_contract_changes(self, version: ContractVersion) -> str: ...

    def comment_contract(self, version: ContractVersion) -> str: ...

    def contract_differences(self, version: ContractVersion) -> str:
        """Where any two versions of the contract are compared."""

    def plan_csv(self, version: ContractVersion) -> str: ...

    def plan_xlsx(self, version: ContractVersion) -> str: ...

    def contract_pdf(self, version: ContractVersion) -> str: ...

    def retry_contract_document(self, version: ContractVersion) -> str:
        """Where the PDF is asked for again; nowhere for a guest."""

    def submission(self, submission: Submission) -> str:
        """Where the submission is read, and where its reader lands after deciding."""

    def accept_milestone(self, submission: Submission) -> str: ...

    def accept_part(self, submission: Submission) -> str: ...

    def accept_with_reservations(self, submission: Submission) -> str: ...

    def request_changes(self, submission: Submission) -> str: ...

    def ask_question(self, submission: Submission) -> str: ...

    def dispute(self, submission: Submission) -> str: ...

    def inspect_milestone(self, submission: Submission) -> str:
        """Where it is inspected; nowhere for a guest."""

    def evidence(self, file: EvidenceFile) -> str: ...

    def invoice_pdf(self, invoice: Invoice) -> str: ...

    def invoice_xml(self, invoice: Invoice) -> str: ...

    def invoice_export(self, invoice: Invoice, form: Profile) -> str:
        """Where the invoice is had in a form of UBL."""

    def invoice_document(self, invoice: Invoice) -> str:
        """The piece of page that says whether the PDF is there."""

    def assignment_proof(self, assignment: Assignment) -> str:
        """Where the proof of an assignment is had as a file."""

    def ask_assignment_proof(self, assignment: Assignment) -> str: ...

    def receivable(self, assignment: Assignment) -> str:
        """Where the account to pay into stands once a notice of assignment is confirmed."""


@dataclass(frozen=True, slots=True)
class MemberWay:
    """Through the portal, signed in."""

    def version(self, version: ContractVersion) -> str:
        return reverse("buyer:contract", args=[version.contract.ref])

    def sign_contract(self, version: ContractVersion) -> str:
        return reverse("buyer:sign_contract", args=[version.ref])

    def compare_plans(self, version: ContractVersion) -> str:
        return reverse("buyer:compare_plans", args=[version.contract.ref])

    def request_contract_changes(self, version: ContractVersion) -> str:
        return reverse("buyer:request_contract_changes", args=[version.ref])

    def comment_contract(self, version: ContractVersion) -> str:
        return reverse("buyer:comment_contract", args=[version.ref])

    def contract_differences(self, version: ContractVersion) -> str:
        return reverse("buyer:contract_differences", args=[version.contract.ref])

    def plan_csv(self, version: ContractVersion) -> str:
        return reverse("buyer:plan_csv", args=[version.ref])

    def plan_xlsx(self, version: ContractVersion) -> str:
        return reverse("buyer:plan_xlsx", args=[version.ref])

    def contract_pdf(self, version: ContractVersion) -> str:
        return reverse("buyer:contract_pdf", args=[version.ref])

    def retry_contract_document(self, version: ContractVersion) -> str:
        return reverse("buyer:retry_contract_document", args=[version.ref])

    def submission(self, submission: Submission) -> str:
        return reverse("buyer:milestone", args=[submission.milestone.ref])

    def accept_milestone(self, submission: Submission) -> str:
        return reverse("buyer:accept_milestone", args=[submission.ref])

    def accept_part(self, submission: Submission) -> str:
        return reverse("buyer:accept_part", args=[submission.ref])

    def accept_with_reservations(self, submission: Submission) -> str:
        return reverse("buyer:accept_with_reservations", args=[submission.ref])

    def request_changes(self, submission: Submission) -> str:
        return reverse("buyer:request_changes", args=[submission.ref])

    def ask_question(self, submission: Submission) -> str:
        return reverse("buyer:ask_question", args=[submission.ref])

    def dispute(self, submission: Submission) -> str:
        return reverse("buyer:dispute_submission", args=[submission.ref])

    def inspect_milestone(self, submission: Submission) -> str:
        return reverse("buyer:inspect_milestone", args=[submission.ref])

    def evidence(self, file: EvidenceFile) -> str:
        return reverse("buyer:evidence", args=[file.ref])

    def invoice_pdf(self, invoice: Invoice) -> str:
        return reverse("buyer:invoice_pdf", args=[invoice.ref])

    def invoice_xml(self, invoice: Invoice) -> str:
        return reverse("buyer:invoice_xml", args=[invoice.ref])

    def invoice_export(self, invoice: Invoice, form: Profile) -> str:
        return reverse(f"buyer:invoice_{form.key}", args=[invoice.ref])

    def invoice_document(self, invoice: Invoice) -> str:
        return reverse("buyer:invoice_document", args=[invoice.ref])

    def assignment_proof(self, assignment: Assignment) -> str:
        return reverse("buyer:assignment_proof", args=[assignment.ref])

    def ask_assignment_proof(self, assignment: Assignment) -> str:
        return reverse("buyer:ask_assignment_proof", args=[assignment.ref])

    def receivable(self, assignment: Assignment) -> str:
        if assignment.invoice is None:
            return reverse("buyer:milestone", args=[assignment.milestone.ref])
        return reverse("buyer:invoice", args=[assignment.invoice.ref])


@dataclass(frozen=True, slots=True)
class LinkWay:
    """Through a personal link: every address stays below the token, and leads to the link's own subject only."""

    token: str

    def version(self, version: ContractVersion) -> str:
        return self._below("open")

    def sign_contract(self, version: ContractVersion) -> str:
        return self._below("sign")

    def compare_plans(self, version: ContractVersion) -> str:
        return self._below("compare_plans")

    def request_contract_changes(self, version: ContractVersion) -> str:
        return self._below("request_contract_changes")

    def comment_contract(self, version: ContractVersion) -> str:
        return self._below("comment_contract")

    def contract_differences(self, version: ContractVersion) -> str:
        return self._below("contract_differences")

    def plan_csv(self, version: ContractVersion) -> str:
        return self._below("plan_csv")

    def plan_xlsx(self, version: ContractVersion) -> str:
        return self._below("plan_xlsx")

    def contract_pdf(self, version: ContractVersion) -> str:
        return self._below("contract_pdf")

    def retry_contract_document(self, version: ContractVersion) -> str:
        return ""

    def submission(self, submission: Submission) -> str:
        return self._below("open")

    def accept_milestone(self, submission: Submission) -> str:
        return self._below("accept")

    def accept_part(self, submission: Submission) -> str:
        return self._below("accept_part")

    def accept_with_reservations(self, submission: Submission) -> str:
        return self._below("accept_with_reservations")

    def request_changes(self, submission: Submission) -> str:
        return self._below("request_changes")

    def ask_question(self, submission: Submission) -> str:
        return self._below("ask_question")

    def dispute(self, submission: Submission) -> str:
        return self._below("dispute")

    def inspect_milestone(self, submission: Submission) -> str:
        return ""

    def evidence(self, file: EvidenceFile) -> str:
        return self._below("evidence", ref=file.ref)

    def invoice_pdf(self, invoice: Invoice) -> str:
        return self._below("invoice_pdf")

    def invoice_xml(self, invoice: Invoice) -> str:
        return self._below("invoice_xml")

    def invoice_export(self, invoice: Invoice, form: Profile) -> str:
        return self._below(f"invoice_{form.key}")

    def invoice_document(self, invoice: Invoice) -> str:
        return self._below("invoice_document")

    def assignment_proof(self, assignment: Assignment) -> str:
        return self._below("assignment_proof")

    def ask_assignment_proof(self, assignment: Assignment) -> str:
        return self._below("ask_assignment_proof")

    def receivable(self, assignment: Assignment) -> str:
        return self._below("open")

    def _below(self, name: str, **parts: str) -> str:
        return reverse(f"link:{name}", kwargs={"token": self.token, **parts})
