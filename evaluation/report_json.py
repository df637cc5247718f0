"""The report for programs: every number of an evaluation, with a schema version."""

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from .caveat import caveats
from .compare import Verdict
from .contender import Contender
from .evaluation import Evaluation
from .interval import Interval

__all__ = ["REPORT_VERSION", "report_json"]

REPORT_VERSION = 1


def report_json(evaluation: Evaluation) -> str:
    """Return an evaluation as JSON text: sorted keys, null where a number is not defined, the same text for the same evaluation."""
    boot = evaluation.boot
    content = {
        "schema": REPORT_VERSION,
        "name": evaluation.name,
        "verdict": _verdict(evaluation.verdict),
        "verdicts": [_verdict(one) for one in evaluation.verdicts],
        "facts": evaluation.facts,
        "caveats": list(caveats(evaluation)),
        "contenders": [_contender(evaluation, index, one) for index, one in enumerate(evaluation.contenders)],
        "intervals": {name: _interval(one) for name, one in {"sharpe": boot.sharpe[0], **boot.others}.items()},
        "bootstrap": {"resamples": boot.resamples, "block_bars": boot.block, "level": boot.level},
        "probabilistic_sharpe": evaluation.probabilistic_sharpe,
        "minimum_track_record_bars": evaluation.minimum_track_record,
        "decisions_differ": evaluation.decisions_differ,
        "refusals": evaluation.session.refusals,
        "closes": evaluation.scene.closes,
    }
    return json.dumps(_plain(content), indent=1, sort_keys=True, allow_nan=False) + "\n"


def _contender(evaluation: Evaluation, index: int, contender: Contender) -> dict[str, Any]:
    boot, spread = evaluation.boot, contender.spread
    return {
        "name": contender.name,
        "label": contender.label,
        "rule": contender.rule,
        "metrics": contender.metrics,
        "sharpe": _interval(boot.sharpe[index]),
        "annual_mean": _interval(boot.mean[index]),
        "simulated_max_drawdown": evaluation.simulated_drawdown(index),
        "attribution": contender.attribution,
        "equity": contender.track.equity,
        "seeds": None
        if spread is None
        else {"sharpe": spread.sharpe, "total_return": spread.total_return, "turnover": spread.turnover},
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "text": verdict.text,
        "outcome": verdict.outcome.value,
        "baseline": verdict.baseline,
        "difference": _interval(verdict.difference),
        "probability_better": verdict.probability_better,
        "worthwhile": verdict.worthwhile,
        "reason": verdict.reason,
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return asdict(interval)


def _plain(value: Any) -> Any:
    """Return `value` with arrays as lists and numbers that JSON lacks as null."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
