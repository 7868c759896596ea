"""What scripts are asked with and answer in the tests: arguments of an export, JSON, and refusals."""

from __future__ import annotations

import json


def export(leads, out, *more, workflow="intent"):
    common = ["--workflow", workflow, "--out", out, "--actor", "Ana Ruiz", "--as-of", "2026-02-11", "--json"]
    return [leads, *common, *more]


def json_said(said, module, *arguments):
    code, out, err = said(module, *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


def refused(said, module, *arguments):
    """The error as programs see it; people see the same sentence."""
    code, out, err = said(module, *arguments, *([] if "--json" in arguments else ["--json"]))
    assert code == 2
    error = json.loads(out)["error"]
    assert err == error["message"] + "\n"
    return error["kind"], error["message"]
