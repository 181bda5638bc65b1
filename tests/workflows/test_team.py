"""Setting up: organisations are founded, named and claimed, teams invited, changed and left."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.parties import services as parties
from apps.parties import tokens
from apps.parties.actor import Actor, Origin
from apps.parties.models import BankAccount, Invitation, Membership, Organisation, User
from apps.parties.roles import Role
from apps.parties.services import AccountData, OrganisationData
from apps.workflows import team
from tests import scenarios
from tests.races import together

ORIGIN = Origin(address="192.0.2.7", agent="Firefox", authenticated_by="code sent to e-mail")
COMPANY = OrganisationData(legal_name="Nordlicht Software GmbH", country="DE", vat_number="DE 136 695 976")


def person(email: str, name: str = "Sina Nord") -> User:
    return parties.enrol(email=email, name=name)


def owner(email: str = "sina@nordlicht.example", data: OrganisationData = COMPANY) -> Actor:
    """Somebody who founded an organisation, as an actor."""
    user = person(email)
    with walls.asking_for(user=user.pk):
        team.found_organisation(user=user, origin=ORIGIN, key="first", data=data)
        membership = Membership.objects.select_related("user", "organisation").get(user=user)
    return parties.actor_for(membership, origin=scenarios.shown_now(ORIGIN))


def verbs(actor: Actor) -> list[str]:
    return list(Entry.objects.visible_to(actor).order_by("chain_id", "position").values_list("verb", flat=True))


@contextmanager
def invited(actor: Actor, *, email: str, roles: frozenset[str] = frozenset({Role.APPROVER})) -> Iterator[str]:
    """The token of a new invitation."""
    with scenarios.acting(actor):
        answer = team.invite_member(actor=actor, key=scenarios.key(), email=email, roles=roles)
        yield tokens.token_for(purpose="invitation", ref=answer["invitation"])


def join(user: User, token: str) -> dict[str, str]:
    with walls.asking_for(user=user.pk):
        walls.enter(user=user.pk, token=tokens.digest_of(token))
        return team.accept_invitation(user=user, origin=ORIGIN, token=token)


def added(actor: Actor, email: str, *roles: str) -> Membership:
    """A member who came by invitation."""
    with invited(actor, email=email, roles=frozenset(roles)) as token:
        pass
    user = person(email, "New Member")
    join(user, token)
    with scenarios.acting(actor):
        return Membership.objects.live().select_related("user", "organisation").get(user=user)


def actor_of(membership: Membership) -> Actor:
    with walls.asking_for(membership.organisation_id):
        return parties.actor_for(
            Membership.objects.select_related("user", "organisation").get(pk=membership.pk), origin=ORIGIN
        )


@pytest.mark.django_db
class TestFounding:
    def test_the_founder_owns_the_organisation_and_it_is_on_record(self) -> None:
        actor = owner()
        with scenarios.acting(actor):
            organisation = Organisation.objects.get(pk=actor.organisation_id)
            assert (organisation.legal_name, organisation.vat_number) == ("Nordlicht Software GmbH", "DE136695976")
            assert organisation.is_claimed
            assert actor.roles == {Role.OWNER}
            assert verbs(actor) == ["organisation.founded"]

    def test_the_same_key_founds_once(self) -> None:
        user = person("sina@nordlicht.example")
        with walls.asking_for(user=user.pk):
            first = team.found_organisation(user=user, origin=ORIGIN, key="k1", data=COMPANY)
            again = team.found_organisation(user=user, origin=ORIGIN, key="k1", data=COMPANY)
            other = team.found_organisation(user=user, origin=ORIGIN, key="k2", data=COMPANY)
            assert first == again != other
            assert Membership.objects.filter(user=user).count() == 2

    def test_wrong_data_founds_nothing(self) -> None:
        user = person("sina@nordlicht.example")
        wrong = OrganisationData(legal_name="Nordlicht", country="DE", vat_number="DE000000000")
        with walls.asking_for(user=user.pk):
            with pytest.raises(Refused, match="VAT number"):
                team.found_organisation(user=user, origin=ORIGIN, key="k", data=wrong)
            assert not Organisation.objects.filter(founded_by=user).exists()

    def test_a_stranger_sees_nothing_of_it(self) -> None:
        actor = owner()
        stranger = owner("eve@elsewhere.example", OrganisationData(legal_name="Elsewhere", country="FR"))
        with scenarios.acting(stranger):
            assert not Organisation.objects.filter(pk=actor.organisation_id).exists()
            assert not Membership.objects.filter(organisation_id=actor.organisation_id).exists()
            assert verbs(stranger) == ["organisation.founded"]


@pytest.mark.django_db
class TestOrganisation:
    def test_the_owner_changes_its_data_but_not_what_it_does_here(self) -> None:
        actor = owner()
        changed = OrganisationData(legal_name="Nordlicht AG", country="DE", city="Kiel", is_financier=True)
        with scenarios.acting(actor):
            team.change_organisation(actor=actor, key="k", data=changed)
            organisation = Organisation.objects.get(pk=actor.organisation_id)
            assert (organisation.legal_name, organisation.city) == ("Nordlicht AG", "Kiel")
            assert not organisation.is_financier

    def test_a_member_who_is_no_owner_changes_neither_data_nor_account(self) -> None:
        actor = actor_of(added(owner(), "dario@nordlicht.example", Role.DELIVERY))
        with scenarios.acting(actor):
            with pytest.raises(NotAllowed):
                team.change_organisation(actor=actor, key="k", data=COMPANY)
            with pytest.raises(NotAllowed):
                team.set_bank_account(actor=actor, key="k", account=AccountData(holder="D", currency="EUR"))

    def test_one_account_per_currency_is_the_default(self) -> None:
        actor = owner()
        first = AccountData(holder="Nordlicht", currency="EUR", iban="DE89 3704 0044 0532 0130 00")
        second = AccountData(holder="Nordlicht", currency="EUR", iban="DE75 5121 0800 1245 1261 99")
        dollars = AccountData(holder="Nordlicht", currency="USD", account_number="1234567", routing_number="111000025")
        with scenarios.acting(actor):
            for account in (first, second, dollars, first):
                team.set_bank_account(actor=actor, key=scenarios.key(), account=account)
            accounts = BankAccount.objects.visible_to(actor)
            assert accounts.count() == 3
            euro = parties.default_account(organisation_id=actor.organisation_id, currency="EUR")
            dollar = parties.default_account(organisation_id=actor.organisation_id, currency="USD")
            assert euro is not None
            assert dollar is not None
            assert euro.iban == "DE89370400440532013000"
            assert dollar.account_number == "1234567"
            assert verbs(actor).count("bank_account.set") == 4

    @pytest.mark.parametrize(
        ("account", "field"),
        [
            (AccountData(holder="", currency="EUR", iban="DE89370400440532013000"), "holder"),
            (AccountData(holder="N", currency="EUR"), "iban"),
            (AccountData(holder="N", currency="EUR", iban="DE00"), "iban"),
            (AccountData(holder="N", currency="USD", account_number="1234567"), "routing_number"),
            (AccountData(holder="N", currency="XYZ", iban="DE89370400440532013000"), "currency"),
        ],
    )
    def test_a_wrong_account_is_refused_at_its_field(self, account: AccountData, field: str) -> None:
        actor = owner()
        with scenarios.acting(actor):
            with pytest.raises(Refused) as refusal:
                team.set_bank_account(actor=actor, key="k", account=account)
            assert refusal.value.field == field
            assert not BankAccount.objects.visible_to(actor).exists()

    def test_a_counterparty_is_named_once_and_recorded_with_the_seller(self) -> None:
        actor = owner()
        buyer = OrganisationData(legal_name="Meridian AG", country="DE", is_financier=True)
        with scenarios.acting(actor):
            answer = team.name_counterparty(actor=actor, key="k1", data=buyer)
            named = Organisation.objects.visible_to(actor).get(ref=answer["organisation"])
            assert not named.is_claimed
            assert not named.is_financier
            assert verbs(actor) == ["organisation.founded", "counterparty.named"]
            with pytest.raises(Refused, match="already wrote down"):
                team.name_counterparty(actor=actor, key="k2", data=buyer)


@pytest.mark.django_db
class TestInvitations:
    def test_the_invited_mailbox_joins_with_the_roles_of_the_invitation(self) -> None:
        actor = owner()
        with scenarios.acting(actor):
            answer = team.invite_member(
                actor=actor,
                key="k",
                email=" Bea@Nordlicht.example ",
                roles=frozenset({Role.APPROVER}),
                approval_limit=Decimal("5000"),
            )
        token = tokens.token_for(purpose="invitation", ref=answer["invitation"])
        user = person("bea@nordlicht.example", "Bea")
        join(user, token)
        with scenarios.acting(actor):
            membership = Membership.objects.live().get(user=user)
            assert (membership.roles, membership.approval_limit) == ([Role.APPROVER], Decimal("5000.00"))
            assert verbs(actor) == ["organisation.founded", "member.invited", "member.joined"]

    def test_an_invitation_defers_its_mail_and_keeps_no_token(self) -> None:
        actor = owner()
        with invited(actor, email="bea@nordlicht.example") as token, connection.cursor() as cursor:
            cursor.execute("SELECT args::text FROM procrastinate_jobs WHERE task_name LIKE '%send_invitation'")
            (arguments,) = cursor.fetchone()
            assert token not in arguments
            invitation = Invitation.objects.get()
            assert invitation.token_sha256 == tokens.digest_of(token)

    def test_a_second_click_changes_nothing(self) -> None:
        with invited(owner(), email="bea@nordlicht.example") as token:
            pass
        user = person("bea@nordlicht.example")
        assert join(user, token) == join(user, token)

    def test_another_mailbox_is_refused(self) -> None:
        with invited(owner(), email="bea@nordlicht.example") as token:
            pass
        with pytest.raises(NotAllowed, match=r"for bea@nordlicht\.example"):
            join(person("eve@elsewhere.example"), token)

    def test_an_unverified_mailbox_is_refused(self) -> None:
        with invited(owner(), email="bea@nordlicht.example") as token:
            pass
        user = User.objects.create_user("bea@nordlicht.example")
        with pytest.raises(NotAllowed):
            join(user, token)

    def test_a_used_invitation_says_so(self) -> None:
        actor = owner()
        with invited(actor, email="bea@nordlicht.example") as token:
            pass
        user = person("bea@nordlicht.example")
        answer = join(user, token)
        with scenarios.acting(actor):
            team.end_membership(actor=actor, key="k", membership_ref=answer["membership"])
        with pytest.raises(Refused, match="already used"):
            join(user, token)

    def test_a_revoked_invitation_says_so(self) -> None:
        actor = owner()
        with invited(actor, email="bea@nordlicht.example") as token:
            team.revoke_invitation(actor=actor, key="k", invitation_ref=Invitation.objects.get().ref)
        with pytest.raises(Refused, match="withdrawn"):
            join(person("bea@nordlicht.example"), token)

    def test_an_expired_invitation_says_so(self) -> None:
        with invited(owner(), email="bea@nordlicht.example") as token:
            pass
        user = person("bea@nordlicht.example")
        with clock.stopped(clock.now() + timedelta(days=14)), pytest.raises(Refused, match="expired"):
            join(user, token)

    def test_an_invented_token_is_refused(self) -> None:
        with pytest.raises(Refused, match="no such invitation"):
            join(person("bea@nordlicht.example"), "x" * 43)

    def test_inviting_again_ends_the_earlier_invitation(self) -> None:
        actor = owner()
        with invited(actor, email="bea@nordlicht.example") as first:
            pass
        with invited(actor, email="bea@nordlicht.example") as second:
            pass
        user = person("bea@nordlicht.example")
        with pytest.raises(Refused, match="withdrawn"):
            join(user, first)
        join(user, second)

    def test_a_member_is_not_invited_again(self) -> None:
        actor = owner()
        added(actor, "bea@nordlicht.example", Role.APPROVER)
        with scenarios.acting(actor), pytest.raises(Refused, match="already belongs"):
            team.invite_member(actor=actor, key="k", email="Bea@nordlicht.example", roles=frozenset({Role.BILLING}))

    def test_only_an_owner_invites(self) -> None:
        actor = actor_of(added(owner(), "dario@nordlicht.example", Role.DELIVERY))
        with scenarios.acting(actor), pytest.raises(NotAllowed):
            team.invite_member(actor=actor, key="k", email="x@nordlicht.example", roles=frozenset({Role.OWNER}))


@pytest.mark.django_db
class TestMembers:
    def test_the_last_owner_stays_one(self) -> None:
        actor = owner()
        with scenarios.acting(actor):
            own = Membership.objects.visible_to(actor).get()
            with pytest.raises(Refused, match="needs an owner"):
                team.change_member(actor=actor, key="k1", membership_ref=own.ref, roles=frozenset({Role.BILLING}))
            with pytest.raises(Refused, match="needs an owner"):
                team.end_membership(actor=actor, key="k2", membership_ref=own.ref)

    def test_the_last_owner_leaves_by_handing_over(self) -> None:
        actor = owner()
        heir = added(actor, "dario@nordlicht.example", Role.DELIVERY)
        with scenarios.acting(actor):
            own = Membership.objects.visible_to(actor).get(user__email=actor.email)
            team.end_membership(actor=actor, key="k", membership_ref=own.ref, successor_ref=heir.ref)
            heir.refresh_from_db()
            own.refresh_from_db()
            assert heir.roles == [Role.DELIVERY, Role.OWNER]
            assert own.ended_at is not None

    def test_a_member_leaves_but_removes_nobody(self) -> None:
        first = owner()
        actor = actor_of(added(first, "dario@nordlicht.example", Role.DELIVERY))
        other = added(first, "bea@nordlicht.example", Role.APPROVER)
        with scenarios.acting(actor):
            with pytest.raises(NotAllowed):
                team.end_membership(actor=actor, key="k1", membership_ref=other.ref)
            own = Membership.objects.visible_to(actor).live().get(user__email=actor.email)
            team.end_membership(actor=actor, key="k2", membership_ref=own.ref)
            assert not Membership.objects.live().filter(pk=own.pk).exists()

    def test_a_member_of_another_organisation_does_not_exist_here(self) -> None:
        actor = owner()
        stranger = owner("eve@elsewhere.example", OrganisationData(legal_name="Elsewhere", country="FR"))
        with scenarios.acting(stranger):
            theirs = Membership.objects.visible_to(stranger).get().ref
        with scenarios.acting(actor), pytest.raises(Refused, match="no longer belongs"):
            team.change_member(actor=actor, key="k", membership_ref=theirs, roles=frozenset({Role.BILLING}))

    def test_changed_roles_are_on_record(self) -> None:
        actor = owner()
        member = added(actor, "bea@nordlicht.example", Role.DELIVERY)
        with scenarios.acting(actor):
            team.change_member(
                actor=actor,
                key="k",
                membership_ref=member.ref,
                roles=frozenset({Role.APPROVER}),
                approval_limit=Decimal("100"),
            )
            entry = Entry.objects.visible_to(actor).get(verb="member.changed")
            assert '"approval_limit":"100"' in entry.text
            assert '"roles":["approver"]' in entry.text


@pytest.mark.django_db
class TestClaiming:
    def test_the_signatory_of_a_contract_claims_its_organisation(self) -> None:
        story = scenarios.organisations()
        buyer = scenarios.named_buyer(story)
        draft = scenarios.software_draft(
            story, buyer_ref=buyer.ref, signatory_name="Hanna Hafen", signatory_email="hanna@hafen.example"
        )
        scenarios.proposed_contract(story, draft=draft)
        user = person("hanna@hafen.example", "Hanna Hafen")
        with walls.asking_for(user=user.pk):
            assert team.claimable_organisations(user=user) == [buyer]
            first = team.claim_organisation(user=user, origin=ORIGIN, organisation_ref=buyer.ref)
            assert first == team.claim_organisation(user=user, origin=ORIGIN, organisation_ref=buyer.ref)
            assert team.claimable_organisations(user=user) == []
        actor = scenarios.owner_of(buyer.pk)
        assert actor.user_id == user.pk
        with scenarios.acting(actor):
            assert verbs(actor)[-1] == "organisation.claimed"

    def test_nobody_else_claims_it_and_nobody_claims_it_twice(self) -> None:
        story = scenarios.organisations()
        buyer = scenarios.named_buyer(story)
        stranger = person("eve@elsewhere.example")
        with walls.asking_for(user=stranger.pk):
            assert team.claimable_organisations(user=stranger) == []
            with pytest.raises(NotAllowed, match="No contract names you"):
                team.claim_organisation(user=stranger, origin=ORIGIN, organisation_ref=buyer.ref)
            with pytest.raises(NotAllowed, match="No contract names you"):
                team.claim_organisation(user=stranger, origin=ORIGIN, organisation_ref=story.buyer.ref)

    def test_an_owned_organisation_is_not_claimed_by_its_signatory(self) -> None:
        story = scenarios.organisations()
        scenarios.proposed_contract(story)
        signatory = story.people["payables"].user
        with walls.asking_for(user=signatory.pk), pytest.raises(NotAllowed):
            team.claim_organisation(user=signatory, origin=ORIGIN, organisation_ref=story.buyer.ref)


def test_of_two_owners_who_remove_each_other_at_once_one_stays(scratch: str) -> None:
    first = owner()
    second = actor_of(added(first, "dario@nordlicht.example", Role.OWNER))
    with scenarios.acting(first):
        refs = dict(Membership.objects.visible_to(first).values_list("user__email", "ref"))

    def remove(actor: Actor, victim: Actor) -> str:
        with walls.asking_for(actor.organisation_id, user=actor.user_id):
            return team.end_membership(actor=actor, key="k", membership_ref=refs[victim.email])["membership"]

    outcomes = together(lambda: remove(first, second), lambda: remove(second, first))
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    with scenarios.acting(first):
        assert Membership.objects.live().filter(organisation_id=first.organisation_id).count() == 1


def test_of_eight_clicks_on_one_invitation_one_membership_comes(scratch: str) -> None:
    actor = owner()
    with invited(actor, email="bea@nordlicht.example") as token:
        pass
    user = person("bea@nordlicht.example")
    outcomes = together(*[lambda: join(user, token)] * 8)
    assert len({str(outcome) for outcome in outcomes}) == 1
    with scenarios.acting(actor):
        assert Membership.objects.live().filter(user=user).count() == 1


def test_of_eight_clicks_on_found_one_organisation_comes(scratch: str) -> None:
    user = person("sina@nordlicht.example")

    def found() -> str:
        with walls.asking_for(user=user.pk):
            return team.found_organisation(user=user, origin=ORIGIN, key="k", data=COMPANY)["organisation"]

    outcomes = together(*[found] * 8)
    assert len({str(outcome) for outcome in outcomes}) == 1
    with walls.asking_for(user=user.pk):
        assert Membership.objects.filter(user=user).count() == 1


def test_inviting_and_changing_a_member_at_once_do_not_wait_for_each_other_for_ever(scratch: str) -> None:
    actor = owner()
    member = added(actor, "bea@nordlicht.example", Role.APPROVER)

    def invite(number: int) -> str:
        with scenarios.acting(actor):
            email, roles = f"new{number}@nordlicht.example", frozenset({Role.DELIVERY})
            return team.invite_member(actor=actor, key=scenarios.key(), email=email, roles=roles)["invitation"]

    def change(number: int) -> str:
        roles = frozenset({Role.APPROVER if number % 2 else Role.DELIVERY})
        with scenarios.acting(actor):
            answer = team.change_member(actor=actor, key=scenarios.key(), membership_ref=member.ref, roles=roles)
            return answer["membership"]

    for number in range(4):
        outcomes = together(lambda n=number: invite(n), lambda n=number: change(n))  # type: ignore[misc]
        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
