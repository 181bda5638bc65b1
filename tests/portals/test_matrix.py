"""Every address × every visitor × every foreign object × every method, with both walls and with either alone.

Two complete tenants stand in one database. Strangers get 404 (the way to the sign-in, if nobody knows them), learn no
more than of an object that does not exist, see no word of the other tenant, and change no row. Every address is also
reached by those whose objects they are, so that no cell is empty; mutants show that the engine can fail.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import path
from pytest_django import DjangoDbBlocker

from apps.contracts.models import Contract
from apps.core.database import policies, scratch
from apps.core.errors import Refused
from apps.milestones.models import EvidenceFile
from apps.parties import services as parties
from apps.parties.models import Organisation
from apps.portals.drafting import editor
from apps.portals.drafting.desk import Desk
from apps.workflows import limits
from tests import scenarios
from tests.portals.matrix import addresses, forms, known, tables, visitors, workflows
from tests.portals.matrix.addresses import Address, keys_of, strange
from tests.portals.matrix.engine import METHODS, UNSAFE, Matrix, differences, fingerprint, stable, undone
from tests.portals.matrix.forms import Field
from tests.portals.matrix.queries import EVERY_NAME, of_interest, watched
from tests.portals.matrix.visitors import Visitor
from tests.portals.matrix.ways import EITHER_ALONE, Way, plain_refusals, standing
from tests.portals.matrix.workflows import Call
from tests.portals.matrix.world import DRAFT, FOREIGN, FUNDING, HOME, NOW, Tenant, tenant, walled_models

ADDRESSES = addresses.addresses()
WITH_OBJECT = [address for address in ADDRESSES if address.parameters]
WITHOUT_OBJECT = [address for address in ADDRESSES if not address.parameters]
LISTS = [address for address in WITHOUT_OBJECT if address.side or address.name.startswith("account:")]
"""Pages that show what belongs to an organisation; the others belong to the person and to the sign-in."""

Shown = dict[tuple[Way, str, str], str]


@dataclass
class World:
    """Both tenants, everybody who visits, and what the home tenant's owners saw before the strangers came."""

    home: Tenant
    foreign: Tenant
    nobodies: list[Visitor]
    people: list[Visitor]
    guests: list[Visitor]
    foreign_people: list[Visitor]
    foreign_guests: list[Visitor]
    before: Shown
    rows: dict[str, str]
    """The fingerprint of every table, as it was left when it was looked at last."""
    since: list[str] = field(default_factory=list)
    """The tests since then: one of them touched what another fingerprint shows."""

    def inside(self, address: Address, people: list[Visitor]) -> list[Visitor]:
        """Those to whom this portal belongs."""
        return [person for person in people if address.side in ("", person.side)]

    def outside(self, address: Address) -> list[Visitor]:
        """The people of the home tenant to whom this portal does not belong."""
        return [] if address.is_link else [one for one in self.people if address.side not in ("", one.side)]

    def is_reached(self, address: Address, matrix: Matrix) -> bool:
        """Whether the strangers' own people get what nobody else gets."""
        by = self.foreign_guests if address.is_link else self.inside(address, self.foreign_people)
        return matrix.reached(address, by=by, on=self.foreign)

    def touched(self) -> list[str]:
        """The tables of which a row was touched since this was asked last, and the tests among which it happened."""
        before, self.rows = self.rows, fingerprint()
        found = [f"{table}, by one of {self.since}" for table in differences(before, self.rows)]
        self.since.clear()
        return found

    @property
    def files(self) -> list[str]:
        """The references of all evidence of the home tenant."""
        low, high = self.home.rows["milestones_evidencefile"]
        return list(EvidenceFile.objects.using("owner").filter(pk__gt=low, pk__lte=high).values_list("ref", flat=True))


def _shown(people: list[Visitor]) -> Shown:
    """What the owners see on every page without an object, with either wall alone."""
    shown: Shown = {}
    for way in EITHER_ALONE:
        with standing(way):
            tours = list(_tours(people))
            _told_what_waits(tours, Matrix())
            for owner, address in tours:
                shown[way, owner.name, address.name] = stable(Matrix().listing(address, by=owner))
    return shown


def _tours(people: list[Visitor]) -> Iterator[tuple[Visitor, Address]]:
    for owner in _owners(people):
        for address in LISTS:
            if address.side in ("", owner.side):
                yield owner, address


