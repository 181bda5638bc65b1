"""What the clock starts: stalled jobs are tried again, offers lapse, income accrues, the books are verified.

The organisations are listed with the owner's eyes, because nobody in particular asks; each one's work is then a job of
its own inside its own walls.
"""

import logging
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.management import call_command
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from apps.contracts.models import ContractDocument
from apps.core import clock, made
from apps.core.database import walls
from apps.financing.models import AssignmentProof
from apps.invoicing import corrected_documents, credit_documents, documents
from apps.invoicing.models import AccountLetter, CorrectedInvoice, CreditNoteDocument
from apps.invoicing.services import account_letters as letters
from apps.ledger.models import JournalExport
from apps.milestones import services as milestones
from apps.milestones.models import Certificate, EventCertificate, SettlementPaper
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.workflows import disputing, funding, instalments, limits, negotiating, reminding, retention, watching
from apps.workflows.models import EvidencePack
from apps.workflows.queueing import AGAIN, QUEUE, queue_once

log = logging.getLogger(__name__)
KEPT_HOURS = 14 * 24
MOST_DEATHS = 5
"""How often a job without a schedule of its own may be found with a dead worker."""
ORPHANS_KEPT = timedelta(days=1)
VERIFIERS = ("verify_ledger", "verify_audit")
"""What reads every row, each night."""
EVERY_VERIFIER = (*VERIFIERS, "check_documents")
"""What is asked of what came back from a backup or an archive: the documents too, all of them."""
DOCUMENT_DAYS = 3
"""How far back documents are checked every night; all of them are when somebody asks."""


