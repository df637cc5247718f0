"""Which tags stand together on the tab `Custom Scalars`."""

from ...configs.job import Job
from ...encoders.regime import LABELS
from ...market.account import COSTS

__all__ = ["CHARTS", "charts_of"]

CHARTS: dict[str, dict[str, list[str]]] = {
    "validation": {
        "equity against baselines": ["validation/equity", "validation/equity_buy_and_hold", "validation/equity_equal_weight"],
        "Sharpe ratio a year": ["validation/sharpe", "validation/sharpe_buy_and_hold", "validation/sharpe_equal_weight"],
        "drawdown": ["validation/drawdown", "train/drawdown"],
        "return by regime, basis points a bar": [f"validation/return_{label}_bp" for label in LABELS],
        "score on a known optimum, with its interval": ["validation/score_low", "validation/score", "validation/score_high"],
    },
    "trading": {
        "exposure": ["train/exposure", "validation/exposure"],
        "turnover": ["train/turnover", "validation/turnover"],
        "holding time, bars": ["train/holding_bars", "validation/holding_bars"],
        "hit rate of bars": ["train/hit_rate", "validation/hit_rate"],
        "costs, basis points of equity a bar": ["costs/total_bp", *(f"costs/{line}_bp" for line in COSTS)],
        "return by regime, basis points a bar": [f"regime/return_{label}_bp" for label in LABELS],
        "actions": ["actions/.*"],
        "refusals, orders a bar": ["refused/.*"],
    },
    "learning": {
        "losses": [f"learn/{name}_loss" for name in ("policy", "value", "q", "actor", "critic", "forecast", "clone")],
        "explained variance": ["learn/explained_variance"],
        "entropy": ["learn/entropy"],
        "exploration": ["learn/epsilon", "learn/temperature"],
        "gradient norm": ["learn/gradient_norm"],
        "step from the old policy": ["learn/kl", "learn/kl_coefficient", "learn/clip_share"],
        "steps a second by stage": ["speed/steps_per_s", "speed/sample_steps_per_s", "speed/learn_steps_per_s"],
    },
}
"""Group, title of a chart, tags (regular expressions, as TensorBoard reads them)."""

REGIMES = "return by regime, basis points a bar"
SCORE = "score on a known optimum, with its interval"
ALGORITHMS = {"explained variance": ("PPO",), "step from the old policy": ("PPO",), "exploration": ("DQN", "SAC")}


def charts_of(job: Job) -> dict[str, dict[str, list[str]]]:
    """Return the charts that have something to show for this job."""
    empty = {title for title, algorithms in ALGORITHMS.items() if job.agent.algorithm not in algorithms}
    if job.data is not None:
        empty.add(SCORE)
    if not any(encoder["kind"] == "regime" for encoder in job.encoders):
        empty.add(REGIMES)
    return {group: {title: tags for title, tags in charts.items() if title not in empty} for group, charts in CHARTS.items()}
