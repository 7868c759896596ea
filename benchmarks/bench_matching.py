"""How well names alone are matched, on public pairs of company names, and how fast a large list is.

Names that should match are common against legal names of one firm; names that should not are look-alikes of different
firms. Run: python benchmarks/bench_matching.py
"""

from __future__ import annotations

import csv
import os
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matching import MATCHED, REVIEW, Company, Frequencies, Pool, decide, name_weight  # noqa: E402


def name_pairs() -> list[dict[str, str]] | None:
    """The pairs with name_a, name_b and same (1 or 0), or None where the file is not there."""
    folder = Path(os.environ.get("HADES_SHARED_DATA") or ROOT.parent / "shared" / "data")
    try:
        with (folder / "company_name_pairs.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError:
        return None


def shares(pairs: list[dict[str, str]]) -> dict[str, float]:
    """Share of look-alikes matched, of same firms matched, and of same firms matched or sent to review."""
    frequencies = Frequencies(
        Company(name, names=(name,)) for name in sorted({pair["name_b"] for pair in pairs})
    )
    answers: dict[str, list[str]] = {"0": [], "1": []}
    for pair in pairs:
        bits = name_weight(pair["name_b"], pair["name_a"], frequencies).bits
        answers[pair["same"]].append(decide(bits, len(pairs)))
    same, other = answers["1"], answers["0"]
    return {
        "look_alikes_matched": other.count(MATCHED) / len(other),
        "look_alikes_to_review": other.count(REVIEW) / len(other),
        "same_matched": same.count(MATCHED) / len(same),
        "same_matched_or_review": (same.count(MATCHED) + same.count(REVIEW)) / len(same),
    }


def large_pool(
    companies: int, records: int, seed: int = 7
) -> tuple[list[Company], list[tuple[Company, str]]]:
    """Invented companies in batches, and records of some of them with typos, half of them without a batch ID."""
    rng = random.Random(seed)
    firsts = [
        "".join(rng.choices("bcdfglmnprstvw", k=1)) + "".join(rng.choices("aeioulnrst", k=rng.randint(4, 7)))
        for _ in range(6000)
    ]
    kinds = [
        "Inn",
        "Hotel",
        "Care Center",
        "School",
        "Hospital",
        "Warehouse",
        "Fitness",
        "Manufacturing",
        "Motors",
        "Academy",
    ]
    pool = []
    for place in range(companies):
        name = f"{rng.choice(firsts).title()} {rng.choice(firsts).title()} {rng.choice(kinds)}"
        pool.append(
            Company(
                f"c{place}", f"HADES-20260{place // 2500 % 9 + 1}01-{place // 22500 + 1:03d}", (name + rng.choice([" LLC", " Inc", ""]),),
                (f"312555{place:07d}"[-10:],), f"{rng.randint(501, 99950):05d}", exported_at="2026-01-01",
            )
        )  # fmt: skip
    made = []
    for _ in range(records):
        company = rng.choice(pool)
        name = company.names[0]
        if rng.random() < 0.3:
            cut = rng.randrange(2, len(name) - 1)
            name = name[:cut] + name[cut + 1 :]
        made.append(
            (
                Company(
                    "r", company.batch_id if rng.random() < 0.5 else None, (name.upper(),),
                    company.phones if rng.random() < 0.5 else (), company.zip_code if rng.random() < 0.8 else None,
                    exported_at="2026-06-01",
                ),
                company.key,
            )
        )  # fmt: skip
    return pool, made


def main() -> None:
    """Print the figures; a plain line where the pairs are absent."""
    pairs = name_pairs()
    if pairs is None:
        print(
            "The name pairs are not here (HADES_SHARED_DATA, or shared/data beside the repository), so they are skipped."
        )
    else:
        figures = shares(pairs)
        print(f"{len(pairs)} pairs, by name alone:")
        print(f"  look-alikes matched automatically   {figures['look_alikes_matched']:.2%}  (at most 1 %)")
        print(f"  look-alikes sent to review          {figures['look_alikes_to_review']:.2%}")
        print(f"  same firms matched automatically    {figures['same_matched']:.2%}  (at least 85 %)")
        print(
            f"  same firms matched or sent to review {figures['same_matched_or_review']:.2%} (at least 95 %)"
        )
    pool, records = large_pool(100_000, 10_000)
    start = time.process_time()
    searched = Pool(pool)
    built = time.process_time()
    right = wrong = review = 0
    for record, key in records:
        found = searched.find(record)
        if found.status == MATCHED:
            right, wrong = right + (found.company.key == key), wrong + (found.company.key != key)
        review += found.status == REVIEW
    done = time.process_time()
    print(
        f"10,000 records against 100,000 companies: {built - start:.1f} s to index,"
        f" {done - built:.1f} s to match (processor time)"
    )
    print(
        f"  matched rightly {right}, wrongly {wrong}, to review {review}, unmatched {10_000 - right - wrong - review}"
    )


if __name__ == "__main__":
    main()