def _told_what_waits(tours: list[tuple[Visitor, Address]], matrix: Matrix) -> None:
    """What a sign-in or an earlier try left to be told to somebody is told on the next page, whichever that is."""
    for owner, first in {owner.name: (owner, address) for owner, address in reversed(tours)}.values():
        matrix.listing(first, by=owner)


def _owners(people: list[Visitor]) -> list[Visitor]:
    return [person for person in people if person.membership and "owner" in person.membership.roles]


@pytest.fixture(scope="module", autouse=True)
def no_limits() -> Iterator[None]:
    """The matrix tries more wrong links, and searches more, than anybody may."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "WRONG_LINKS", replace(limits.WRONG_LINKS, most=1_000_000))
        patch.setattr(limits, "SEARCHES", replace(limits.SEARCHES, most=1_000_000))
        yield


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Built once for this process; whatever a test changes, it undoes or fails."""
    logging.disable(logging.ERROR)
    web = connections["default"].settings_dict
    is_checked = web["CONN_HEALTH_CHECKS"]
    with django_db_blocker.unblock(), scratch.scratch_database() as name:
        with connections["owner"].cursor() as cursor:
            # The world is thrown away: its commits need not wait for the disk.
            cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connections.close_all()
        web["CONN_HEALTH_CHECKS"] = False
        home = tenant(HOME)
        people = visitors.people_of(home)
        before = _shown(people)
        foreign = tenant(FOREIGN)
        stranger = parties.enrol(email="nobody@elsewhere.example", name="Norma Nobody")
        built = World(
            home=home,
            foreign=foreign,
            nobodies=visitors.nobodies(home, stranger=stranger),
            people=people,
            guests=visitors.guests_of(home),
            foreign_people=visitors.people_of(foreign),
            foreign_guests=visitors.owners_of_links(foreign),
            before=before,
            rows=fingerprint(),
        )
        with known.remembered():
            yield built
        assert built.touched() == []
        connections.close_all()
    web["CONN_HEALTH_CHECKS"] = is_checked
    logging.disable(logging.NOTSET)


LOOKED_AT_EVERY: Final = 25
"""After so many tests it is looked whether one of them touched a row: to look costs as much as a test."""


