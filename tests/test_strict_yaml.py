"""YAML is read as it is written, or refused with a sentence that names the line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import ConfigError
from strict_yaml import Findings, compose, edit_numbers, node_at, raise_mistakes, read_yaml, shown


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "a.yaml")
    return str(caught.value)


def test_plain_data_comes_back_as_it_is_written() -> None:
    data, _ = read_yaml('a: 1\nb: [0.5, .25, -3, true, null, "0174", 50-100, 501+]\nc: {d: }\n', "a.yaml")
    assert data == {"a": 1, "b": [0.5, 0.25, -3, True, None, "0174", "50-100", "501+"], "c": {"d": None}}


@pytest.mark.parametrize(
    "written", ["0174", "1_000", "0x1F", "1:30", "0b11", ".inf", ".nan", "1:30.5", "1_0.5"]
)
def test_numbers_that_are_not_what_they_look_like_are_refused(written: str) -> None:
    message = refused(f"a: 1\nb: {written}\n")
    assert "line 2" in message
    assert f'"{written}"' in message  # the remedy: quotes


@pytest.mark.parametrize("written", ["yes", "No", "on", "OFF"])
def test_words_that_yaml_takes_for_true_or_false_are_refused(written: str) -> None:
    assert "true or false" in refused(f"{written}: 1\n")


def test_dates_and_foreign_tags_are_refused() -> None:
    assert "date" in refused("a: 2026-02-11\n")
    assert "line 1" in refused("a: !!binary aGVsbG8=\n")
    assert "line 1" in refused("a: !!python/object:os.system x\n")


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:
    assert refused("a:\n  b: 1\n  c: 2\n  b: 3\n") == (
        "a.yaml: line 4: the key 'b' stands twice in one place. Remove one of the two."
    )


def test_aliases_and_merge_keys_are_refused() -> None:
    assert "alias" in refused("a: &x 100\nb: *x\n")
    assert "alias" in refused("a: &x {b: 1}\nc:\n  <<: *x\n")
    assert "alias" in refused("a: &x [*x]\n")  # a list that holds itself
    assert read_yaml("a: &x 100\n", "a.yaml")[0] == {"a": 100}  # an anchor nobody uses does no harm


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [1\nb: 2\n", "line 2"),
        ("a:\n\t- 1\n", "line 2"),
        ("a: b: c\n", "line 1"),
        ("a: 1\n---\nb: 2\n", "line 2"),
    ],
)
def test_broken_syntax_names_its_line(text: str, where: str) -> None:
    assert where in refused(text)


def test_what_is_no_text_or_empty_or_endless_is_refused() -> None:
    assert "character" in refused("a: \x01\n")
    assert "empty" in refused("# only a comment\n")
    assert "nested" in refused("[" * 5000)
    assert "list or a map" in refused("? [a]\n: 1\n")


def test_every_mistake_is_listed_at_once() -> None:
    message = refused("a: 0174\nb: yes\na: 1\n")
    assert message.startswith("a.yaml has 3 mistakes:\n- ")
    assert message.count("\n- ") == 3
    raise_mistakes("a.yaml", [])  # none: nothing happens


def test_nodes_say_where_a_value_stands() -> None:
    text = "\ufeffa:\r\n  b:   42 # why\r\n"
    node = node_at(compose(text, "a.yaml"), ("a", "b"))
    assert text[node.start_mark.index : node.end_mark.index] == "42"
    with pytest.raises(KeyError):
        node_at(compose(text, "a.yaml"), ("a", "c"))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text("abz 09:-#'\"\n", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(PLAIN, st.booleans())
def test_whatever_a_yaml_writer_writes_is_read_back(data: object, flow: bool) -> None:
    # PyYAML's writer is the other library: what it writes of plain data must come back the same.
    assert read_yaml(yaml.safe_dump({"data": data}, default_flow_style=flow), "a.yaml")[0] == {"data": data}


def test_findings_name_the_key_and_guess_what_was_meant() -> None:
    found = Findings()
    assert found.section({"wieghts": 1, "zzz": 2}, "a", ("weights", "limit")) == {"wieghts": 1, "zzz": 2}
    assert found.mistakes == [
        "a.wieghts: this key is unknown. Did you mean 'weights'?",
        "a.zzz: this key is unknown. Known here: weights, limit.",
        "a.limit: this key is missing. Add it.",
    ]
    found = Findings()
    assert found.number({"n": 5}, "n", "a", 0, 10, whole=True) == 5
    assert found.number({"n": None}, "n", "a", 0, 10, null=True) is None
    assert found.number({}, "n", "a", 0, 10) is None
    assert found.mistakes == []
    for wrong in (True, 11, -1, 2.5, "5", None, [1]):
        found.number({"n": wrong}, "n", "a", 0, 10, whole=True)
    assert len(found.mistakes) == 7
    assert found.mistakes[0] == "a.n: expected a whole number from 0 to 10, got true."
    assert found.word({"w": "rwa"}, "w", "", ("shrunk", "raw")) is None
    assert found.mistakes[-1] == "w: expected one of shrunk, raw, got the text 'rwa'. Did you mean 'raw'?"


def test_a_long_value_is_shown_short() -> None:
    assert len(shown("x" * 500)) < 60
    assert shown({}) == "a map"
    assert shown([1, 2]) == "a list of 2"
    assert shown((5, 4.5)) == "5, 4.5"


def test_only_the_digits_of_a_number_change():
    text = "# top\r\na: {b: 0.50 , c: 1}   # tail\nd:\n  'e':   2.0\n"
    assert edit_numbers(text, "x.yaml", {("a", "b"): 0.25, ("d", "e"): 3}) == (
        "# top\r\na: {b: 0.25 , c: 1}   # tail\nd:\n  'e':   3.0\n"
    )
    assert edit_numbers(text, "x.yaml", {("a", "b"): 0.5}) == text  # already so: 0.50 keeps its spelling


@pytest.mark.parametrize(
    ("path", "told"),
    [(("a", "z"), "under a.z"), (("a", "c", "d"), "under a.c.d"), (("a",), "to be a number")],
)
def test_a_path_without_a_number_is_told(path, told):
    with pytest.raises(ConfigError, match=told):
        edit_numbers("a: {c: 1}", "x.yaml", {path: 1.0})