@app.periodic(cron="* * * * *")
@app.task(queue=QUEUE, queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again what a worker that died left behind. A job that keeps killing its workers fails in the end."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        again = getattr(context.app.tasks.get(job.task_name), "retry_strategy", None)
        if job.attempts < (getattr(again, "max_attempts", None) or MOST_DEATHS):
            # Its like waits already where only one of a kind may wait: that one does the work.
            with suppress(UniqueViolation, AlreadyEnqueued):
                await manager.retry_job(job)
                continue
        await manager.finish_job(job, status=Status.FAILED, delete_job=False)


@app.periodic(cron="30 3 * * *")
@app.task(queue=QUEUE, queueing_lock="clear_old_jobs", pass_context=True)
async def clear_old_jobs(context: JobContext, timestamp: int) -> None:
    """Forget jobs that succeeded two weeks ago; failed ones stay to be looked at."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)


@app.periodic(cron="50 3 * * *")
@app.task(queue=QUEUE, queueing_lock="sweep_orphan_files")
def sweep_orphan_files(timestamp: int) -> None:
    """Delete what a crash left between storing a file and committing its row, after a day on which nobody took it up;
    and the packs and exports that were kept long enough, which can always be made anew.

    The rows are read with the owner's eyes: a file that anybody's row names is nobody's orphan.
    """
    at = datetime.fromtimestamp(timestamp, UTC)
    before = at - ORPHANS_KEPT
    swept = {
        "evidence": milestones.sweep_orphans(before=before),
        "documents": documents.sweep_orphans(before=before),
        "credit notes": made.sweep(
            CreditNoteDocument,
            folder=credit_documents.FOLDER,
            before=before,
            names_of=lambda document: (document.stored_as, document.xml_stored_as),
        ),
        "corrected invoices": made.sweep(
            CorrectedInvoice,
            folder=corrected_documents.FOLDER,
            before=before,
            names_of=lambda document: (document.stored_as, document.xml_stored_as),
        ),
        "statements": made.sweep(AccountLetter, folder=letters.FOLDER, before=before),
        "certificates": made.sweep(Certificate, folder="certificates", before=before),
        "certificates of events": made.sweep(EventCertificate, folder="event-certificates", before=before),
        "proofs of assignments": made.sweep(AssignmentProof, folder="assignment-proofs", before=before),
        "settlements": made.sweep(SettlementPaper, folder="settlements", before=before),
        "contracts": made.sweep(ContractDocument, folder="contracts", before=before),
        "packs": made.sweep(
            EvidencePack, folder="packs", before=before, is_dropped=lambda pack: pack.is_dropped(now=at)
        ),
        "exports": made.sweep(
            JournalExport, folder="exports", before=before, is_dropped=lambda export: export.is_dropped(now=at)
        ),
    }
    for kind, count in swept.items():
        if count:
            log.warning("%d files of %s that nobody needs were deleted", count, kind)


@app.periodic(cron="40 3 * * *")
@app.task(queue=QUEUE, queueing_lock="forget_old_tallies")
def forget_old_tallies(timestamp: int) -> None:
    """Forget who tried what how often, once it limits nobody any more."""
    limits.forget(before=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="15 1 * * *")
@app.task(queue=QUEUE, queueing_lock="accrue_everybodys_income")
def accrue_everybodys_income(timestamp: int) -> None:
    """Once a day, one job for each financier, through the date that its own time zone has reached."""
    at = datetime.fromtimestamp(timestamp, UTC)
    for financier in Organisation.objects.using("owner").filter(is_financier=True).order_by("id"):
        through = at.astimezone(ZoneInfo(financier.time_zone)).date()
        accrue_income.defer(organisation_id=financier.pk, through=through.isoformat())


@app.task(queue=QUEUE, retry=AGAIN)
def accrue_income(*, organisation_id: int, through: str) -> None:
    """Recognise what one financier earned up to a date; a second run finds the first one's answer."""
    with walls.asking_for(organisation_id):
        funding.accrue_income(
            actor=Actor.system(organisation_id=organisation_id),
            key=f"daily accrual through {through}",
            through=date.fromisoformat(through),
        )


@app.periodic(cron="30 1 * * *")
@app.task(queue=QUEUE, queueing_lock="watch_everybodys_books")
def watch_everybodys_books(timestamp: int) -> None:
    """Once a day, after the income: one job for each financier, on the date that its own time zone has reached."""
    at = datetime.fromtimestamp(timestamp, UTC)
    for financier in Organisation.objects.using("owner").filter(is_financier=True).order_by("id"):
        on = at.astimezone(ZoneInfo(financier.time_zone)).date()
        watch_book.defer(organisation_id=financier.pk, on=on.isoformat())


@app.task(queue=QUEUE, retry=AGAIN)
def watch_book(*, organisation_id: int, on: str) -> None:
    """Look over one financier's book; a second run on a day finds the first one's answer."""
    with walls.asking_for(organisation_id):
        watching.watch_book(
            actor=Actor.system(organisation_id=organisation_id),
            key=f"daily watch on {on}",
            on=date.fromisoformat(on),
        )


@app.periodic(cron="45 0 * * *")
@app.task(queue=QUEUE, queueing_lock="expire_everybodys_offers")
def expire_everybodys_offers(timestamp: int) -> None:
    """Once a day, one job for each financier, on the date that its own time zone has reached."""
    at = datetime.fromtimestamp(timestamp, UTC)
    for financier in Organisation.objects.using("owner").filter(is_financier=True).order_by("id"):
        on = at.astimezone(ZoneInfo(financier.time_zone)).date()
        expire_offers.defer(organisation_id=financier.pk, on=on.isoformat())


@app.task(queue=QUEUE, retry=AGAIN)
def expire_offers(*, organisation_id: int, on: str) -> None:
    """Close one financier's offers that were not answered in time; a second run on a day finds the first's answer."""
    with walls.asking_for(organisation_id):
        funding.expire_offers(
            actor=Actor.system(organisation_id=organisation_id), key=f"daily expiry on {date.fromisoformat(on)}"
        )


@app.periodic(cron="*/10 * * * *")
@app.task(queue=QUEUE, queueing_lock="bill_everybodys_instalments")
def bill_everybodys_instalments(timestamp: int) -> None:
    """Every ten minutes, one job for each contract of which a deposit or a period fell due where its seller is.

    After an outage everything that fell due meanwhile is billed, the earliest first, with the date of the day.
    """
    for contract in instalments.due(at=clock.now()):
        queue_once(
            bill_instalments,
            f"instalments of {contract.contract_ref}",
            contract_ref=contract.contract_ref,
            seller_id=contract.seller_id,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def bill_instalments(*, contract_ref: str, seller_id: int) -> None:
    """Bill what is due of one contract; a second run finds it billed."""
    instalments.tend(contract_ref=contract_ref, seller_id=seller_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue=QUEUE, queueing_lock="expire_everybodys_proposals")
def expire_everybodys_proposals(timestamp: int) -> None:
    """Every ten minutes, one job for each proposal whose last day is over; one that waits is not queued again."""
    for proposal in negotiating.overdue(at=clock.now()):
        queue_once(
            expire_proposal,
            f"last day of {proposal.version_ref}",
            version_ref=proposal.version_ref,
            organisation_id=proposal.organisation_id,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def expire_proposal(*, version_ref: str, organisation_id: int) -> None:
    """Note that one proposal ran out; a second run finds it done."""
    negotiating.tend(version_ref=version_ref, organisation_id=organisation_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue=QUEUE, queueing_lock="tend_everybodys_disputes")
def tend_everybodys_disputes(timestamp: int) -> None:
    """Every ten minutes, one job for each position that was not written in time: told once, and it decides nothing."""
    for position in disputing.missed(at=clock.now()):
        queue_once(
            tend_dispute,
            f"position in {position.dispute_ref}",
            dispute_ref=position.dispute_ref,
            organisation_id=position.organisation_id,
            due=position.due,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def tend_dispute(*, dispute_ref: str, organisation_id: int, due: str) -> None:
    """Tell of one missed position; a second run finds it told."""
    disputing.tend(dispute_ref=dispute_ref, organisation_id=organisation_id, due=due)


@app.periodic(cron="20 * * * *")
@app.task(queue=QUEUE, queueing_lock="release_everybodys_retention")
def release_everybodys_retention(timestamp: int) -> None:
    """Every hour, because a day begins at another hour elsewhere: one job for each part of a retention that is due.

    Due means since whenever: what an outage left undone is done afterwards, once.
    """
    for part in retention.due(at=clock.now()):
        queue_once(
            release_retention,
            f"retention {part.contract_ref} {part.position}",
            contract_ref=part.contract_ref,
            seller_id=part.seller_id,
            position=part.position,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def release_retention(*, contract_ref: str, seller_id: int, position: int) -> None:
    """Release one part of a retention; a second run finds it done."""
    retention.tend(contract_ref=contract_ref, seller_id=seller_id, position=position)


@app.periodic(cron="5 * * * *")
@app.task(queue=QUEUE, queueing_lock="remind_everybodys_buyers")
def remind_everybodys_buyers(timestamp: int) -> None:
    """Every hour, because a day begins at another hour elsewhere: one job for each reminder that is due by now."""
    for reminder in reminding.due(at=clock.now()):
        queue_once(
            remind_buyer,
            f"reminder of {reminder.invoice_ref}",
            invoice_ref=reminder.invoice_ref,
            seller_id=reminder.seller_id,
            number=reminder.number,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def remind_buyer(*, invoice_ref: str, seller_id: int, number: int) -> None:
    """Send one reminder; a second run finds it sent."""
    reminding.tend(invoice_ref=invoice_ref, seller_id=seller_id, number=number)


@app.periodic(cron="45 2 * * *")
@app.task(queue=QUEUE, queueing_lock="verify_everything")
def verify_everything(timestamp: int) -> None:
    """Run every verifier at night. A failed one is a failed job, with what it found in the log."""
    for verifier in VERIFIERS:
        call_command(verifier)
    call_command("check_documents", days=DOCUMENT_DAYS)
