"""What the clock starts of documents before payment that end; how such jobs wait: :mod:`apps.workflows.queueing`."""

from datetime import date

from procrastinate.contrib.django import app

from apps.core import clock
from apps.workflows import payment_documents
from apps.workflows.queueing import AGAIN, QUEUE, queue_once


@app.periodic(cron="10 4 * * *")
@app.task(queue=QUEUE, queueing_lock="tell_of_everybodys_ending_documents")
def tell_of_everybodys_ending_documents(timestamp: int) -> None:
    """Once a day: one job for each document before payment that ends soon and whose seller was not told."""
    at = clock.now()
    for document in payment_documents.ending(at=at):
        queue_once(
            tell_of_ending_document,
            f"end of document {document.document_ref}",
            document_ref=document.document_ref,
            seller_id=document.seller_id,
            on=at.date().isoformat(),
        )


@app.task(queue=QUEUE, retry=AGAIN)
def tell_of_ending_document(*, document_ref: str, seller_id: int, on: str) -> None:
    """Tell of one; a second run finds it told."""
    payment_documents.tend(document_ref=document_ref, seller_id=seller_id, on=date.fromisoformat(on))
