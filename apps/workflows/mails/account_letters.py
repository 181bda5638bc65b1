"""The mail with a statement of account."""

from urllib.parse import urlencode

from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from apps.invoicing import account_text
from apps.invoicing.models import AccountLetter
from apps.workflows.mails.invoices import payables
from apps.workflows.mails.letter import About, Enclosure, Letter, Sent, absolute, fact, money, send


def account_letter(*, letter_ref: str, time: int = 0) -> Sent | None:
    """The statement with its PDF, to whoever pays for the buyer, or once more for the ``time``-th time; None when it
    went already."""
    row = AccountLetter.objects.select_related("seller", "buyer").get(ref=letter_ref)
    if row.sent_again >= time if time else row.sent_at is not None:
        return None
    said = account_text.read(row.snapshot)
    with default_storage.open(row.stored_as) as stored:
        pdf = stored.read()
    account = f"{reverse('buyer:account_statement', args=[row.seller.ref])}?{urlencode({'currency': row.currency})}"
    with translation.override(row.buyer.language):
        name = "-".join((str(_("account")), row.until.isoformat())) + ".pdf"
    return send(
        Letter(
            name="account_letter",
            key=f"{row.ref}-{time}" if time else row.ref,
            sender=row.seller,
            reader=row.buyer,
            to=payables(row.buyer),
            button=_("Open the account"),
            url=absolute(account) if row.buyer.is_claimed else "",
            facts=[
                fact(_("From"), on=row.since),
                fact(_("Until"), on=row.until),
                money(_("Opening balance"), said.opening, row.currency),
                money(_("Closing balance"), said.closing, row.currency),
            ],
            context={"letter": row, "closing": said.closing},
            files=[Enclosure(name, pdf, "application/pdf")],
            about=About(f"account_letter:{row.ref}"),
        )
    )
