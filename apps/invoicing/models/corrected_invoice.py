"""A document that stands in place of an issued invoice, of which it changes words and no money."""

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.made import Made
from apps.invoicing.einvoice.obstacles import Obstacle
from apps.invoicing.models.invoice import CORRECTIONS, Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User

MAKING: Final = ("state", "requested_at", "made_at", "stored_as", "size", "sha256", "failure")
XML: Final = ("xml_stored_as", "xml_size", "xml_sha256", "xml_obstacle")
SAME: Final = (
    "kind",
    "contract_number",
    "currency",
    "due_date",
    "totals",
    "taxes",
    "payee",
    "credit_transfer",
    "seller,name",
    "seller,vat_identifier",
    "retained,withheld",
    "retained,due",
    "reserved,withheld",
)
"""Paths in a snapshot to what is money, or says by whom, when and to whom it is asked for. What a snapshot from before
something was known does not name is nothing there."""
_SAME: Final = " OR ".join(f"(n.said #> '{{{path}}}') IS DISTINCT FROM (i.said #> '{{{path}}}')" for path in SAME)


def _figures(of: str) -> str:
    """The lines of a snapshot as one value, without their words; a price is that of one unit where nothing is said."""
    return (
        "(SELECT array_agg('{\"base_quantity\": \"1\"}'::jsonb || (l - 'name' - 'description') ORDER BY place)"
        f" FROM jsonb_array_elements({of} -> 'lines') WITH ORDINALITY x (l, place))"
    )


class CorrectedInvoiceQuerySet(models.QuerySet["CorrectedInvoice"]):
    def visible_to(self, actor: Actor) -> "CorrectedInvoiceQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def of_seller(self, actor: Actor) -> "CorrectedInvoiceQuerySet":
        """What the actor's organisation issued."""
        return self.visible_to(actor).filter(seller_id=actor.organisation_id)

    def of_buyer(self, actor: Actor) -> "CorrectedInvoiceQuerySet":
        """What was issued to the actor's organisation."""
        return self.visible_to(actor).filter(buyer_id=actor.organisation_id)


class CorrectedInvoice(Made):
    """A corrected invoice (EN 16931, type 384): the ``invoice`` once more, with what was wrong on it put right.

    It changes words: an address, a reference, a description. What is owed, since when and to whom stays on the invoice,
    so it is posted nowhere, and its amounts are the invoice's. ``place`` counts the corrections of one invoice from 1;
    each names the document that stood before it, and the last one stands. Numbered and chained in a series of its own.
    """

    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+", db_index=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="corrections", db_index=False)
    place = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=400)
    number = models.CharField(_("number"), max_length=16)
    series_prefix = models.CharField(max_length=6)
    series_year = models.PositiveSmallIntegerField()
    series_position = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=3)
    tax = models.DecimalField(_("tax"), max_digits=18, decimal_places=3)
    gross = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    issued_at = models.DateTimeField()
    issued_on = models.DateField(_("date"))
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    issued_by_name = models.CharField(max_length=160)
    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)
    chain_sha256 = models.CharField(max_length=64)
    xml_stored_as = models.CharField(max_length=120, blank=True)
    xml_size = models.PositiveBigIntegerField(default=0)
    xml_sha256 = models.CharField(max_length=64, blank=True)
    xml_obstacle = models.CharField(max_length=20, choices=Obstacle.choices, blank=True)

    objects = CorrectedInvoiceQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta(Made.Meta):
        constraints = [
            *Made.Meta.constraints,
            models.UniqueConstraint("seller", "number", name="corrected_invoice_number_unique_per_seller"),
            models.UniqueConstraint(
                "seller",
                "series_prefix",
                "series_year",
                "series_position",
                name="corrected_invoice_position_unique_in_series",
            ),
            models.UniqueConstraint("invoice", "place", name="corrections_of_an_invoice_are_counted"),
            models.CheckConstraint(condition=Q(series_prefix=CORRECTIONS), name="corrections_have_their_own_series"),
            models.CheckConstraint(condition=~Q(reason=""), name="corrected_invoice_has_a_reason"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="corrected_gross_is_net_and_tax"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[A-Z0-9/-]{1,16}$"), name="corrected_number_can_be_sent_and_typed"
            ),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | (Q(xml_obstacle="", xml_size__gt=0) & ~Q(xml_sha256="") & ~Q(xml_stored_as=""))
                | (~Q(xml_obstacle="") & Q(xml_size=0, xml_sha256="", xml_stored_as="")),
                name="ready_correction_has_its_xml_or_an_obstacle",
            ),
        ]
        indexes = [
            models.Index(fields=["contract"], name="corrected_of_contract"),
            models.Index("id", condition=Q(state="failed"), name="corrections_that_failed"),
        ]
        triggers = [
            *Made.Meta.triggers,
            guards.frozen_when("TRUE", name="what_it_says_is_frozen", allow=(*MAKING, *XML)),
            guards.refused_when(
                "correction_of_an_invoice_between_the_same",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id"
                " AND (i.seller_id, i.buyer_id, i.contract_id, i.currency, i.net, i.tax, i.gross)"
                " = (NEW.seller_id, NEW.buyer_id, NEW.contract_id, NEW.currency, NEW.net, NEW.tax, NEW.gross)"
                " AND i.kind NOT IN ('retention_release', 'late_charge') AND i.issued_on <= NEW.issued_on)",
            ),
            guards.refused_when(
                "corrections_follow_each_other",
                guards.INSERT,
                "NEW.place <> 1 + (SELECT count(*) FROM invoicing_correctedinvoice c"
                " WHERE c.invoice_id = NEW.invoice_id)",
            ),
            guards.refused_when(
                "a_correction_changes_no_money",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM (SELECT NEW.snapshot::jsonb AS said) n CROSS JOIN"
                " (SELECT v.snapshot::jsonb AS said"
                f" FROM invoicing_invoice v WHERE v.id = NEW.invoice_id) i WHERE {_SAME}"
                " OR coalesce(n.said -> 'deposits', '[]') IS DISTINCT FROM coalesce(i.said -> 'deposits', '[]')"
                f" OR {_figures('n.said')} IS DISTINCT FROM {_figures('i.said')})",
            ),
            guards.refused_when(
                "corrected_number_drawn_from_its_series",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_numberseries s WHERE s.organisation_id = NEW.seller_id"
                " AND s.prefix = NEW.series_prefix AND s.year = NEW.series_year"
                " AND s.last = NEW.series_position AND s.head = NEW.chain_sha256)",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def document(self) -> "CorrectedInvoice":
        """It is a document, as an invoice has one."""
        return self

    @property
    def has_xml(self) -> bool:
        """Whether the XML can be had."""
        return self.state == "ready" and not self.xml_obstacle
