"""The life of a contract, lived at random by the services and by a plain model beside them.

After each step the model and the product must say the same: what is allowed and what is refused, every state, every
amount, to the cent; and every verifier must hold. Hypothesis chooses the steps, and shortens a story that fails.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import ClassVar

from django.db import connection, connections
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from apps.core.database import walls
from apps.financing.models import Facility
from apps.invoicing.models import OpenItem, Payment
from apps.milestones.models import Milestone
from tests import scenarios
from tests.engines import truth
from tests.engines.life_financing import Financed
from tests.engines.life_plain import ZERO
from tests.financing import stories


class Life(Financed):
    """One example: a contract from its draft on. Everything happens in a savepoint that is rolled back."""

    every: ClassVar[int] = 1
    """After how many steps every verifier is asked; at the end it always is."""
    lived = 0

    @initialize(head_start=st.integers(0, 4))
    def begin(self, head_start: int) -> None:
        """From the draft on, or with some steps taken already: signed, delivered, asked for, paid out."""
        draft = scenarios.software_draft(
            self.parties, price=Decimal(400_000), tax_category="Z", tax_rate=ZERO, payment_days=60
        )
        self.contract = scenarios.drafted_contract(self.parties, draft=draft, at=self.at)
        if head_start > 0:
            self.propose()
            self.sign()
        for which in range(2 if head_start > 1 else 0):
            self.prepare(which=which)
            self.submit(which=which)
            self.accept(which=which)
        if head_start > 2:
            self.request_funding(which=0)
            self.price(which=0)
            self.approve(which=0)
        if head_start > 3:
            self.accept_offer(which=0)
            self.notify(which=0, waived=False)
            self.fund(which=0)

    # --- what must be true after each step -----------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self) -> None:
        if not hasattr(self, "contract"):
            return
        type(self).steps += 1
        self.lived += 1
        if self.lived % self.every == 0:
            self._ask_verifiers()

    def teardown(self) -> None:
        try:
            if hasattr(self, "contract"):
                self._ask_verifiers()
        finally:
            super().teardown()

    def _ask_verifiers(self) -> None:
        with as_owner():
            wrong = truth.wrong()
        assert not wrong, wrong

    @invariant()
    def model_and_product_agree(self) -> None:
        if not hasattr(self, "contract"):
            return
        with walls.asking_for(self.parties.seller.pk):
            assert self._contract().state == self.contract_state
            states = list(Milestone.objects.filter(contract=self.contract).order_by("position").values("state", "pk"))
            assert [one["state"] for one in states] == [step.state for step in self.model][: len(states)]
            opened = dict(
                OpenItem.objects.filter(contract=self.contract).values_list("invoice__milestone__position", "open")
            )
            received = Payment.objects.filter(recipient=self.parties.seller).count()
        assert opened == {n: step.open for n, step in enumerate(self.model, start=1) if step.state == "accepted"}
        assert received <= self.received
        with walls.asking_for(self.parties.financier.pk):
            advanced = Facility.objects.get(ref=self.facility.ref).advanced
        out = [step.advance.outstanding for step in self.model if step.advance.tranche == "funded"]
        assert advanced == sum(out, ZERO), (advanced, out)


# --- where it is lived -------------------------------------------------------------------------------------------


@contextmanager
def one_connection() -> Iterator[None]:
    """The owner's alias means the web's own connection, signed in as the owner and acting as the web role: so the
    verifiers see what a transaction has not committed. For a scratch database."""
    user = connection.settings_dict["USER"]
    owner = connections["owner"]
    connection.close()
    connection.settings_dict["USER"] = owner.settings_dict["USER"]
    connections["owner"] = connection
    try:
        yield
    finally:
        connections["owner"] = owner
        connection.settings_dict["USER"] = user
        connection.close()


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside the block no wall holds."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        yield
        cursor.execute("SET ROLE cairn_web")


def begin(*, every: int = 1) -> AbstractContextManager[None]:
    """Make the parties and their facility once; every example starts from them."""
    Life.every = every
    Life.parties = stories.parties()
    Life.facility = stories.opened_facility(Life.parties, limit=Decimal(10_000_000), late_rate=ZERO)
    Life.steps = 0
    Life.done = Counter()
    return one_connection()
