"""Write docs/configuration.md and docs/commands.md anew, from config/*.yaml with its checkers and from the scripts themselves."""

from __future__ import annotations

import argparse
import copy
import importlib
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple, NoReturn
from unittest.mock import patch

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from analytics.accuracy_targets import read_accuracy_rules
from analytics.alert_rules import read_alert_rules
from analytics.pipeline_scores import read_pipeline_rules
from analytics.tuning import read_tuning_rules
from deals import read_deal_rules
from errors import ConfigError
from icp import read_icp
from lead_columns import read_columns, read_industries
from lead_schema import read_api_rules
from scripts.command import DONE, PARTLY, parser, run
from settings import ROOT
from strict_yaml import compose, entries, read_yaml
from vanillasoft_layout import read_layout
from zoho_profile import read_profile

FILES: dict[str, tuple[str, Callable[[Path], Any] | None]] = {
    "icp.yaml": ("Scoring, filters, export and calibration", read_icp),
    "columns.yaml": ("The headers of lead files", read_columns),
    "industries.yaml": ("A SIC code from an industry", read_industries),
    "sic_names.yaml": ("Names of SIC codes", None),
    "vanillasoft.yaml": ("The dialler's columns", read_layout),
    "zoho.yaml": ("What Zoho's modules, fields and stages mean", read_profile),
    "deals.yaml": ("The headers and words of deal files", read_deal_rules),
    "pipeline.yaml": ("Scores of open deals", read_pipeline_rules),
    "accuracy.yaml": ("What counts as right and wrong", read_accuracy_rules),
    "tuning.yaml": ("What the tuning tab compares with", read_tuning_rules),
    "alerts.yaml": ("When somebody is told", read_alert_rules),
    "api.yaml": ("What programs may send", read_api_rules),
}
_HEAD = """# Configuration: every key

Made by `python -m scripts.render_reference` from the files in `config/`, their comments and their checkers; do not edit it.

A file that is changed works at once: HADES reads it again for every act. A mistake in it is a sentence that names the key,
on every page and from every command, and nothing is done by halves. A key may be left out only where its file says so.
**May be** is what the checker says when it refuses something else; **shipped** is the value of this release.
Environment variables and secrets stand in the [settings](deploy.md#settings).
"""
_COMMANDS = """# Commands

Made by `python -m scripts.render_reference` from the commands themselves; do not edit it.

Each is run from the folder of HADES as `.venv/bin/python -m scripts.NAME`, with the same settings as the app. `--help` tells what
stands here. With `--json` the result is one JSON object on standard output, an error `{"error": {"kind", "message"}}`.

| exit code | meaning |
|---|---|
| 0 | done; rows that could not be used are listed with their reason |
| 1 | a part of the work failed, which is said; only the commands that name it below |
| 2 | refused: a sentence says what was expected and what to do; nothing was changed |
"""
_VAGUE = ("a word", "a text or a list of texts")  # a more telling complaint wins over these
_BAR = "\\|"  # in a cell


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """written: the names of the documents that differed, and with --check still do."""
    options = parser("scripts.render_reference", __doc__ or "")
    options.add_argument("--check", action="store_true", help="write nothing; 1 when a document is stale")
    said = options.parse_args(argv)
    pages = {"configuration.md": configuration(), "commands.md": commands()}
    folder = ROOT / "docs"
    stale = [
        name for name, text in pages.items()
        if not (folder / name).exists() or (folder / name).read_text("utf-8") != text
    ]  # fmt: skip
    for name in [] if said.check else stale:
        (folder / name).write_text(pages[name], encoding="utf-8")
    text = f"{', '.join(stale)} {'is stale' if said.check else 'written'}." if stale else "All up to date."
    return {"written": stale}, text, PARTLY if said.check and stale else DONE


# --- Configuration ---------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A row of the reference: the ways to the values it stands for (several where entries are alike), and its comment."""

    shown: str
    paths: list[tuple[Any, ...]]
    note: str


def configuration() -> str:
    """The text of docs/configuration.md: a section per file, a row per key: meaning, what it may be, shipped value."""
    assert set(FILES) | {"zoho_locatings.yaml"} == {path.name for path in (ROOT / "config").glob("*.yaml")}
    return "\n".join([_HEAD, *(_file(name, title, read) for name, (title, read) in FILES.items())])


