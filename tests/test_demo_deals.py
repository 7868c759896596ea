"""The deals of the demo: the same again, and what is planted is there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from deals import read_deal_rules, read_deals
from demo_deals import PARTNER_POINTS, RATE, STAGES, WEEKS, demo_deals, weeks

TODAY = date(2026, 2, 11)


def told(seed=1):
    rules = read_deal_rules(Path(__file__).resolve().parents[1] / "config")
    return read_deals(demo_deals(TODAY, seed), "demo.csv", rules, today=TODAY)


def test_the_same_day_and_seed_give_the_same_bytes():
    assert demo_deals(TODAY, 5) == demo_deals(TODAY, 5)
    assert demo_deals(TODAY, 5) != demo_deals(TODAY, 6)


def test_every_row_is_a_deal_and_nothing_lies_in_the_future():
    file = told()
    assert len(file.deals) == file.rows_in == 1400
    assert not file.problems["rejected"].any()
    assert (file.deals["created_on"] < str(TODAY)).all()
    assert (file.deals["closed_on"].dropna() < str(TODAY)).all()
    assert 20 <= (file.deals["outcome"] == "open").sum() <= 250


def test_partners_win_less_often_and_bring_more_of_the_newest():
    deals = told().deals
    closed = deals[deals["outcome"] != "open"]
    partner = closed["lead_source"] == "Partner"
    rate = (closed["outcome"] == "won").groupby(partner).mean()
    # Standard errors: √(.24·.76/230) = .028 and √(.42·.58/1050) = .015; three of them.
    assert abs(rate[True] - (RATE + PARTNER_POINTS)) < 0.09
    assert abs(rate[False] - RATE) < 0.05
    newest = deals["created_on"] > "2025-10-15"
    share = (deals["lead_source"] == "Partner").groupby(newest).mean()
    assert share[True] > 2 * share[False]


def test_the_weeks_together_are_the_deals_of_today_and_each_shows_what_was_known_then():
    plan = weeks(TODAY)
    assert [as_of for as_of, _ in plan][-1] == TODAY
    assert len(plan) == WEEKS + 1
    newest: dict[str, str] = {}
    for as_of, since in plan:
        lines = demo_deals(TODAY, as_of=as_of, since=since).decode().splitlines()[1:]
        assert all(line.split(",")[9] < str(as_of) for line in lines)  # created_on
        assert since is None or all(
            newest.get(line.split(",")[0]) != line for line in lines
        )  # each says something new
        newest |= {line.split(",")[0]: line for line in lines}
    assert sorted(newest.values()) == sorted(demo_deals(TODAY).decode().splitlines()[1:])


def test_deals_go_through_the_stages_in_their_order():
    order = [*STAGES, "Closed"]
    before: dict[str, int] = {}
    for as_of, _ in weeks(TODAY):
        for line in demo_deals(TODAY, as_of=as_of).decode().splitlines()[1:]:
            cells = line.split(",")
            place = order.index(cells[7])
            assert place >= before.get(cells[0], 0)
            before[cells[0]] = place
