from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, actor: Actor) -> "OrganisationQuerySet":
        """One's own organisation and the counterparties that it named."""
        return self.filter(Q(pk=actor.organisation_id) | Q(nominated_by_id=actor.organisation_id))


class Organisation(models.Model):
    """A legal entity. It is the seller of one contract and may be the buyer of another; a financier funds.

    ``nominated_by`` is the counterparty that wrote the organisation down; ``claimed_at`` is when its own people took
    it over. Until then its data is what the counterparty typed, and shown as such.

    ``lei`` is its Legal Entity Identifier (ISO 17442).

    ``electronic_address`` is where e-invoices go to (BT-34, BT-49), ``electronic_scheme`` its code in the list EAS;
    where there is none, they go to ``email``. ``contact_name`` and ``phone`` answer questions about invoices (BT-41,
    BT-42). ``buyer_reference`` is what the organisation wants to read on invoices to it (BT-10), such as a Leitweg-ID.
    ``calendar_country`` and ``calendar_subdivision`` name the calendar of public holidays that its reviews are counted
    on where a contract names none; empty is that of its country.
    ``accent``, ``foot_line`` and ``logo`` are how its papers look (``branding``): a colour as ``#rrggbb``, a line, and
    the SHA-256 of the picture (``logos``).
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    legal_name = models.CharField(_("legal name"), max_length=160)
    street = models.CharField(_("street and number"), max_length=160, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1 alpha-2"))
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    tax_number = models.CharField(_("national tax number"), max_length=30, blank=True)
    company_number = models.CharField(_("company number"), max_length=40, blank=True)
    lei = models.CharField("LEI", max_length=20, blank=True)
    email = models.EmailField(_("e-mail for invoices and notices"), blank=True)
    electronic_scheme = models.CharField(_("sort of electronic address"), max_length=4, blank=True)
    electronic_address = models.CharField(_("electronic address for invoices"), max_length=100, blank=True)
    contact_name = models.CharField(_("contact for questions about invoices"), max_length=60, blank=True)
    phone = models.CharField(_("telephone of the contact"), max_length=60, blank=True)
    buyer_reference = models.CharField(_("reference on invoices to it"), max_length=60, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Berlin")
    calendar_country = models.CharField(_("calendar of holidays"), max_length=2, blank=True)
    calendar_subdivision = models.CharField(_("region of the calendar"), max_length=40, blank=True)
    language = models.CharField(_("language of documents and mails"), max_length=8, default="en")
    accent = models.CharField(_("colour"), max_length=7, blank=True)
    foot_line = models.CharField(_("line for the foot"), max_length=160, blank=True)
    logo = models.CharField(max_length=64, blank=True, editable=False)
    step_up_above = models.DecimalField(
        _("ask again who it is above"), max_digits=18, decimal_places=3, null=True, blank=True
    )
    is_financier = models.BooleanField(_("finances others"), default=False)
    nominated_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="nominees")
    founded_by = models.ForeignKey("parties.User", models.PROTECT, null=True, blank=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = OrganisationQuerySet.as_manager()
    wall = walls.Wall(
        f"id = ANY ({walls.ORGS}) OR nominated_by_id = ANY ({walls.OWN}) OR founded_by_id = {walls.USER}"
        " OR EXISTS (SELECT 1 FROM parties_membership m WHERE m.organisation_id = parties_organisation.id"
        f" AND m.user_id = {walls.USER} AND m.ended_at IS NULL)",
        writes=f"id = ANY ({walls.OWN}) OR founded_by_id = {walls.USER}"
        f" OR (nominated_by_id = ANY ({walls.OWN}) AND claimed_at IS NULL)",
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(nominated_by__isnull=False) | Q(claimed_at__isnull=False),
                name="organisation_is_nominated_or_claimed",
            ),
            models.CheckConstraint(
                condition=Q(step_up_above__isnull=True) | Q(step_up_above__gte=0),
                name="step_up_limit_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(electronic_scheme="", electronic_address="")
                | ~Q(electronic_scheme="") & ~Q(electronic_address=""),
                name="electronic_address_has_its_scheme",
            ),
            models.CheckConstraint(
                condition=Q(lei="") | Q(lei__regex=r"^[0-9A-Z]{18}[0-9]{2}$"), name="lei_is_of_twenty_characters"
            ),
            models.CheckConstraint(
                condition=Q(calendar_subdivision="") | ~Q(calendar_country=""), name="region_of_a_named_calendar"
            ),
            models.CheckConstraint(
                condition=Q(accent="") | Q(accent__regex=r"^#[0-9a-f]{6}$"),
                name="accent_is_a_colour",
            ),
            models.CheckConstraint(
                condition=Q(logo="") | Q(logo__regex=r"^[0-9a-f]{64}$"),
                name="logo_is_named_by_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return self.legal_name

    @property
    def is_claimed(self) -> bool:
        return self.claimed_at is not None

    @property
    def calendar(self) -> tuple[str, str]:
        """Country and region of its calendar of public holidays: its own, or that of its country."""
        return (self.calendar_country, self.calendar_subdivision) if self.calendar_country else (self.country, "")


class BankAccountQuerySet(models.QuerySet["BankAccount"]):
    def visible_to(self, actor: Actor) -> "BankAccountQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class BankAccount(models.Model):
    """Where an organisation is paid. A financier's collection account receives what buyers owe on assigned invoices."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="bank_accounts")
    holder = models.CharField(_("account holder"), max_length=160)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    account_number = models.CharField(_("account number"), max_length=34, blank=True)
    routing_number = models.CharField(_("routing number"), max_length=20, blank=True)
    bank_name = models.CharField(_("bank"), max_length=80, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    is_default = models.BooleanField(_("printed on new invoices"), default=True)

    objects = BankAccountQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(iban="") | ~Q(account_number=""),
                name="bank_account_has_iban_or_account_number",
            ),
            models.UniqueConstraint(
                "organisation",
                "currency",
                condition=Q(is_default=True),
                name="one_default_bank_account_per_currency",
            ),
        ]

    def __str__(self) -> str:
        return self.iban or self.account_number
