"""Tables of a report: verdicts, metrics, months, simulated drawdowns, costs, refusals, facts."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..market.order import Refusal
from .activity_chart import waterfall_lines
from .compare import Outcome
from .evaluation import Evaluation
from .interval import Interval
from .metric import METRICS, Metric
from .month import months_of
from .page import Markup, table, text

__all__ = ["drawdown_table", "fact_table", "ledger_table", "metric_table", "month_table", "refusal_table", "verdict_table"]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TONES = {Outcome.BETTER: "good", Outcome.NOT_BETTER: "bad", Outcome.UNKNOWN: "warn"}


def bounds(interval: Interval | None, metric: Metric) -> str:
    """Return `[low, high]` in the metric's unit, or an empty string where there is no interval."""
    if interval is None or not interval.known:
        return ""
    return f"[{metric.text(interval.low)}, {metric.text(interval.high)}]"


def verdict_table(evaluation: Evaluation) -> Markup:
    """Return one row a baseline: its Sharpe ratio, the difference with its interval, the answer."""
    rows = []
    for index, (one, verdict) in enumerate(zip(evaluation.baselines, evaluation.verdicts, strict=True)):
        gap, own = verdict.difference, evaluation.boot.sharpe[index + 1]
        rows.append(
            (
                one.label,
                Markup(f'<span class="{TONES[verdict.outcome]}">{text(verdict.outcome.value)}</span>'),
                f"{gap.estimate:+.2f} {_span(gap)}",
                f"{own.estimate:.2f} {_span(own)}",
                f"{verdict.probability_better * 100:.0f} %",
            )
        )
    head = ("compared with", "verdict", "policy less baseline", "its Sharpe ratio", "resamples won")
    return table(head, rows)


def _span(interval: Interval) -> str:
    return f"[{interval.low:.2f}, {interval.high:.2f}]" if interval.known else ""


def metric_table(evaluation: Evaluation) -> Markup:
    """Return every metric of every contender, the policy's with their intervals."""
    rows = []
    for metric in METRICS:
        span = bounds(evaluation.interval(metric.name), metric)
        below = f'<span class="sub">{text(span)}</span>' if span else ""
        own = Markup(text(metric.text(evaluation.policy.metrics[metric.name])) + below)
        rows.append((metric.label, own, *(metric.text(one.metrics[metric.name]) for one in evaluation.contenders[1:])))
    head = ("", "policy", *(one.label for one in evaluation.contenders[1:]))
    caption = f"In brackets: {evaluation.boot.level * 100:g} % intervals. Every formula is in docs/evaluation.md."
    return table(head, rows, caption=caption, classes=("", "own"))


def month_table(evaluation: Evaluation) -> Markup:
    """Return the policy's months as a heat map, with the year and the first baseline's year."""
    months, lead = months_of(evaluation), evaluation.baselines[0]
    theirs = months_of(evaluation, lead.track)
    size = max((abs(value) for year in months.values() for value in year.values()), default=0.0) or 1.0
    rows = []
    for year, values in months.items():
        cells = "".join(_month_cell(values.get(number + 1), size) for number in range(12))
        totals = (float(np.prod([1.0 + value for value in one.values()])) - 1.0 for one in (values, theirs[year]))
        years = "".join(f'<td class="year">{text(f"{total * 100:+.1f}")}</td>' for total in totals)
        rows.append(f"<tr><th>{year}</th>{cells}{years}</tr>")
    head = "".join(f"<th>{name}</th>" for name in ("", *MONTHS, "year", lead.label))
    body = f'<table class="months"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    caption = '<p class="sub">Returns in per cent, net of costs; the first and the last month may be cut.</p>'
    return Markup(f'{caption}<div class="scroll">{body}</div>')


def _month_cell(value: float | None, size: float) -> str:
    if value is None:
        return "<td></td>"
    depth = round(8 + 52 * min(abs(value) / size, 1.0))
    tone = "good" if value >= 0.0 else "bad"
    return f'<td style="background:color-mix(in srgb,var(--{tone}) {depth}%,transparent)">{text(f"{value * 100:.1f}")}</td>'


def drawdown_table(evaluation: Evaluation) -> Markup:
    """Return the worst drawdown that happened and quantiles of those in resamples."""
    rows = []
    for index, one in enumerate(evaluation.contenders):
        drawn = evaluation.simulated_drawdown(index)
        cells = (f"{value * 100:.0f} %" for value in (one.track.worst.depth, drawn["q05"], drawn["q50"], drawn["q95"]))
        rows.append(("policy" if one.name == "policy" else one.label, *cells))
    return table(("worst drawdown", "happened", "5 %", "median", "95 %"), rows)


def ledger_table(evaluation: Evaluation) -> Markup:
    """Return the lines of the policy's ledger in money and as a share of the initial equity."""
    initial, currency = float(evaluation.policy.track.equity[0]), evaluation.facts.get("currency", "")
    lines = [*waterfall_lines(evaluation), ("net", sum(value for _, value in waterfall_lines(evaluation)))]
    rows = [(name, f"{value:+,.0f} {currency}", f"{value / initial * 100:+.2f} %") for name, value in lines]
    return table(("", "money", "of initial equity"), rows)


def refusal_table(evaluation: Evaluation) -> Markup:
    """Return how many orders were refused or cut, by reason; a sentence where there were none."""
    refusals = evaluation.session.refusals
    if not refusals:
        return Markup("<p>No order was refused or cut.</p>")
    rows = [(reason.name.lower().replace("_", " "), f"{refusals[reason.name]:,}") for reason in Refusal if reason.name in refusals]
    return table(("refused or cut because", "orders"), rows)


def fact_table(evaluation: Evaluation) -> Markup:
    """Return the facts of the run as they are, and how the intervals were made."""
    boot = evaluation.boot
    made = {
        "intervals": f"{boot.level * 100:g} %, stationary bootstrap, {boot.resamples:,} resamples, blocks of {boot.block:.1f} bars",
        "probabilistic Sharpe ratio": f"{evaluation.probabilistic_sharpe:.3f} that it is above 0 (bars taken as independent)",
        "streamed against batched": "not compared"
        if math.isnan(evaluation.decisions_differ)
        else f"{evaluation.decisions_differ:.2%} of decisions differ",
    }
    known = {name: value for name, value in evaluation.facts.items() if name not in ("refusals", "tested")}
    rows = [(name.replace("_", " "), _fact(value)) for name, value in {**known, **made}.items()]
    return table((), rows, name="facts")


def _fact(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_fact(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_fact(one) for one in value)
    if isinstance(value, float):
        return f"{value:,.10g}"
    return value if isinstance(value, str) else json.dumps(value)
