"""Who may do what, and under which name."""

from __future__ import annotations

import pytest

from actors import ROLES, Actor, given_reason, named_actor, require, same_person
from errors import InputError, Refused


def test_a_role_may_all_that_the_ones_before_it_may() -> None:
    allowed = {role: [other for other in ROLES if Actor("Ana", role).may(other)] for role in ROLES}
    assert allowed == {
        "viewer": ["viewer"],
        "ops": ["viewer", "ops"],
        "manager": ["viewer", "ops", "manager"],
        "admin": ["viewer", "ops", "manager", "admin"],
    }


def test_a_name_is_kept_without_stray_blanks() -> None:
    assert named_actor("  Ana \t María\n Ruiz ") == Actor("Ana María Ruiz", "manager")
    assert named_actor("O'Brien-Núñez", "admin") == Actor("O'Brien-Núñez", "admin")


@pytest.mark.parametrize("name", ["", "   ", "\t\n", "\u00a0"])
def test_an_empty_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="name was expected"):
        named_actor(name)


@pytest.mark.parametrize("name", ["Ana\x00", "Ana\x1b[31mRuiz", "Ana \udcff", "Ana\u202eziuR", "\u200b"])
def test_a_name_of_characters_that_nobody_can_see_is_refused(name: str) -> None:
    # A terminal code, half a surrogate (an argument that is not UTF-8), a reversed reading direction, no
    # width.
    with pytest.raises(InputError, match="cannot be shown"):
        named_actor(name)


def test_the_length_of_a_name_has_an_end() -> None:
    assert named_actor("x" * 120).name == "x" * 120
    with pytest.raises(InputError, match="120 characters; this one has 121"):
        named_actor("x" * 121)


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="viewer, ops, manager, admin"):
        named_actor("Ana", "root")


def test_require_says_who_may_not_do_what_and_which_role_it_takes() -> None:
    require(Actor("Ana", "manager"), "manager", "approve scores")
    with pytest.raises(Refused) as caught:
        require(Actor("Ana", "ops"), "manager", "approve scores")
    assert str(caught.value) == (
        "Ana is signed in as ops and may not approve scores; that takes the role manager. "
        "Ask an administrator to change the role."
    )


def test_a_reason_is_asked_for_in_words_of_the_act_and_kept_on_one_line() -> None:
    assert given_reason("  They\n sell.\t") == "They sell."
    with pytest.raises(InputError, match=r"reason was expected, but it is empty\. Say why it is void\."):
        given_reason(" \n", "Say why it is void.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana Ruiz", " ana  RUIZ "),
        ("Jos\u00e9", "Jose\u0301"),  # an accent in one letter, and put on top
        ("Ana Ruiz", "\u0410n\u0430 Ruiz"),  # Cyrillic A and a
        ("Otto", "\u039ftt\u03bf"),  # Greek omicron
        ("Ana", "\uff21na"),  # a wide A
        ("Strauß", "STRAUSS"),
    ],
)
def test_a_person_stays_the_same_however_the_name_is_spelled(one: str, other: str) -> None:
    assert same_person(one, other)


def test_other_names_are_other_people() -> None:
    assert not same_person("José", "Jose")
    assert not same_person("Ana Ruiz", "Anna Ruiz")
    assert not same_person("Иван", "Анна")
