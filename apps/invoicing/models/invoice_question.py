from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.invoice_link import InvoiceLink
from apps.parties.actor import Actor
from apps.parties.models import User


class InvoiceQuestionQuerySet(models.QuerySet["InvoiceQuestion"]):
    def visible_to(self, actor: Actor) -> "InvoiceQuestionQuerySet":
        """What the two sides ask and answer, for these two alone."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))

    def waiting(self) -> "InvoiceQuestionQuerySet":
        return self.filter(answered_at__isnull=True)


def _is_of_another(side: str, person: str) -> str:
    """Whether the person who is written down never belonged to this side of the contract."""
    return (
        f"NEW.{person} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parties_membership m"
        f" JOIN contracts_contract c ON c.{side}_id = m.organisation_id"
        f" WHERE c.id = NEW.contract_id AND m.user_id = NEW.{person})"
    )


class InvoiceQuestion(models.Model):
    """What somebody of the buyer asks about an invoice, and what the seller answers; each written once.

    By the hosted page there is no account: then ``link`` says by which one, and ``name`` is what was typed there and
    proves nothing. The answer goes to the buyer's own mailboxes, whoever asked.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="questions", db_index=False)
    number = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.ForeignKey(InvoiceLink, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    asked_at = models.DateTimeField()
    text = models.TextField(_("question"), max_length=4_000)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answered_name = models.CharField(max_length=160, blank=True)
    answer = models.TextField(_("answer"), max_length=4_000, blank=True)

    objects = InvoiceQuestionQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("invoice", "number", name="questions_about_an_invoice_are_numbered"),
            models.CheckConstraint(condition=~Q(text="") & ~Q(name=""), name="somebody_asks_something"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, link__isnull=True) | Q(user__isnull=True, link__isnull=False),
                name="asked_by_a_person_or_a_link",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answered_name="", answer="")
                | (Q(answered_at__gte=F("asked_at"), answered_by__isnull=False) & ~Q(answer="")),
                name="an_answer_about_an_invoice_is_whole",
            ),
        ]
        indexes = [
            models.Index("contract", condition=Q(answered_at__isnull=True), name="invoice_question_waiting"),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_was_asked_stands",
                allow=("answered_at", "answered_by_id", "answered_name", "answer"),
            ),
            guards.frozen_when("OLD.answered_at IS NOT NULL", name="answered_once"),
            guards.refused_when(
                "asked_in_the_contract_of_the_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id AND i.contract_id = NEW.contract_id)",
            ),
            guards.refused_when(
                "asked_by_the_live_link_of_the_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoicelink l WHERE l.id = NEW.link_id"
                " AND l.invoice_id = NEW.invoice_id AND l.revoked_at IS NULL)",
                only="NEW.link_id IS NOT NULL",
            ),
            guards.refused_when("asked_by_a_person_of_the_buyer", guards.INSERT, _is_of_another("buyer", "user_id")),
            guards.refused_when(
                "answered_by_a_person_of_the_seller", guards.UPDATE, _is_of_another("seller", "answered_by_id")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} ?{self.number}"
