"""A contract version as the buyer reads it before signing: parties, terms in plain words, plan, total, signatures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.contracts import (
    charges_wording,
    document_wording,
    late_wording,
    own_wording,
    retention_wording,
    rules,
    wording,
)
from apps.contracts import services as contracts
from apps.contracts.dues_wording import billed_by_the_calendar
from apps.contracts.models import Contract, ContractVersion, PlanLine, Signature
from apps.core import clock
from apps.core.spoken import Said
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.buyer.ways import Way
from apps.portals.conversing import Conversation, conversation
from apps.portals.papers import Printed, printed
from apps.portals.parts import Fact
from apps.portals.shown import version_state
from apps.portals.version_differences import VersionDifference, between_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReading:
    """Everything that stands on the page of one version.

    ``plan`` is the one of its plans that is shown: in force, or about to be signed, or the base plan.
    ``is_pending``: it waits for the buyer's signature; ``is_own``: it is the buyer's, and waits for the seller's.
    """

    version: ContractVersion
    plan: ContractVersion
    has_options: bool
    contract: Contract
    state: str
    is_pending: bool
    is_own: bool
    can_be_signed: bool
    newer: ContractVersion | None
    terms: Sequence[Fact]
    lines: Sequence[PlanLine]
    total: Decimal
    signatures: Sequence[Signature]
    previous: ContractVersion | None
    difference: VersionDifference | None
    statement: Said
    zone: str
    page_url: str
    sign_url: str
    compare_url: str
    changes_url: str
    conversation: Conversation | None
    differences_url: str
    csv_url: str
    xlsx_url: str
    printed: Printed | None

    @property
    def bills_itself(self) -> bool:
        """Whether something of the plan is billed without a sign-off."""
        return any(line.due for line in self.lines)


def proposed_to(actor: Actor) -> QuerySet[ContractVersion, ContractVersion]:
    """The versions that were proposed to the actor's organisation as the buyer, with all that is read of them."""
    return (
        ContractVersion.objects.visible_to(actor)
        .filter(proposed_at__isnull=False, contract__buyer_id=actor.organisation_id)
        .select_related("contract__seller", "contract__buyer")
        .prefetch_related("lines__criteria", "signatures")
    )


def is_pending(version: ContractVersion) -> bool:
    """Whether a version is the seller's and waits for the buyer's signature."""
    contract = version.contract
    if version.author != "seller" or version.proposed_at is None:
        return False
    return contracts.proposer_of(contract) == "seller" and contracts.newest_proposal(contract).pk == version.pk


def signed_texts(actor: Actor, contract: Contract) -> QuerySet[ContractVersion, ContractVersion]:
    """The versions of a contract that were proposed, to be compared: their texts say everything."""
    return ContractVersion.objects.visible_to(actor).filter(proposed_at__isnull=False, contract=contract)


def read(actor: Actor, version: ContractVersion, *, way: Way, plan: ContractVersion | None = None) -> VersionReading:
    """The reading of a version that :func:`proposed_to` gave, with one of its plans; the one in force without."""
    plan = plan or contracts.plan_in_force(version)
    has_options = version.options().exists()
    contract = version.contract
    versions = {v.number: v for v in proposed_to(actor).filter(contract=contract)}
    newest = versions[max(versions)]
    previous = versions.get(version.number - 1)
    lines = list(plan.lines.all() if plan == version else plan.lines.prefetch_related("criteria"))
    is_open = contract.state == "proposed" and newest.pk == version.pk and version.changes_asked_at is None
    return VersionReading(
        version=version,
        plan=plan,
        has_options=has_options,
        contract=contract,
        state=version_state(version, contract=contract, newest=newest.number),
        is_pending=is_open and version.author == "seller",
        is_own=is_open and version.author == "buyer",
        can_be_signed=version.expires_at is None or clock.now() <= version.expires_at,
        newer=newest if newest.number > version.number else None,
        terms=terms_of(plan),
        lines=lines,
        total=sum((line.amount for line in lines if line.amount is not None and not line.recovery), Decimal(0)),
        signatures=sorted(version.signatures.all(), key=lambda signature: signature.signed_at),
        previous=previous,
        difference=between_versions(previous, version) if previous else None,
        statement=contracts.statement_of(version, side="buyer", plan=plan if has_options else None),
        zone=contract.buyer.time_zone,
        page_url=way.version(version),
        sign_url=way.compare_plans(version) if has_options else way.sign_contract(version),
        compare_url=way.compare_plans(version),
        changes_url=way.request_contract_changes(version),
        conversation=conversation(actor, contract, side="buyer", url=way.comment_contract(newest)),
        differences_url=way.contract_differences(version),
        csv_url=way.plan_csv(version),
        xlsx_url=way.plan_xlsx(version),
        printed=printed(
            actor,
            version,
            url=way.contract_pdf(version),
            here=way.version(version),
            retry_url=way.retry_contract_document(version),
        ),
    )