@pytest.fixture
def matrix(
    world: World, record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Iterator[Matrix]:
    """Counts the cells; afterwards nothing was found, and no row of anybody was touched."""
    tried = Matrix()
    yield tried
    record_property("cells", tried.cells)
    world.since.append(request.node.name)
    touched = world.touched() if len(world.since) >= LOOKED_AT_EVERY else []
    assert tried.cells > 0
    assert [*tried.findings, *touched] == []


def test_every_address_with_a_parameter_has_its_object() -> None:
    assert len(WITH_OBJECT) > 60
    assert addresses.nameless(ADDRESSES) == []
    assert addresses.unregistered(ADDRESSES) == []
    assert addresses.unknown_entries(ADDRESSES) == set()


@pytest.mark.parametrize("address", WITH_OBJECT, ids=lambda address: address.name)
def test_strangers_find_nothing(world: World, matrix: Matrix, address: Address) -> None:
    keys = strange(address, world.foreign, to=world.home)
    assert keys, f"{address.name} has no object of strangers"
    first, *inside = world.guests if address.is_link else world.inside(address, world.people)
    with plain_refusals():
        matrix.compare(address, by=first, keys=keys)
        for visitor in inside:
            # Which methods a page takes does not depend on who asks: the first visitor and the owners try them all.
            matrix.attack(address, by=visitor, keys=keys)
        for visitor in [] if address.is_link else [*world.nobodies, *world.outside(address)]:
            # Their door refuses before anything is looked up.
            matrix.attack(address, by=visitor, keys=keys[:1])
        for owner in world.inside(address, _owners(world.foreign_people)):
            matrix.compare(address, by=owner, keys=strange(address, world.home, to=world.foreign))
    assert world.is_reached(address, matrix), f"Nobody ever reaches {address.name}"


@pytest.mark.parametrize("way", EITHER_ALONE)
@pytest.mark.parametrize("address", WITH_OBJECT, ids=lambda address: address.name)
def test_each_wall_alone_keeps_strangers_out(world: World, matrix: Matrix, address: Address, way: Way) -> None:
    keys = strange(address, world.foreign, to=world.home)
    theirs = strange(address, world.home, to=world.foreign)
    inside = world.guests if address.is_link else world.inside(address, world.people)
    with standing(way), plain_refusals():
        # Who is not inside meets the door, which both ways have.
        matrix.attack(address, by=inside[-1], keys=keys)
        for owner in world.inside(address, _owners(world.foreign_people))[:1]:
            matrix.attack(address, by=owner, keys=theirs)
        assert world.is_reached(address, matrix), f"Nobody reaches {address.name} with {way}"


@pytest.mark.parametrize("address", WITH_OBJECT, ids=lambda address: address.name)
def test_the_other_sides_of_a_deal_stay_outside(world: World, matrix: Matrix, address: Address) -> None:
    """A buyer knows the references of the seller's things, and gets no further than a stranger."""
    keys = keys_of(address, world.home)
    with plain_refusals():
        for visitor in _owners(world.outside(address)):
            matrix.attack(address, by=visitor, keys=keys)
    matrix.check("tried", holds=True)


@pytest.mark.parametrize("way", EITHER_ALONE)
def test_the_page_that_refuses_shows_nothing_of_strangers(world: World, matrix: Matrix, way: Way) -> None:
    """The page itself, with its navigation and its counts, as everybody sees it."""
    with standing(way):
        for visitor in [*world.nobodies, *world.people]:
            for address in WITH_OBJECT if visitor in _owners(world.people) else WITH_OBJECT[::10]:
                keys = strange(address, world.foreign, to=world.home)
                matrix.attack(address, by=visitor, keys=keys[:1], methods=("GET",))


def test_a_guest_opens_no_file_of_another_milestone(world: World, matrix: Matrix) -> None:
    address = next(address for address in WITH_OBJECT if address.name == "link:evidence")
    opened: dict[str, set[str]] = {}
    for guest in world.guests:
        asked = {key: guest.asks("GET", address.path(key, token=guest.token)) for key in world.files}
        opened[guest.name] = {key for key, answer in asked.items() if answer.status == 200}
        matrix.cells += len(asked)
    assert any(opened.values())
    for one, files in opened.items():
        for other, more in opened.items():
            matrix.check(f"{one} and {other} open the same", holds=one == other or not files & more)


@pytest.mark.parametrize("way", EITHER_ALONE)
def test_strangers_change_nothing_on_any_page(world: World, matrix: Matrix, way: Way) -> None:
    """Every page without an object is word for word what it was before the strangers came."""
    with standing(way):
        tours = list(_tours(world.people))
        _told_what_waits(tours, matrix)
        for owner, address in tours:
            now = stable(matrix.listing(address, by=owner))
            was = world.before[way, owner.name, address.name]
            matrix.check(f"{owner.name} sees another {address.name} than before", holds=now == was)
        homes = ("seller:home", "buyer:home", "admin:index")
        for person in world.people:
            home = next(address for address in LISTS if address.name in homes and address.side == person.side)
            seen = matrix.listing(home, by=person)
            matrix.check(f"{person.name} is not at home", holds=seen.status == 200 and HOME.lower() in seen.text)


@pytest.mark.parametrize("way", EITHER_ALONE)
def test_no_filter_and_no_search_finds_strangers(world: World, matrix: Matrix, way: Way) -> None:
    """What is searched for is half of the canary, so that the page's echo of it is not taken for a find.

    A query of names at which a page never looks is not sent: to the page it is the same as none (see ``queries``).
    """
    foreign = world.foreign
    seen: set[str] = set()
    with standing(way):
        for owner, address in _tours(world.people):
            refs = {model: str(getattr(rows[0], "ref", rows[0].pk)) for model, rows in foreign.samples.items()}
            queries = [f"q={FOREIGN[:5]}", f"q={FOREIGN[:5]}&state=open", "page=2", "o=1.-2", "all=", "_popup=1"]
            queries += [f"q={ref}" for ref in list(refs.values())[:2]]
            queries += [f"{edge}={refs[model]}" for edge in ("after", "before") for model in _listed(address)]
            queries += [f"{name}={foreign.parties.seller.pk}" for name in ("seller__id__exact", "seller", "buyer_id")]
            queries += [f"organisation={foreign.parties.buyer.ref}", f"contract={refs['contracts.Contract']}"]
            with watched() as looked:
                matrix.listing(address, by=owner)
                while asked := of_interest(queries, looked):
                    queries = [query for query in queries if query not in asked]
                    for query in asked:
                        matrix.listing(address, by=owner, query=f"?{query}")
            seen |= looked
    assert {EVERY_NAME, "q", "state", "after", "before", "organisation"} <= seen


def test_what_a_page_looks_at_is_noted() -> None:
    with watched() as looked:
        query = RequestFactory().get("/?q=x&page=2&o=1").GET
        assert (query.urlencode(), looked) == ("q=x&page=2&o=1", set())
        copied = query.copy()
        assert (copied.get("page"), "o" in copied) == ("2", True)
        assert looked == {"page", "o"}
        assert of_interest(["q=x", "o=2", "page=3&q=x"], looked) == ["o=2", "page=3&q=x"]
        assert dict(query)
        assert of_interest(["q=x"], looked) == ["q=x"]


def _listed(address: Address) -> list[str]:
    words = {"contract": "contracts.Contract", "invoice": "invoicing.Invoice", "funding": "financing.FundingRequest"}
    named = [model for word, model in words.items() if word in address.name]
    return named or ["financing.Tranche", "financing.Offer"] if address.side == "financier" else named


@pytest.mark.parametrize("address", WITHOUT_OBJECT, ids=lambda address: address.name)
def test_pages_without_an_object_take_every_method(world: World, matrix: Matrix, address: Address) -> None:
    for visitor in [*world.nobodies, *_owners(world.people)]:
        for method in METHODS:
            with undone():
                matrix.listing(address, by=visitor, method=method)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_forged_requests_are_refused_everywhere(world: World, matrix: Matrix, address: Address) -> None:
    """Also those about one's own objects."""
    inside = world.guests[:1] if address.is_link else world.inside(address, _owners(world.people))
    key = keys_of(address, world.home)[0] if address.parameters else ""
    with plain_refusals():
        for visitor in [*inside, world.nobodies[0]]:
            matrix.forged(address, by=visitor, key=visitor.token or key)


def test_the_page_that_refuses_forged_requests_shows_nothing_of_strangers(world: World, matrix: Matrix) -> None:
    """The page itself, with its navigation and its counts, as everybody sees it."""
    for visitor in [*world.nobodies, *world.people, *world.guests]:
        matrix.forged(NEW_DRAFT, by=visitor, key="")


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("field", forms.FIELDS, ids=lambda field: field.name)
def test_forms_take_no_reference_of_strangers(world: World, matrix: Matrix, field: Field, way: Way) -> None:
    person = next(one for one in world.people if one.membership == world.home.people[field.role])
    path = field.path(world.home)
    with standing(way):
        for ref in field.things(world.foreign):
            answer = matrix.sent(path, by=person, data=forms.data_of(field, ref, by=world.home))
            matrix.check(f"{field.name}: {answer.status} for {ref}", holds=answer.status in (404, 422))
        if field.own is not None:
            with undone():
                own = matrix.sent(
                    path, by=person, data=forms.data_of(field, field.things(world.home)[field.own], by=world.home)
                )
            matrix.check(f"{field.name}: {own.status} for one's own", holds=own.status == 302)


def test_every_workflow_with_a_reference_is_called() -> None:
    assert workflows.uncalled() == set()


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("call", workflows.CALLS, ids=lambda call: call.name)
def test_workflows_refuse_references_of_strangers(world: World, matrix: Matrix, call: Call, way: Way) -> None:
    with standing(way):
        for row in call.rows(world.foreign):
            try:
                call.run(row, by=world.home)
            except (Refused, ObjectDoesNotExist):
                matrix.check("refused", holds=True)
            else:
                matrix.check(f"{call.name} on {row} was done", holds=False)
    # Nothing here is in default, as what is written off has to be: tests/portals/financier/test_recourse.py does it.
    is_default_needed = call.name.startswith("write_off_advance")
    is_done_elsewhere = (
        call.parameter in ("successor_ref", "buyer_ref") or is_default_needed or call.role == workflows.GUEST
    )
    if way is Way.BOTH and not is_done_elsewhere:
        refusals: list[str] = []
        assert any(_may(call, row, by=world.foreign, refusals=refusals) for row in call.more_rows(world.foreign)), (
            refusals
        )


def _may(call: Call, row: object, *, by: Tenant, refusals: list[str]) -> bool:
    """Whether its own people may do it, a little later; undone afterwards."""
    try:
        with undone():
            call.run(row, by=by, at=NOW + call.after)
    except Refused as refused:
        refusals.append(str(refused))
        return False
    return True


def test_no_table_shows_rows_of_strangers(world: World, matrix: Matrix) -> None:
    """The second wall alone, without any page before it: read, change, remove, add."""
    own: set[str] = set()
    for name, actor in tables.actors_of(world.home):
        for table in tables.shown(actor, world.foreign):
            matrix.check(f"{name} sees strangers in {table}", holds=False)
        own |= tables.shown(actor, world.home)
        matrix.cells += len(world.foreign.rows)
    assert own == set(world.home.rows)
    for role in ("seller", "buyer", "financier"):
        found = tables.written(scenarios.actor_of(world.home.people[role]), world.foreign)
        matrix.check(f"{role}: {found}", holds=not found)
        matrix.cells += 3 * len(world.foreign.rows)


OWN_RECORDS = {
    "contracts_contracttemplate",
    "contracts_planupload",
    "financing_facility",
    "financing_offer",
    "financing_tranche",
    "invoicing_numberseries",
    "ledger_account",
    "ledger_balance",
    "ledger_book",
    "ledger_entry",
    "ledger_line",
    "parties_bankaccount",
    "parties_invitation",
    "parties_membership",
}


def test_a_guest_sees_one_contract_and_nothing_else_in_every_table(world: World, matrix: Matrix) -> None:
    """The second wall alone: no other contract of the buyer, and none of the buyer's own records."""
    guests = [(name, actor) for name, actor in tables.actors_of(world.home) if actor.contract_id is not None]
    assert guests
    for name, actor in guests:
        others = tables.of_other_contracts(actor)
        matrix.check(f"{name} sees other contracts in {others}", holds=not others)
        shown = tables.shown(actor, world.home)
        matrix.check(f"{name} sees {shown & OWN_RECORDS}", holds=not shown & OWN_RECORDS)
        matrix.check(f"{name} does not see the contract", holds="contracts_contract" in shown)


def test_no_filter_shows_rows_of_strangers(world: World, matrix: Matrix) -> None:
    """The first wall alone, without any page before it."""
    own: set[str] = set()
    with standing(Way.FIRST_ALONE):
        for name, actor in tables.actors_of(world.home):
            for model in walled_models():
                count = tables.filtered(model, actor, world.foreign)
                matrix.check(f"{name} sees {count} strangers among {model.__name__}", holds=count == 0)
                own |= {model._meta.label} if tables.filtered(model, actor, world.home) else set()
    assert own == {model._meta.label for model in walled_models()}


def test_no_side_reads_what_another_writes_for_itself(world: World, matrix: Matrix) -> None:
    """Drafts are the seller's own paper; of the seller's financing the buyer learns whom to pay, and no more."""
    secret = {"seller": (), "buyer": (DRAFT, FUNDING), "financier": (DRAFT,), "guest": (DRAFT, FUNDING)}
    seen: set[tuple[str, str]] = set()
    for visitor in [*_owners(world.people), *world.guests]:
        for address in ADDRESSES:
            if address.side != visitor.side:
                continue
            keys = keys_of(address, world.home) if address.parameters else [""]
            for key in [visitor.token] if address.model == addresses.TOKEN else keys:
                answer = visitor.asks("GET", address.path(key, token=visitor.token))
                seen |= {(visitor.side, word) for word in (DRAFT, FUNDING) if word in answer.text}
                for word in secret[visitor.side]:
                    sentence = f"{visitor.name} reads {word} on {address.name} {key}"
                    matrix.check(sentence, holds=word not in answer.text)
    assert {("seller", DRAFT), ("seller", FUNDING), ("financier", FUNDING)} <= seen


# --- the engine can fail -------------------------------------------------------------------------------------------

CONTRACT_PAGE = next(address for address in ADDRESSES if address.name == "seller:withdraw_contract")
TITLE_PAGE = next(address for address in ADDRESSES if address.name == "seller:save_template")
"""It shows a contract's title and asks for nothing else of it that has a wall of its own."""
NEW_DRAFT = next(address for address in ADDRESSES if address.name == "seller:draft_contract")


def _any_contract(_desk: Desk, _request: HttpRequest, ref: str) -> Contract:
    return Contract.objects.select_related("buyer", "seller").get(ref=ref)


def _findings(world: World, address: Address) -> list[str]:
    tried = Matrix()
    visitor = world.inside(address, world.people)[0]
    tried.attack(address, by=visitor, keys=keys_of(address, world.foreign), methods=("GET",))
    return tried.findings


def test_a_view_without_its_filter_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "contract", _any_contract)
    assert any("500" in finding for finding in _findings(world, CONTRACT_PAGE))
    with standing(Way.FIRST_ALONE):
        assert any(f"shows {FOREIGN}" in finding for finding in _findings(world, CONTRACT_PAGE))


