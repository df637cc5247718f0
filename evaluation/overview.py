"""One picture of an evaluation: what a README or a message shows."""

from typing import Any

from .activity_chart import draw_waterfall, draw_weights
from .doubt_chart import draw_differences, draw_simulated_drawdown
from .evaluation import Evaluation, spell
from .page import signed
from .performance_chart import draw_drawdown, draw_equity
from .theme import LIGHT, Size, canvas, png_bytes

__all__ = ["draw_overview", "overview_png"]

SIZE = Size(1200, 900, 11.5)


def overview_png(evaluation: Evaluation) -> bytes:
    """Return the picture as PNG, 1,600 by 1,200 pixels."""
    return png_bytes(canvas(SIZE, lambda figure: draw_overview(figure, evaluation)), 4.0 / 3.0)


def draw_overview(figure: Any, evaluation: Evaluation) -> None:
    """Draw verdict, equity, drawdown, weights, differences, simulated drawdowns and costs."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    top, upper, middle, lower = figure.subfigures(4, 1, height_ratios=[0.7, 2.7, 1.45, 2.0])
    head = top.add_axes((0.0, 0.0, 1.0, 1.0))
    head.set_axis_off()
    verdict = evaluation.verdict
    head.text(0.012, 0.86, f"{evaluation.name}: {verdict.text}", fontsize=19, weight="bold", va="top", color=LIGHT["ink"])
    lead = evaluation.baselines[0]
    head.text(
        0.012,
        0.46,
        signed(
            f"Sharpe ratio {spell(evaluation.boot.sharpe[0])}, {lead.label} {evaluation.boot.sharpe[1].estimate:.2f}, "
            f"difference {spell(verdict.difference)}\n{evaluation.facts.get('tested', '')}, out of sample, net of costs"
        ),
        va="top",
        color=LIGHT["muted"],
        linespacing=1.45,
    )
    equity = upper.subplots()
    draw_equity(equity, evaluation)
    equity.set_title("Equity, net of costs")
    handles: list[Any] = []
    for one in evaluation.contenders:
        earned = f"{one.metrics['total_return'] * 100:+.1f} %".replace("-", "\N{MINUS SIGN}")
        style: Any = "--" if one.name == "zero_cost" else "-"
        label = "policy" if one.name == "policy" else one.label
        handles.append(Line2D([], [], color=LIGHT[one.name], linewidth=2.4, linestyle=style, label=f"{label}  {earned}"))
    if any(one.spread is not None for one in evaluation.baselines):
        handles.append(Patch(color=LIGHT["random"], alpha=0.18, linewidth=0, label="random, 10 to 90 %"))
    equity.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 0.985),
        ncols=6,
        handlelength=1.4,
        columnspacing=1.1,
        handletextpad=0.5,
        borderaxespad=0.0,
        fontsize=10.3,
    )
    drawdown, weights = middle.subplots(1, 2)
    draw_drawdown(drawdown, evaluation)
    drawdown.set_title("Drawdown")
    named = draw_weights(weights, evaluation)
    weights.set_title("Weights")
    if len(named) > 1:
        patches = [Patch(color=LIGHT[role], alpha=0.85, linewidth=0, label=name) for name, role in named]
        weights.legend(handles=patches, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=len(named), handlelength=0.8,
                       columnspacing=0.9, handletextpad=0.4, borderaxespad=0.0)  # fmt: skip
    differences, simulated, costs = lower.subplots(1, 3, width_ratios=[1.5, 1.0, 1.2])
    draw_differences(differences, evaluation)
    differences.set_title(f"Is it better? {evaluation.boot.level * 100:g} % intervals")
    draw_simulated_drawdown(simulated, evaluation, narrow=True)
    simulated.set_title("Drawdowns in resamples")
    simulated.set_xlabel("worst drawdown")
    draw_waterfall(costs, evaluation, narrow=True)
    costs.set_title("From gross to net")
