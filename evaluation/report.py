"""The report of an evaluation: one HTML file that opens offline, one picture and one JSON file."""

import os
from dataclasses import dataclass
from pathlib import Path

from ..market.errors import DataError
from .activity_chart import draw_waterfall, draw_weights
from .caveat import caveats
from .compare import Outcome
from .doubt_chart import draw_differences, draw_simulated_drawdown
from .evaluation import Evaluation, spell
from .market_chart import ASSETS_SHOWN, REGIME_NAMES, TRADES_SHOWN, draw_market, shown_assets
from .metric import metric
from .overview import overview_png
from .page import Markup, chart, document, legend, section, text
from .performance_chart import draw_drawdown, draw_equity, draw_rolling_sharpe, rolling_bars
from .report_json import report_json
from .report_table import (
    bounds,
    drawdown_table,
    fact_table,
    ledger_table,
    metric_table,
    month_table,
    refusal_table,
    verdict_table,
)

__all__ = ["Report", "report_html", "write_report"]

TILES = ("total_return", "annual_return", "sharpe", "max_drawdown", "turnover", "costs")


@dataclass(frozen=True)
class Report:
    """Where the files of a report stand."""

    html: Path
    png: Path
    json: Path


def write_report(evaluation: Evaluation, folder: Path | str) -> Report:
    """Write `report.html`, `report.png` and `report.json` into a folder; each file is whole or not there at all.

    Raises:
        DataError: The folder cannot be written.
    """
    folder = Path(folder)
    report = Report(folder / "report.html", folder / "report.png", folder / "report.json")
    contents = {
        report.html: report_html(evaluation).encode(),
        report.png: overview_png(evaluation),
        report.json: report_json(evaluation).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                partial.write_bytes(content)
                os.replace(partial, path)
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: the report cannot be written: {error}") from error
    return report


def report_html(evaluation: Evaluation) -> str:
    """Return the report as one page; the same evaluation gives the same text."""
    parts = (
        _top(evaluation),
        _performance(evaluation),
        _comparison(evaluation),
        _behaviour(evaluation),
        _costs(evaluation),
        section("All numbers", metric_table(evaluation)),
        section("The run", fact_table(evaluation), Markup("<h3>Refusals</h3>"), refusal_table(evaluation)),
        f"<footer>quantgym {text(evaluation.facts['versions']['quantgym'])}, report schema {evaluation.schema_version}. "
        "This page asks for nothing outside itself.</footer>",
    )
    return document(f"{evaluation.name}: {evaluation.verdict.text}", "".join(str(part) for part in parts))


def _top(evaluation: Evaluation) -> str:
    verdict, lead = evaluation.verdict, evaluation.baselines[0]
    kind = {Outcome.BETTER: "better", Outcome.NOT_BETTER: "not-better", Outcome.UNKNOWN: "unknown"}[verdict.outcome]
    words = verdict.text[0].upper() + verdict.text[1:]
    numbers = (
        f"Sharpe ratio {spell(evaluation.boot.sharpe[0])}, {lead.label} {evaluation.boot.sharpe[1].estimate:.2f}, "
        f"difference {spell(verdict.difference)}: {verdict.reason}."
    )
    trained = evaluation.facts.get("trained")
    when = f"trained {trained}, " if trained else ""
    return (
        f'<p class="eyebrow">quantgym evaluation</p><h1>{text(evaluation.name)}</h1>'
        f'<p class="muted">{text(when + str(evaluation.facts["tested"]))}; '
        f"out of sample, net of costs, on {text(evaluation.facts['tape'])}</p>"
        f'<div class="verdict {kind}"><b>{text(words)}</b><p>{text(numbers)}</p></div>'
        f'<div class="tiles">{"".join(_tile(evaluation, name) for name in TILES)}</div>'
    )


def _tile(evaluation: Evaluation, name: str) -> str:
    known, lead = metric(name), evaluation.baselines[0]
    span = bounds(evaluation.interval(name), known)
    if name == "max_drawdown":
        drawn = evaluation.simulated_drawdown()
        span = f"in resamples {known.text(drawn['q05'])} to {known.text(drawn['q95'])}"
    beside = f"{lead.label} {known.text(lead.metrics[name])}"
    return (
        f'<div class="tile"><div class="name">{text(known.label)}</div>'
        f'<div class="big">{text(known.text(evaluation.policy.metrics[name]))}</div>'
        f'<div class="sub">{text(span) + "<br>" if span else ""}{text(beside)}</div></div>'
    )


def _performance(evaluation: Evaluation) -> Markup:
    entries = []
    for one in evaluation.contenders:
        label = "policy" if one.name == "policy" else one.label
        earned = f"{label} {one.metrics['total_return'] * 100:+.1f} %"
        entries.append((earned, one.name, "dash" if one.name == "zero_cost" else "line"))
    if any(one.spread is not None for one in evaluation.baselines):
        entries.append(("10 to 90 % of random accounts", "random", "pale"))
    rules = "".join(f"<li><b>{text(one.label)}</b> {text(one.rule)}</li>" for one in evaluation.contenders[1:])
    window = rolling_bars(evaluation)
    return section(
        "Out-of-sample performance, net of costs",
        legend(entries),
        chart(evaluation, "equity", draw_equity, "Equity of the policy and its baselines", height=380, narrow_height=300),
        Markup("<h3>Drawdown</h3>"),
        chart(evaluation, "drawdown", draw_drawdown, "Drawdown of the policy and its baselines", height=210, narrow_height=190),
        Markup(f"<h3>Sharpe ratio of the last {window} bars</h3>"),
        chart(evaluation, "rolling", draw_rolling_sharpe, "Rolling Sharpe ratio", height=200, narrow_height=190),
        Markup(f'<ul class="notes muted">{rules}</ul>'),
    )


def _comparison(evaluation: Evaluation) -> Markup:
    boot, worthwhile = evaluation.boot, evaluation.verdict.worthwhile
    caption = (
        f"Dots: what was measured. Bars: {boot.level * 100:g} % intervals of the paired difference. Better: the whole bar lies "
        f"right of zero. Not better: it ends before {worthwhile:g} (shaded: too small to matter). Else: not enough data to tell."
    )
    simulated = (
        "The same bars drawn again in blocks, in another order: how deep the worst drawdown could as well have been. A simulated "
        "distribution, no confidence interval."
    )
    notes = "".join(f"<li>{text(one)}</li>" for one in caveats(evaluation))
    lead = evaluation.baselines[0]
    marks = legend([("policy", "policy", "box"), (lead.label, lead.name, "line")])
    differences = chart(
        evaluation, "differences", draw_differences, "Sharpe ratio less that of each baseline, with intervals", caption,
        height=70 + 62 * len(evaluation.baselines), narrow_height=90 + 62 * len(evaluation.baselines),
    )  # fmt: skip
    drawn = chart(
        evaluation, "simulated", draw_simulated_drawdown, "Worst drawdowns in resamples", simulated, height=220, width=500
    )
    pair = Markup(f'<div class="pair"><div>{marks}{drawn}</div><div>{drawdown_table(evaluation)}</div></div>')
    return section(
        "Is it better?",
        differences,
        verdict_table(evaluation),
        Markup("<h3>Drawdowns that could have been</h3>"),
        pair,
        Markup(f'<h3>What to hold against these numbers</h3><ul class="notes">{notes}</ul>'),
    )


def _behaviour(evaluation: Evaluation) -> Markup:
    scene = evaluation.scene
    named: list[tuple[str, str]] = []

    def draw(ax: object, found: Evaluation, narrow: bool) -> None:
        named[:] = draw_weights(ax, found, narrow=narrow)

    weights = chart(evaluation, "weights", draw, "Weights of the assets over time", height=230, narrow_height=210)
    shown = shown_assets(evaluation)
    panels = (len(shown) + 1) // 2
    fills = len(evaluation.session.fills)
    which = f"the {ASSETS_SHOWN} most traded of {len(scene.symbols)} assets; " if len(shown) < len(scene.symbols) else ""
    caption = (
        f"Closes adjusted for splits and dividends; {which}triangles: purchases and sales, larger for larger trades, at most "
        f"{TRADES_SHOWN} an asset, of {fills:,} fills in all."
    )
    keys = [(f"{REGIME_NAMES[name]}", name, "box") for name in scene.regimes]
    regimes = "Shaded: the most likely regime as the policy saw it at each close (filtered, no hindsight)." if keys else ""
    market = chart(
        evaluation, "market", draw_market, "Prices, regimes and trades", f"{caption} {regimes}", panels=True,
        height=300 if len(shown) == 1 else 60 + 200 * panels, narrow_height=40 + 190 * len(shown),
    )  # fmt: skip
    return section(
        "What it did",
        Markup("<h3>Weights</h3>"),
        legend([(name, role, "box") for name, role in named]),
        weights,
        Markup("<h3>Months</h3>"),
        month_table(evaluation),
        Markup("<h3>Market, regimes and trades</h3>"),
        legend(keys) if keys else "",
        market,
    )


def _costs(evaluation: Evaluation) -> Markup:
    rate = metric("cost_rate").text(evaluation.policy.metrics["cost_rate"])
    without = evaluation.twin.metrics["annual_return"] - evaluation.policy.metrics["annual_return"]
    words = (
        f"Trading cost {rate} of the money traded. The same policy where trading is free would have earned "
        f"{abs(without) * 100:.1f} percentage points a year {'more' if without >= 0.0 else 'less'}."
    )
    fall = chart(evaluation, "waterfall", draw_waterfall, "From gross profit to net", height=300, width=640)
    return section(
        "Costs",
        Markup(f"<p>{text(words)}</p>"),
        Markup(f'<div class="pair"><div>{fall}</div><div>{ledger_table(evaluation)}</div></div>'),
    )