def _file(name: str, title: str, read: Callable[[Path], Any] | None) -> str:
    text = (ROOT / "config" / name).read_text("utf-8")
    lines, data = text.splitlines(), read_yaml(text, name)[0]
    top = next(n for n, line in enumerate([*lines, ""]) if not line.startswith("#"))
    keys = list(_keys(compose(text, name), lines, top))
    rules = ["" if not key.paths else _rule(name, data, key.paths[0], read) for key in keys]
    alike = {re.sub(r"\d+|'[^']*'", "", rule) for rule in rules if rule}
    parts = [f"## {title}: `config/{name}`\n", _block(line.removeprefix("#") for line in lines[:top])]
    if len(alike) == 1:
        parts.append(f"Each key may be: {next(filter(None, rules))}.\n")
    head = ("key", *(["may be"] * (len(alike) > 1)), "shipped", "meaning")
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for key, rule in zip(keys, rules, strict=True):
        note = "in the block below" if "\n" in key.note else key.note
        cells = (f"`{key.shown}`", *([rule] * (len(alike) > 1)), _shipped(data, key.paths), note)
        rows.append(f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |")
    blocks = [f"`{key.shown}`:\n\n{_block(key.note.splitlines())}" for key in keys if "\n" in key.note]
    return "\n".join([*parts, *rows, "", *blocks])


def _block(lines: Iterable[str]) -> str:
    return "```text\n" + dedent("\n".join(lines)) + "\n```\n"


def _keys(root: Node, lines: list[str], top: int) -> Iterator[Key]:
    """The rows of a file in its order; keys that are alike and without comments share one."""

    def note(line: int, above: int) -> str:
        """The comment over and beside the key in `line`, unless its line belongs to the key `above` already."""
        if line == above:
            return ""
        found: list[str] = []
        while line - 1 - len(found) >= top and lines[line - 1 - len(found)].lstrip().startswith("#"):
            found.append(lines[line - 1 - len(found)].strip().removeprefix("#"))
        over = [words for words in reversed(found) if words.strip(" -")]
        beside = re.search(r"\s#\s(.+)$", lines[line])
        over += [f" {beside[1]}"] if beside else []
        if any("   " in words.strip() for words in over):
            return "\n".join(over)  # a table of its own
        return " ".join(words.strip() for words in over)

    def walk(node: Node, paths: list[tuple[Any, ...]], shown: str, above: int) -> Iterator[Key]:
        if isinstance(node, SequenceNode):
            yield from together([(place, entry) for place, entry in enumerate(node.value)], paths, shown)
            return
        found = [(key, value, note(key.start_mark.line, above)) for key, value in entries(node)]
        simple = not any(_inside(value) for _, value, _ in found)
        if (
            simple
            and len(found) > 4
            and (
                (paths[0] and not any(n for _, _, n in found))
                or (len(found) > 20 and all(isinstance(value, ScalarNode) for _, value, _ in found))
            )
        ):
            yield Key(
                f"{shown}.*".lstrip("."), [(*path, key.value) for path in paths for key, _, _ in found], ""
            )
            return
        if (
            found
            and all(_inside(value) and _scalars(value) and not n for _, value, n in found)
            and len(found) > 2
        ):
            yield from together([(key.value, value) for key, value, _ in found], paths, shown)
            return
        for key, value, words in found:
            here, name = [(*path, key.value) for path in paths], f"{shown}.{key.value}".lstrip(".")
            if not _inside(value):
                yield Key(name, here, words)
                continue
            if words:
                yield Key(name, [], words)
            yield from walk(value, here, name, key.start_mark.line)

    def together(alike: list[tuple[Any, Node]], paths: list[tuple[Any, ...]], shown: str) -> Iterator[Key]:
        """One row for each key that any of these entries has."""
        names: dict[str, list[tuple[Any, ...]]] = {}
        notes: dict[str, str] = {}
        for place, entry in alike:
            for key, _ in entries(entry):
                names.setdefault(str(key.value), []).extend((*path, place, key.value) for path in paths)
                notes.setdefault(
                    str(key.value),
                    note(key.start_mark.line, -1) if not getattr(entry, "flow_style", False) else "",
                )
        for name, here in names.items():
            yield Key(f"{shown}.*.{name}", here, notes[name])

    yield from walk(root, [()], "", -1)


def _inside(node: Node) -> bool:
    """Whether keys lie below."""
    if isinstance(node, SequenceNode):
        return any(isinstance(entry, MappingNode) for entry in node.value)
    return isinstance(node, MappingNode) and bool(node.value)


def _scalars(node: Node) -> bool:
    return all(isinstance(value, ScalarNode) or not _inside(value) for _, value in entries(node))


def _shipped(data: Any, paths: list[tuple[Any, ...]]) -> str:
    """The value; of several each with its name while they are few, else the first ones."""
    if len(paths) < 2:
        return "".join(f"`{_text(_at(data, path))}`" for path in paths)
    differing = next(place for place in range(-1, -9, -1) if len({path[place] for path in paths}) > 1)
    named = [f"{path[differing]}: {_text(_at(data, path))}" for path in paths]
    if isinstance(paths[0][differing], int):
        named = [_text(_at(data, path)) for path in paths]
    whole = ", ".join(dict.fromkeys(named))
    return f"`{whole}`" if len(whole) <= 900 else f"`{', '.join(named[:3])}`, … ({len(named)} in all)"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return "{}" if value == {} else str(value)


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        data = data[_as_there(data, part)]
    return data


def _rule(name: str, data: Any, path: tuple[Any, ...], read: Callable[[Path], Any] | None) -> str:
    """What the checker of the file expects at this key, in its own words; it is shown a list and a text that fit nowhere."""
    said = [_complaint(name, data, path, read, [{"?": "?"}])] if read else []
    if read and (said[0] in (None, *_VAGUE) or isinstance(_at(data, path), str)):
        said.append(_complaint(name, data, path, read, "?"))
    found = [words for words in dict.fromkeys(said) if words]
    if len(found) > 1 and found[0] in _VAGUE:
        del found[0]
    rule = ", or ".join(found) or "a text"
    return f"{rule}, or null" if _at(data, path) is None and "null" not in rule else rule


def _complaint(
    name: str, data: Any, path: tuple[Any, ...], read: Callable[[Path], Any], value: Any
) -> str | None:
    wrong = copy.deepcopy(data)
    place = _at(wrong, path[:-1])
    place[_as_there(place, path[-1])] = value
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(json.dumps(wrong), encoding="utf-8")  # JSON is YAML
        try:
            read(Path(folder))
        except ConfigError as error:
            lines = str(error).splitlines()
            whole = "Compare it with" in lines[0] or "does not fit" in lines[0]  # says one thing of all keys
            about = next((line for line in lines if whole or str(path[-1]) in line), "")
            found = re.search(r"(?:expected|needs) (?:to be |to give )?(.+?)(?:, got |; |\. |\.$)", about)
            return ("a list, each " if ", entry 1: expected" in about else "") + found[1] if found else None
    lists = isinstance(value, list) and name in ("columns.yaml", "deals.yaml")
    return "a text or a list of texts" if lists else None


def _as_there(place: Any, key: Any) -> Any:
    """The key as the plain data has it: 7011 is a number there, and text in the file's tree."""
    return next((known for known in place if str(known) == str(key)), key) if isinstance(place, dict) else key


# --- Commands --------------------------------------------------------------------------------------------------


class _Found(Exception):
    """Carries the parser of a command, which would have begun to read its arguments."""


def commands() -> str:
    """The text of docs/commands.md: a section per command, with its options, exit codes and JSON result."""
    names = [
        f"scripts.{path.stem}" for path in sorted((ROOT / "scripts").glob("*.py"))
        if path.stem not in ("__init__", "command", "judged")
    ]  # fmt: skip
    return "\n".join([_COMMANDS, *(_command(name) for name in [*names, "serve"])])


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser that `python -m name` reads its arguments with."""

    def instead(made: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise _Found(made)

    with patch.object(argparse.ArgumentParser, "parse_args", instead):
        try:
            importlib.import_module(name).main([])
        except _Found as found:
            made: argparse.ArgumentParser = found.args[0]
            return made
    raise AssertionError(f"{name} reads no arguments.")


def _command(name: str) -> str:
    made, module = parser_of(name), importlib.import_module(name)
    fails = name != "serve" and bool(re.search(r"\bPARTLY\b|return .*, 1$", inspect.getsource(module)))
    said = inspect.getdoc(module.main) or ""
    parts = [f"## `{made.prog}`\n", f"{made.description or ''}\n", *_options(made)]
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {str(choice.dest): choice.help for choice in action._choices_actions}
            for verb, inner in action.choices.items():
                parts += [f"**{verb}**: {helps.get(verb) or ''}\n", *_options(inner)]
    parts.append(f"Ends with {'0, 1 or 2' if fails else '0 or 2'}.")
    if name != "serve":
        parts[-1] += f" JSON: {' '.join(said.split())}"
    return "\n".join([*parts, ""])


def _options(made: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in made._actions:
        if (
            isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
            or "--json" in action.option_strings
        ):
            continue
        shown = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
        value = "\\|".join(map(str, action.choices)) if action.choices else str(shown)
        option = " ".join(filter(None, [", ".join(action.option_strings), value]))
        optional = action.nargs in ("?", "*") if not action.option_strings else not action.required
        told = (action.help or "") % {"default": action.default, "prog": made.prog}
        rows.append(f"| `{option}` | {'' if optional else 'yes'} | {told.replace('|', _BAR)} |")
    return ["| option | needed | meaning |", "|---|---|---|", *rows, ""] if rows else []


if __name__ == "__main__":
    sys.exit(run(main))