def test_a_policy_that_lets_all_through_is_found(world: World) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER POLICY tenant ON contracts_contract USING (true)")
        try:
            with standing(Way.SECOND_ALONE):
                assert any(f"shows {FOREIGN}" in finding for finding in _findings(world, TITLE_PAGE))
            assert "contracts_contract" in tables.shown(scenarios.actor_of(world.home.people["seller"]), world.foreign)
        finally:
            policies.build(connections["owner"])


DOOR: Final = 6
"""What every page asks before its own questions: walls closed, session, person, walls, memberships, walls and time."""
MOST: Final = 6
PUT_TOGETHER: Final = {"seller:home", "buyer:home", "admin:index", "admin:portfolio", "admin:order_payments"}
"""First pages, the book of a financier in figures, and what of it is to be paid: no lists."""


def test_a_list_asks_at_most_six_questions_of_its_own(world: World) -> None:
    """Where there is something of everything: whatever a page shows beside its rows is asked for in these."""
    asked = {}
    for owner, address in _tours(world.people):
        if address.side and address.name not in PUT_TOGETHER:
            owner.asks("GET", address.path())  # what is asked once per process
            with CaptureQueriesContext(connections["default"]) as queries:
                answer = owner.asks("GET", address.path())
            if answer.status == HTTPStatus.OK:
                asked[address.name] = len(queries) - DOOR
    assert len(asked) > 40
    assert {name: count for name, count in asked.items() if count > MOST} == {}


