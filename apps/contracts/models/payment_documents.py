"""The column in which a version keeps which documents come before payment, and what the database checks of it."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.rules.payment_documents import read_payment_documents
from apps.core.database import guards


class PaymentDocumentTerms(models.Model):
    """What a version wants to be handed in before an invoice is due; None where it wants nothing."""

    payment_documents = models.JSONField(_("documents before payment"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def document_terms(self) -> PaymentDocuments | None:
        """The same as a plain value."""
        return read_payment_documents(self.payment_documents)


OF_PAYMENT_DOCUMENTS: Final = guards.refused_when(
    "documents_before_payment_are_named",
    guards.INSERT_OR_UPDATE,
    "NEW.payment_documents IS NOT NULL AND NOT coalesce(jsonb_array_length(NEW.payment_documents -> 'each')"
    " + jsonb_array_length(NEW.payment_documents -> 'once') BETWEEN 1 AND 20"
    " AND NEW.payment_documents ->> 'days' IN ('begin', 'run'), false)",
)
