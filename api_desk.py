"""What the API works with while it runs: the database, the rules, what scores each kind of lead, and who is asking."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.types import Scope

import turso_db
from actors import Actor
from analytics.calibration_table import overall
from api_answers import Problem
from api_keys import holder_of, needs_key
from api_limits import RateLimit, is_from_here
from api_retraining import Retrainer, Train
from configuration import active_configuration
from errors import HadesError
from feedback import retraining_status
from lead_conversion import Scorer, Trained, base_rate
from lead_schema import ApiRules, read_api_rules
from settings import Settings
from stores import feedback as store
from stores.outcomes import read_outcome_frame

HADES = "hades"  # the kind of lead whose outcomes the loop itself brings in
LOCAL = Actor("local program", "ops")  # who asks on this machine before there is a key
_FRESH_SECONDS = 30.0
_log = logging.getLogger("hades")
_NO_KEY = (
    "A key was expected as 'Authorization: Bearer KEY'. Make one with python -m scripts.api_key create NAME."
)
_WRONG_KEY = "This key is unknown or revoked. Ask whoever looks after HADES for another one."

Models = Callable[[turso_db.Database], Mapping[str, Trained]]  # by kind, or kind/workflow


def clock() -> datetime:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Desk:
    """One per process. `models` gives the model in force per kind of lead; a kind without one is scored by its base rate."""

    db: turso_db.Database
    settings: Settings
    rules: ApiRules
    models: Models
    retrainer: Retrainer
    limit: RateLimit
    fresh_seconds: float = _FRESH_SECONDS
    _scorers: Mapping[str, Scorer] = field(default_factory=dict)
    _fresh_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def scorers(self) -> Mapping[str, Scorer]:
        """What scores each kind of lead. Once it is older than `fresh_seconds` it is looked up anew beside the answers,
        none of which waits for it."""
        if time.monotonic() >= self._fresh_until and self._lock.acquire(blocking=False):
            self._fresh_until = time.monotonic() + self.fresh_seconds
            threading.Thread(target=self._renewed, name="scorers", daemon=True).start()
        return self._scorers

    def renew(self) -> None:
        """Nothing; what scores each kind of lead is looked up now."""
        self._scorers = current_scorers(self.db, self.settings, self.rules, self.models)
        self._fresh_until = time.monotonic() + self.fresh_seconds

    def _renewed(self) -> None:
        try:
            self.renew()
        except HadesError as error:
            _log.warning("what scores leads could not be looked up; what did so before goes on: %s", error)
        finally:
            self._lock.release()

    def actor(self, scope: Scope, headers: dict[str, str]) -> Actor:
        """Who is asking. Problem 401 without a key that stands, 403 from elsewhere while there is none, 429 too often."""
        kind, _, key = headers.get("authorization", "").partition(" ")
        automation = self.settings.api_key
        if key and kind.lower() == "bearer":
            found = holder_of(self.db, key.strip(), automation_key=automation)
            message = _WRONG_KEY
        elif needs_key(self.db, automation_key=automation):
            found, message = None, _NO_KEY
        elif is_from_here(scope, headers):
            found, message = LOCAL, ""
        else:
            raise Problem(403, "Without a key only programs on this machine are served. " + _NO_KEY)
        if found is None:
            self.limit.take(f"address {(scope.get('client') or ('', 0))[0]}")
            raise Problem(401, message, {"WWW-Authenticate": "Bearer"})
        self.limit.take(f"actor {found.name}")
        return found

    def info(self) -> dict[str, Any]:
        """What GET /info answers."""
        counts, last = store.count_all(self.db), store.read_retrainings(self.db, limit=1)
        scorers = self.scorers()
        trained = next((s.trained for s in scorers.values() if s.trained), None)
        shown = ("started_at", "started_by", "feedback_count", "status", "finished_at", "said")
        return {
            "model_version": trained.version if trained else next(iter(scorers.values())).version,
            "metrics": dict(trained.metrics) if trained else None,
            "models": {name: _told(scorer) for name, scorer in scorers.items()},
            "total_leads_scored": counts["total_leads_scored"],
            "feedback_samples_collected": counts["feedback_samples_collected"],
            "retraining_status": self.retraining_status(),
            "last_retraining": {name: last[0][name] for name in shown} if last else None,
        }

    def retraining_status(self) -> dict[str, Any]:
        """feedback_count, retraining_threshold, ready_for_retraining."""
        return retraining_status(self.db, threshold=self.rules.retrain_after)._asdict()


def open_desk(
    settings: Settings, *, models: Models, train: Train, fresh_seconds: float = _FRESH_SECONDS
) -> Desk:
    """The desk over the database that the settings name. A retraining that is due already is looked for."""
    rules = read_api_rules(settings.config_dir)
    db = turso_db.connect(
        settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver
    )
    retrainer = Retrainer(
        db, threshold=rules.retrain_after, settle_seconds=rules.settle_seconds, train=train, clock=clock
    )
    desk = Desk(
        db, settings, rules, models, retrainer, RateLimit(rules.per_second, rules.burst), fresh_seconds
    )
    desk.renew()
    retrainer.nudge()
    return desk


def current_scorers(
    db: turso_db.Database, settings: Settings, rules: ApiRules, models: Models
) -> dict[str, Scorer]:
    """What scores each kind of lead now, and each workflow of a kind (`hades/intent`) that has a model of its own."""
    given, trained = store.count_outcomes(db), models(db)
    scorers = {}
    for name, kind in rules.kinds.items():
        successes, leads = given.get(name, (0, 0))
        if name == HADES:  # what programs said of these leads is among the outcomes of the loop
            known = _loop(db, settings)
            successes, leads = known["deliveries"], known["leads"]
        base = base_rate(successes, leads, prior_rate=rules.prior_rate, prior_leads=rules.prior_leads)
        scorers[name] = Scorer(kind, base, trained.get(name))
        scorers |= {
            key: Scorer(kind, base, model) for key, model in trained.items() if key.startswith(f"{name}/")
        }
    return scorers


def _loop(db: turso_db.Database, settings: Settings) -> dict[str, Any]:
    """leads old enough to judge and their deliveries, of the history and of all batches."""
    icp = active_configuration(db, config_dir=settings.config_dir, now=clock()).icp
    days = int(icp.data["calibration"]["maturity_days"])
    return overall(read_outcome_frame(db), as_of=clock().date(), maturity_days=days)


def _told(scorer: Scorer) -> dict[str, Any]:
    high, medium = scorer.thresholds
    return {
        "model_version": scorer.version,
        "base_rate": round(scorer.base.rate, 6),
        **{name: getattr(scorer.base, name) for name in ("successes", "leads", "low", "high")},
        "risk_thresholds": {"high": round(high, 6), "medium": round(medium, 6)},
        "metrics": dict(scorer.trained.metrics) if scorer.trained else None,
    }
