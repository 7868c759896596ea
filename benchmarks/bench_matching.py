"""How well names alone are matched, on public pairs of company names, what spellings do, and how fast a large list is.

Names that should match are common against legal names of one firm; names that should not are look-alikes of different
firms. The floor of the speed is a bare inverted index: each name folded, split, its words noted, and for each record
the company with most words in common. Run: python benchmarks/bench_matching.py
"""

from __future__ import annotations

import csv
import os
import random
import statistics
import string
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.ratios import Figure, tell  # noqa: E402
from company_names import read_company_names  # noqa: E402
from match_weights import Company, Frequencies, name_weight  # noqa: E402
from matching import MATCHED, REVIEW, Pool, decide  # noqa: E402


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


def slip(name: str, rng: random.Random) -> str:
    """The name with one letter within a word missing, wrong, added or changed places."""
    place = rng.choice([i for i in range(1, len(name)) if name[i].isalpha() and name[i - 1].isalpha()])
    letter = rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            name[:place] + name[place + 1 :],
            name[:place] + letter + name[place + 1 :],
            name[:place] + letter + name[place:],
            name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :],
        ]
    )


_ACCENTS = str.maketrans("aeioun", "áéíóúñ")
SPELLINGS: dict[str, Callable[[str, random.Random], str]] = {
    "as exported": lambda name, _: name,
    "in capitals": lambda name, _: name.upper(),
    "one slip": slip,
    "two slips": lambda name, rng: slip(slip(name, rng), rng),
    "first letter wrong": lambda name, rng: rng.choice(string.ascii_uppercase) + name[1:],
    "under another name": lambda name, _: f"Tyger Holdings LLC dba {name}",
    "with its other name": lambda name, _: f"{name} (dba Tyger Hospitality)",
    "cut at 30": lambda name, _: name[:30],
    "cut at 25": lambda name, _: name[:25],
    "with accents": lambda name, _: name.translate(_ACCENTS),
    "with broken accents": lambda name, _: name.translate(_ACCENTS).encode().decode("latin-1"),
    "& for and": lambda name, _: name.replace(" and ", " & "),
    "with Inc.": lambda name, _: f"{name}, Inc.",
    "words in another order": lambda name, _: " ".join(reversed(name.split())),
    "one space less": lambda name, _: name.replace(" ", "", 1),
    "words cut short": lambda name, _: name.replace("munity", "m").replace("ilitation", "").replace("facturing", "f"),
    "with another's number": lambda name, _: f"{name} #12",
}  # fmt: skip


def local_names() -> list[str]:
    """300 names as sites have them, full of common words."""
    places = [
        "Maple",
        "Oak",
        "Cedar",
        "Sunset",
        "Harbor",
        "River",
        "Lake",
        "Valley",
        "Summit",
        "Prairie",
        "Golden",
        "Silver",
        "First",
        "Riverside",
        "Lincoln",
        "Washington",
        "Franklin",
        "Heritage",
        "Pioneer",
        "Juniper",
    ]
    kinds = ["Care Center", "Nursing and Rehabilitation Center", "Elementary School", "High School", "Inn and Suites",
             "Hotel", "Manufacturing", "Fitness Club", "Hospital", "Medical Center", "Senior Living Community",
             "Apartments", "Community College", "Warehouse", "Distribution Center"]  # fmt: skip
    return [f"{place} {kind}" for place in places for kind in kinds]


def spelled(names: list[str], *, with_zip: bool, seed: int = 4) -> dict[str, Counter[str]]:
    """Spelling → right, wrong, review, unmatched: records of one batch, without a phone number."""
    rng = random.Random(seed)
    batch = "HADES-20260211-001"
    codes = [f"{75000 + place % 90:05d}" for place in range(len(names))]
    pool = Pool(
        [Company(str(place), batch, (name,), zip_code=codes[place]) for place, name in enumerate(names)]
    )
    found: dict[str, Counter[str]] = {}
    for spelling, change in SPELLINGS.items():
        found[spelling] = Counter()
        for place, name in enumerate(names):
            answer = pool.find(
                Company("r", batch, (change(name, rng),), zip_code=codes[place] if with_zip else None)
            )
            right = answer.company is not None and answer.company.key == str(place)
            said = answer.status if answer.status != MATCHED else "right" if right else "wrong"
            found[spelling][said] += 1
    return found


def bare_index(pool: list[Company], records: list[Company]) -> int:
    """How many records have a word in common with a company: what any matching has to do at least."""
    index: dict[str, list[int]] = defaultdict(list)
    for place, company in enumerate(pool):
        for word in company.names[0].casefold().split():
            index[word].append(place)
    found = 0
    for record in records:
        shared: Counter[int] = Counter()
        for word in record.names[0].casefold().split():
            if len(places := index.get(word, ())) <= 300:
                shared.update(places)
        found += bool(shared and shared.most_common(1))
    return found


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
        print(f"  look-alikes matched automatically    {figures['look_alikes_matched']:.2%}  (at most 1 %)")
        print(f"  look-alikes sent to review           {figures['look_alikes_to_review']:.2%}")
        print(f"  same firms matched automatically     {figures['same_matched']:.2%}  (at least 85 %)")
        print(
            f"  same firms matched or sent to review {figures['same_matched_or_review']:.2%}  (at least 95 %)"
        )
    alone, placed = (spelled(local_names(), with_zip=with_zip) for with_zip in (False, True))
    print(
        "300 names of sites in one batch, spelled as Zoho may have them: right / wrong / review / unmatched"
    )
    print(f"  {'':<24}{'name alone':>20}{'name and ZIP':>22}")
    for spelling in SPELLINGS:
        told = [
            " / ".join(str(counts[said]) for said in ("right", "wrong", "review", "unmatched"))
            for counts in (alone[spelling], placed[spelling])
        ]
        print(f"  {spelling:<24}{told[0]:>20}{told[1]:>22}")
    pool, records = large_pool(100_000, 10_000)
    ratios = []
    for _ in range(3):
        start = time.process_time()
        bare_index(pool, [record for record, _ in records])
        bare = time.process_time()
        read_company_names.cache_clear()
        began = time.process_time()
        searched = Pool(pool)
        answers = [(searched.find(record), key) for record, key in records]
        done = time.process_time()
        ratios.append(((done - began) / (bare - start), done - began, bare - start))
    ratio, ours, floor = statistics.median(ratios), *min((r[1], r[2]) for r in ratios)
    matched = [answer.company.key == key for answer, key in answers if answer.status == MATCHED]
    review = sum(answer.status == REVIEW for answer, _ in answers)
    tell(
        Figure(
            "10,000 records matched against 100,000",
            ours,
            floor,
            None,
            "a bare inverted index",
            measured=ratio[0],
        )
    )
    print(
        f"  matched rightly {sum(matched)}, wrongly {len(matched) - sum(matched)}, to review {review}, unmatched "
        f"{10_000 - len(matched) - review}"
    )


if __name__ == "__main__":
    main()
