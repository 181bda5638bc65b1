from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class InvoiceLinkQuerySet(models.QuerySet["InvoiceLink"]):
    def visible_to(self, actor: Actor) -> "InvoiceLinkQuerySet":
        """The two sides alone: whoever else may read the invoice has a page of their own."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "InvoiceLinkQuerySet":
        return self.filter(revoked_at__isnull=True)


class InvoiceLink(models.Model):
    """The address of an invoice's hosted page: whoever has it reads the invoice, how to pay it, and may ask about it.

    Only the SHA-256 of the token is kept (256 random bits). It decides nothing and so is not used up: it shows the
    invoice until the seller revokes it, also once it is paid. An invoice has one at a time.

    ``views`` counts how often a browser opened it, which says neither who did nor that anybody read it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="links")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    first_viewed_at = models.DateTimeField(null=True, blank=True)
    last_viewed_at = models.DateTimeField(null=True, blank=True)
    views = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_name = models.CharField(max_length=160, blank=True)

    objects = InvoiceLinkQuerySet.as_manager()
    wall = by_contract().or_when(f"token_sha256 = {walls.TOKEN}").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "invoice", condition=Q(revoked_at__isnull=True), name="one_live_link_to_an_invoice"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by_name="")
                | (Q(revoked_at__isnull=False) & ~Q(revoked_by_name="")),
                name="invoice_link_revoked_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(views=0, first_viewed_at__isnull=True, last_viewed_at__isnull=True)
                | Q(views__gt=0, first_viewed_at__isnull=False, last_viewed_at__isnull=False),
                name="invoice_link_views_have_times",
            ),
        ]
        indexes = [models.Index("invoice", "id", name="link_of_invoice")]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="only_views_and_its_end_are_added",
                allow=("first_viewed_at", "last_viewed_at", "views", "revoked_at", "revoked_by_name"),
            ),
            guards.frozen_when("OLD.revoked_at IS NOT NULL", name="revoked_once"),
            guards.refused_when(
                "link_is_of_its_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id AND i.contract_id = NEW.contract_id AND i.buyer_id = NEW.buyer_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} behind {self.token_sha256[:8]}"
