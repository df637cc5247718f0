"""Which tags stand together on the tab `Custom Scalars`."""

from ...encoders.regime import LABELS
from ...market.account import COSTS

__all__ = ["CHARTS"]

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
        "losses": ["learn/policy_loss", "learn/value_loss", "learn/q_loss", "learn/forecast_loss", "learn/imitation_loss"],
        "entropy": ["learn/entropy"],
        "explained variance": ["learn/explained_variance"],
        "gradient norm": ["learn/gradient_norm"],
        "step from the old policy": ["learn/kl", "learn/clip_share"],
        "steps a second by stage": ["speed/steps_per_s", "speed/sample_steps_per_s", "speed/learn_steps_per_s"],
    },
}
"""Group, title of a chart, tags (regular expressions, as TensorBoard reads them)."""
