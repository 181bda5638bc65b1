"""What stands in an application for payment when its contract ends: billed by the signatures under the settlement."""

from datetime import datetime

from apps.contracts.models import Contract
from apps.core.refs import new_ref
from apps.invoicing.models import Invoice
from apps.invoicing.services import applications, certifying
from apps.milestones.models import Settlement
from apps.milestones.models.settlement import Side
from apps.parties.actor import Actor
from apps.workflows import application_jobs, jobs


def certify(settlement: Settlement, *, contract: Contract, actor: Actor, at: datetime) -> Invoice:
    """What collects is submitted by the seller's signature and certified whole by the buyer's, and invoiced.

    In the transaction of the last signature. The text that both signed says what it is; the caller has compared it.
    """
    signatures = {one.side: one for one in settlement.signatures.select_related("settlement")}
    seller, buyer = signatures[Side.SELLER], signatures[Side.BUYER]
    ref, application_ref = new_ref(), contract.applications.get(state="open").ref
    jobs.defer(
        jobs.render_invoice.configure(task_kwargs={"invoice_ref": ref, "organisation_id": contract.seller_id}),
        application_jobs.send_application_news.configure(
            task_kwargs={
                "application_ref": application_ref,
                "what": "certified",
                "organisation_id": contract.seller_id,
            }
        ),
    )
    application = applications.submit_with_end(
        contract=contract,
        application_ref=application_ref,
        by=(seller.user_id, seller.name),
        settlement=settlement.ref,
        actor=actor,
        at=at,
    )
    return certifying.certify_with_end(ref, contract=contract, application=application, by=buyer, actor=actor, at=at)
