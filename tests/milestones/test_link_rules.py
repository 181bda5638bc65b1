"""Links that show how a criterion is met: which are kept, and which are refused in words."""

import pytest

from apps.core.errors import Refused
from apps.milestones import rules
from apps.milestones.rules import CriterionText, Link

PAGE = "https://test.example/a/b?x=1&y=a@b#top"


def test_a_link_is_kept_as_it_was_typed_and_an_empty_row_is_no_link() -> None:
    given = [Link(" Test system ", f" {PAGE}\n"), Link("", ""), Link("  ", "")]
    assert rules.checked_links(given, field="links") == [Link("Test system", PAGE)]


def test_a_link_without_a_title_is_called_by_its_host() -> None:
    assert rules.checked_links([Link("", PAGE)], field="links") == [Link("test.example", PAGE)]


def test_the_scheme_is_written_small_whatever_a_phone_makes_of_it() -> None:
    given = [Link("Test", PAGE.replace("https", "Https"))]
    assert rules.checked_links(given, field="links") == [Link("Test", PAGE)]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (Link("Only a title", ""), "Give the address of “Only a title” too"),
        *(
            (Link("a", url), "is no address that can stand here")
            for url in (
                "http://test.example/",
                "javascript:alert(1)",
                "//test.example/",
                "https:/test.example",
                "https://",
                "https:///path",
                "https://bank.example@evil.example/",
                "https://test.example/a b",
                "https://t\u0435st.example/",
                "https://test.example:no/",
                'https://test.example/"onclick=',
            )
        ),
        (Link("a", "https://test.example/" + "x" * 980), "An address has at most 1000 characters"),
        (Link("a" * 121, PAGE), "The title of a link has at most 120 characters"),
        (Link("a\u202eb", PAGE), "signs that cannot be seen"),
    ],
)
def test_what_is_no_link_is_refused(link: Link, words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.checked_links([link], field="links")


def test_at_most_five_stand_in_one_place() -> None:
    rules.checked_links([Link("", PAGE)] * 5, field="links")
    with pytest.raises(Refused, match="At most 5 links"):
        rules.checked_links([Link("", PAGE)] * 6, field="links")


def test_a_link_stands_in_the_text_that_is_hashed_and_nothing_does_where_there_is_none() -> None:
    def text(*links: Link) -> str:
        criterion = CriterionText(1, "It works.", False, True, "", (), links)
        return rules.submission_text(
            contract={}, milestone={}, cycle=1, note="", criteria=[criterion], files=(), links=links
        )

    assert text(Link("Test", PAGE)).count(PAGE) == 2
    assert "links" not in text()


def test_a_link_is_no_evidence_where_evidence_was_agreed() -> None:
    """What stands there may change; a file is kept with its hash."""
    with pytest.raises(Refused, match="attach a file"):
        rules.check_complete([CriterionText(1, "It works.", True, True, "", (), (Link("Test", PAGE),))])