def test_a_list_with_a_stranger_in_it_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, "known_to", lambda _request, side: list(Organisation.objects.all()))
    tried, owner = Matrix(), world.inside(NEW_DRAFT, world.people)[0]
    with standing(Way.FIRST_ALONE):
        answer = tried.listing(NEW_DRAFT, by=owner)
    assert any(f"shows {FOREIGN}" in finding for finding in tried.findings)
    assert stable(answer) != world.before[Way.FIRST_ALONE, owner.name, NEW_DRAFT.name]


def test_a_row_changed_behind_a_404_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = Organisation.objects.using("owner").filter(pk=world.foreign.parties.seller.pk)

    def touches(_desk: Desk, _request: HttpRequest, ref: str) -> Contract:
        strangers.update(city="Elsewhere")
        raise Http404

    rows, city = fingerprint(), strangers.get().city
    monkeypatch.setattr(Desk, "contract", touches)
    try:
        assert _findings(world, CONTRACT_PAGE) == []
        assert differences(rows, fingerprint()) == ["parties_organisation was changed"]
    finally:
        strangers.update(city=city)
        world.rows = fingerprint()


def test_a_door_that_takes_forged_requests_is_found(world: World) -> None:
    owner = world.inside(CONTRACT_PAGE, world.people)[0]
    tried = Matrix()
    owner.browser.handler.enforce_csrf_checks = False
    try:
        with undone():
            tried.forged(CONTRACT_PAGE, by=owner, key=keys_of(CONTRACT_PAGE, world.home)[0])
    finally:
        owner.browser.handler.enforce_csrf_checks = True
    assert len(tried.findings) >= len(UNSAFE)


def test_a_page_that_nobody_registered_is_found() -> None:
    found = addresses.addresses([path("new/<str:ref>/", lambda _request: HttpResponse(), name="new")])
    assert addresses.unregistered(found) == ["new"]
