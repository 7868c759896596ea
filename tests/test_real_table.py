"""The real result through the whole calibration: every raw figure by hand, shrunk ones by the reference, intervals by SciPy."""

import pytest
from outcome_rows import REAL, calibrated, history, real_history
from scipy.stats import binomtest

import turso_db

# rate in %, score by "best = 100", lift; each from deliveries / leads, the best rate 3/11, and 197/2198 of all.
RAW = {
    "3599": (9.1, 33, 1.01),  # 3 / 33 = .0909; / .2727 = .333; / .0896 = 1.014
    "3999": (5.3, 19, 0.59),  # 4 / 76 = .0526; .193; .587
    "4213": (19.0, 70, 2.12),  # 15 / 79 = .1899; .696; 2.118
    "4581": (27.3, 100, 3.04),  # 3 / 11 = .2727; 1; 3.043
    "4731": (20.0, 73, 2.23),  # 4 / 20 = .2000; .733; 2.231
    "5511": (7.9, 29, 0.88),  # 30 / 379 = .0792; .290; .883
    "7011": (6.8, 25, 0.76),  # 28 / 410 = .0683; .250; .762
    "7991": (10.3, 38, 1.14),  # 4 / 39 = .1026; .376; 1.144
    "8051": (7.3, 27, 0.82),  # 18 / 245 = .0735; .269; .820
    "8059": (12.3, 45, 1.38),  # 18 / 146 = .1233; .452; 1.376
    "8062": (4.5, 17, 0.50),  # 6 / 133 = .0451; .165; .503
    "8211": (5.9, 22, 0.66),  # 14 / 236 = .0593; .218; .662
    "8221": (7.1, 26, 0.80),  # 2 / 28 = .0714; .262; .797
    "8322": (3.8, 14, 0.43),  # 3 / 78 = .0385; .141; .429
    "8331": (10.4, 38, 1.17),  # 7 / 67 = .1045; .383; 1.166
    "8361": (17.4, 64, 1.94),  # 38 / 218 = .1743; .639; 1.945
}
# SciPy, Nelder–Mead on logit m and log M: m = .0965, M = 66.0; (k + m·M) / (n + M).
SHRUNK = {"8361": (15.6, 100), "4213": (14.7, 94), "4581": (12.2, 78), "4731": (12.1, 77), "8059": (11.5, 74), "8062": (6.2, 40)}  # fmt: skip


def rows_of(run):
    return {row["value"]: row for row in run["rows"] if row["dimension"] == "sic_code"}


@pytest.mark.parametrize("estimator", ["raw", "shrunk"])
def test_every_figure_of_the_real_table(estimator, db, config_dir, now):
    history(db, now, *real_history())
    run = calibrated(db, config_dir, now, estimator=estimator)
    assert (run["overall"]["leads"], run["overall"]["deliveries"]) == (2198, 197)
    rows = rows_of(run)
    for value, (rate, score, lift) in RAW.items():
        row = rows[value]
        assert (row["leads"], row["deliveries"]) == REAL[value]
        assert (round(100 * row["rate"], 1), round(row["lift"], 2)) == (rate, lift)
        second = binomtest(row["deliveries"], row["leads"]).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((second.low, second.high))
        if estimator == "raw":
            assert row["suggested"] == score
    if estimator == "shrunk":
        told = {
            value: (round(100 * rows[value]["shrunk_rate"], 1), rows[value]["suggested"]) for value in SHRUNK
        }
        assert told == SHRUNK


def test_the_same_history_gives_the_same_run_in_another_database(db, config_dir, now, tmp_path):
    history(db, now, *real_history())
    other = turso_db.connect(f"file:{tmp_path / 'other.db'}")
    history(other, now, *reversed(real_history()))
    first, second = (calibrated(each, config_dir, now) for each in (db, other))
    other.close()
    for key in ("data_sha256", "icp_sha256", "overall", "rows", "proof", "components"):
        assert first[key] == second[key], key
