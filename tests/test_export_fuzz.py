"""Any upload: never a traceback, every row accounted for, every cell of the file from the input or explained."""

from __future__ import annotations

import contextlib
import csv
import io
import random
from pathlib import Path

import pytest
from figures import show
from lead_rows import TODAY, ZOOMINFO_HEADERS, csv_file, lead_row
from racing import ANA

from configuration import active_configuration
from errors import InputError
from export import exported_before, record_export
from icp import read_icp
from lead_values import clean_text
from leads import read_columns, read_industries, read_leads
from preflight import export_rules, misses_csv, preflight, with_keys
from scoring import score_leads
from stores import batches
from suppression import find_suppressed
from vanillasoft import csv_bytes, read_back, vanillasoft_frame
from vanillasoft_workbook import workbook_bytes

CONFIG = Path(__file__).resolve().parents[1] / "config"
ICP = read_icp(CONFIG)
COLUMNS, INDUSTRIES = read_columns(CONFIG), read_industries(CONFIG)
PAYLOADS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1dHYPERLINK(\"http://example.com\")",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a\r\nb", 'He said "no", twice', "x" * 10_000,
    "a\0b", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "Ünï ☃", "\u202eevil", "N/A", "", " ",
    "0", "-0", "1e309", "99999999999999999999", "2026-02-30", "{{7*7}}", "'; DROP TABLE batches; --", "NaN", "\ufeff",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
# What the file holds beside the cells of its input: all of it is in the README of the format (config/vanillasoft.yaml).
EXPLAINED = ("List Source", "Contact Owner", "Lead Source", "Call Priority", "Import Notes")


def upload(chance: random.Random) -> bytes:
    """A file as people and enemies make it: shuffled columns, payloads in any cell, any encoding, cut or doubled."""
    rows = [lead_row(chance.randrange(1, 40)) for _ in range(chance.randrange(0, 9))]
    for row in rows:
        for _ in range(chance.randrange(0, 6)):
            row[chance.choice(ZOOMINFO_HEADERS)] = chance.choice(PAYLOADS)
    headers = list(ZOOMINFO_HEADERS)
    chance.shuffle(headers)
    headers = headers[: chance.choice((len(headers), len(headers), chance.randrange(1, len(headers) + 1)))]
    if chance.random() < 0.05:
        headers[0] = headers[-1]
    text = csv_file(rows, headers).decode("utf-8-sig")
    if chance.random() < 0.2:
        text = text.replace(",", chance.choice((";", "\t")))
    content = text.encode(chance.choice(ENCODINGS), "replace")
    if chance.random() < 0.1:
        cut = chance.randrange(len(content) + 1)
        content = (
            content[:cut] + bytes(chance.randrange(256) for _ in range(chance.randrange(20))) + content[cut:]
        )
    return content[: chance.randrange(len(content) + 1)] if chance.random() < 0.05 else content


def check(content: bytes, chance: random.Random) -> str:
    """Refused or planned; an assertion or any other error is a defect."""
    workflow = chance.choice(("geography", "intent"))
    rules = export_rules(
        ICP, contacts_per_company=chance.choice((None, 1, 2)), max_rows=chance.choice((None, 1, 3)),
        exploration_percent=chance.choice((0, 5)), min_score=chance.choice((0, 60)),
    )  # fmt: skip
    try:
        file = read_leads(content, "upload.csv", COLUMNS, industries=INDUSTRIES)
        scored = score_leads(file.leads, ICP, workflow=workflow, today=TODAY, center_zip="75201")
    except InputError as error:
        return "refused" if 20 < len(str(error)) < 2_000 else "speechless"
    plan = preflight(file, with_keys(scored), ICP, rules=rules)
    counts = plan.counts()
    assert counts["rows_in"] == sum(counts.values()) - counts["rows_in"]
    assert counts["rows_in"] == len(file.leads) + int(file.problems["rejected"].sum())
    numbers = [*plan.ready["row_number"], *plan.misses["row_number"]]
    assert len(numbers) == len(set(numbers)) == counts["rows_in"]
    rows = vanillasoft_frame(plan.ready, batch="HADES-20260211-001", workflow=workflow, today=TODAY, agents=["a@b.example.com"],
                             center_zip="75201", radius_miles=25)  # fmt: skip
    written = csv_bytes(rows)
    assert read_back(written).to_numpy().tolist() == rows.to_numpy().tolist()
    for lead, (_, cells) in zip(plan.ready.to_dict("records"), rows.iterrows(), strict=True):
        known = {str(value) for value in lead.values()} | {""}
        for name, cell in cells.items():
            assert cell[:1] not in set("=+-@\t\r\n"), (name, cell)
            assert name in EXPLAINED or cell.removeprefix("'") in known or cell in known, (name, cell)
            assert "\0" not in cell
    misses_csv(plan, file).decode("utf-8")
    return "planned"


def test_many_uploads_are_planned_or_refused_with_a_sentence():
    ends = [check(upload(random.Random(seed)), random.Random(seed)) for seed in range(100)]
    assert {"planned", "refused"} == set(ends)
    assert ends.count("planned") > 50


@pytest.mark.prove
def test_ten_thousand_uploads_are_planned_or_refused_with_a_sentence():
    ends = [check(upload(random.Random(seed)), random.Random(seed)) for seed in range(1_000, 11_000)]
    assert set(ends) == {"planned", "refused"}
    show(f"10,000 uploads: {ends.count('planned'):,} planned, {ends.count('refused'):,} refused, none failed")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_every_text_cell_goes_out_harmless_and_is_recorded(payload, db, config_dir, now):
    texts = (
        "Last Name",
        "First Name",
        "Job Title",
        "Company Name",
        "Website",
        "Company Street Address",
        "Company City",
    )
    row = lead_row(1) | dict.fromkeys(texts, payload)
    content = csv_file([row, lead_row(2)])
    with contextlib.suppress(InputError):
        file = read_leads(content, "upload.csv", COLUMNS, industries=INDUSTRIES)
        icp = active_configuration(db, config_dir=config_dir, now=now).icp
        scored = score_leads(file.leads, icp, workflow="intent", today=TODAY)
        found = find_suppressed(db, leads=scored)
        keyed = with_keys(scored, suppressed=found)
        known = exported_before(db, keyed=keyed, icp=icp, now=now)
        done = record_export(
            db, preflight=preflight(file, keyed, icp, exported_before=known, suppressed=found), icp=icp, weight_version=1,
            workflow="intent", parameters={}, today=TODAY, now=now, actor=ANA,
        )  # fmt: skip
        rows = read_back(done.csv)
        cleaned = clean_text(payload)
        for company in rows["Company"]:
            assert (
                company.removeprefix("'")[:400] in {cleaned[:400], "Oak Inn 1", "Oak Inn 2"}
                or company[:1] == "'"
            )
        assert not [cell for cell in rows.to_numpy().ravel() if cell[:1] in set("=+-@\t\r\n")]
        assert batches.read_batch_csv(db, batch_id=done.batch_id) == done.csv
        assert workbook_bytes(done.csv)[:2] == b"PK"
        assert done.counts["rows_in"] == 2


def test_a_file_at_the_limit_is_read_and_one_row_more_is_refused():
    header = "Company Name,SIC Code 1\r\n"
    at_limit = (header + "Oak,7011\r\n" * 200_000).encode()
    assert read_leads(at_limit, "many.csv", COLUMNS).rows_in == 200_000
    with pytest.raises(InputError, match="200,000"):
        read_leads(at_limit + b"Oak,7011\r\n", "many.csv", COLUMNS)
    with pytest.raises(InputError, match="50 MB"):
        read_leads(header.encode() + b"x" * (50 * 1024 * 1024), "large.csv", COLUMNS)


def test_a_cell_of_several_lines_stays_one_cell(config_dir):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["Company Name", "SIC Code 1"], ["Oak\r\nInn", "7011"]])
    file = read_leads(text.getvalue().encode(), "lines.csv", COLUMNS)
    assert file.leads["company_name"].tolist() == ["Oak Inn"]
