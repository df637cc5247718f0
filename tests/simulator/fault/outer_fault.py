"""Faults around the simulator, which the second implementation cannot see: rewards, decisions and features."""

from .fault import Fault

__all__ = ["OUTER_FAULTS"]

OUTER_FAULTS = (
    Fault(
        "the reward of the step that ruins is lost",
        "envs/rewards/log_return.py",
        "return log(floor)",
        "return 0.0 * floor",
        "tests/envs/test_accounting.py::test_ruin_terminates_and_its_reward_is_paid_in_that_step",
    ),
    Fault(
        "the step that ruins an account does not say so",
        "simulator/closing.py",
        "record[e].ruined = 1 if ruined and not account[e].ruined else 0",
        "record[e].ruined = 0",
        "tests/envs/test_accounting.py::test_ruin_terminates_and_its_reward_is_paid_in_that_step",
    ),
    Fault(
        "the reward forgets a cost",
        "envs/rewards/gross_minus_cost.py",
        "spent += step[e].impact + step[e].borrow + step[e].liquidation",
        "spent += step[e].impact + step[e].liquidation",
        "tests/envs/test_rewards.py::test_gross_minus_cost_weighs_the_costs",
    ),
    Fault(
        "the end of an episode's time is told as ruin",
        "envs/fused_loop.py",
        "terminated[e], truncated[e] = ruined, over",
        "terminated[e], truncated[e] = ruined or over, over",
        "tests/envs/test_accounting.py::test_an_episode_ends_truncated_after_its_bars_and_every_step_is_paid_once",
    ),
    Fault(
        "orders are sized at the close of the bar that they will meet",
        "market/actions/sizing.py",
        "return float(bars[row, asset].close * instruments",
        "return float(bars[row + 1, asset].close * instruments",
        "tests/market/test_scheme_causality.py::test_a_scheme_decides_by_the_close_of_its_row_and_by_none_after_it[exposure]",
    ),
    Fault(
        "a feature is computed from the row after it",
        "encoders/price.py",
        "out[row, asset, n_lags + 2] = (bar.high - bar.low) / bar.close",
        "out[row, asset, n_lags + 2] = (bar.high - bar.low) / rows[min(row + 1, rows.shape[0] - 1), asset].close",
        "tests/encoders/test_contract.py::test_it_keeps_the_contract_on_a_random_walk[price]",
    ),
)