def _invoices(version: ContractVersion) -> str:
    if not version.is_by_application:
        return _("one for each milestone that you sign off, for its amount, at that moment")
    parties = {"seller": version.contract.seller.legal_name, "buyer": version.contract.buyer.legal_name}
    return wording.invoices(version.bills_by, **parties)


def terms_of(version: ContractVersion) -> list[Fact]:
    """The terms in plain words."""
    review, currency = contracts.review_terms(version), version.currency
    retention = rules.read_retention(version.retention)
    return [
        Fact(term=_("Price, net of tax"), amount=version.price, currency=version.currency),
        Fact(term=_("Tax"), value=own_wording.tax_of(version)),
        Fact(
            term=_("Payment"),
            value=wording.payment(version.payment_days, version.payment_basis),
        ),
        Fact(
            term=_("Your review"),
            value=_("%(period)s from the day on which a submission reached you")
            % {"period": wording.review_period(review)},
        ),
        Fact(term=_("If you say nothing until then"), value=wording.silence_means(review.silence)),
        *([Fact(term=_("A long review"), value=wording.thirty_days())] if review.may_exceed_usual_most else []),
        Fact(term=_("Acceptance in part"), value=wording.partial_acceptance(version.partial_acceptance)),
        Fact(term=_("Your questions"), value=wording.question_suspensions(version.question_suspensions)),
        *_steps(version),
        Fact(term=_("Invoices"), value=_invoices(version)),
        *(
            [
                Fact(term=_("Retention"), value=retention_wording.withheld(retention, currency=currency)),
                Fact(term=_("Release of the retention"), value=retention_wording.released(retention)),
            ]
            if retention is not None
            else []
        ),
        *(
            [Fact(term=_("Late payment"), value=late_wording.whole(late, currency=currency))]
            if (late := version.late_terms) is not None
            else []
        ),
        *(
            [Fact(term=_("Documents before payment"), value=document_wording.whole(wanted))]
            if (wanted := version.document_terms) is not None
            else []
        ),
        *(
            [Fact(term=name, value=said) for name, said in charges_wording.parts(charges, currency=currency)]
            if (charges := version.charge_terms) is not None
            else []
        ),
        *(
            [Fact(term=_("Deposits and recurring lines"), value=billed_by_the_calendar())]
            if any(line.due for line in version.lines.all())
            else []
        ),
        Fact(
            term=_("Financing"),
            value=_("the seller may assign an invoice to a financier; you are told in writing whom to pay")
            if version.is_assignable
            else _("the seller may not assign invoices"),
        ),
        Fact(term=_("Termination"), value=wording.notice(version.notice_days)),
        Fact(term=_("Signs off for you"), value=f"{version.signatory_name}, {version.signatory_email}"),
        *([Fact(term=_("Governing law"), value=version.governing_law)] if version.governing_law else []),
        *([Fact(term=_("Can be signed until"), on=version.answer_until)] if version.answer_until else []),
    ]


def _steps(version: ContractVersion) -> list[Fact]:
    above = version.second_acceptor_above
    amount = formats.money(above, version.currency) if above is not None else ""
    said = wording.acceptance_steps(needs_inspection=version.needs_inspection, second_above=amount)
    return [Fact(term=_("Steps of acceptance"), value=said)] if said else []


def newest_prices(actor: Actor, rows: Iterable[Contract]) -> dict[int, Decimal]:
    """The price of the newest proposal by contract, in one query for all of them; ``rows`` were read for the actor."""
    prices = (
        ContractVersion.objects.filter(contract__in=[contract.pk for contract in rows], proposed_at__isnull=False)
        .order_by("number")
        .values_list("contract_id", "price")
    )
    return dict(prices)
