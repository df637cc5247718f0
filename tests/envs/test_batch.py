"""One batch, stepped by hand: what is paid, when it ends, what is refused."""

import math

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.table import FeatureTable
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.errors import ClosedError, EpisodeError
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.actions.weights import Weights
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, QuantgymError, ShapeError, UnknownNameError

TAPE = gbm_tape(0, 400)
BUY_10, BUY_50, HOLD, SELL_10, SELL_50, CLOSE_ALL = range(6)


def numbered(tape, n_columns=2):
    """A table whose number is 10 x row + column, so that windows can be read."""
    rows = np.arange(tape.n_rows)[:, None] * 10.0 + np.arange(n_columns * tape.n_assets)
    columns = tuple(Column(f"c{i}", "index", 0.0, 1e6) for i in range(n_columns))
    return FeatureTable(rows.astype(np.float32), Layout(tape.symbols, market_asset=columns))


def with_nan(tape):
    values = numbered(tape).values.copy()
    values[[7, 9], 1] = np.nan, np.inf
    return FeatureTable(values, numbered(tape).layout)


def env(**settings):
    return TradingVectorEnv(**{"tape": TAPE, "num_envs": 3, "start": "first", "episode_bars": 5, **settings})


def test_an_observation_is_the_window_oldest_first_then_the_account():
    made = env(features=numbered(TAPE), window=3)
    seen, _ = made.reset(seed=0)
    # rows 0, 1, 2 are the first window of three; all cash
    assert seen[1].tolist() == [0, 1, 10, 11, 20, 21, *[0, 1, 0, 0, 0, 0, 0]]
    assert made.layout.size == 13
    seen, *_ = made.step(np.array([HOLD] * 3))
    assert seen[1, :6].tolist() == [10, 11, 20, 21, 30, 31]


def test_the_reward_is_the_log_return_of_the_equity_from_close_to_close():
    made = env(features=numbered(TAPE))
    _, info = made.reset(seed=0)
    before = info["equity"]
    for action in (BUY_50, HOLD, SELL_50, CLOSE_ALL):
        _, rewards, _, _, info = made.step(np.array([action] * 3))
        assert rewards == pytest.approx(np.log(info["equity"] / before), abs=1e-15)
        before = info["equity"]


def test_the_first_fill_by_hand():
    costs = CostSettings(fee_rate=0.001, half_spread_rate=0.0, impact_coefficient=0.0, sizing_margin=0.019)
    made = env(features=numbered(TAPE), costs=costs, cash=10_000.0)
    made.reset(seed=0)
    seen, rewards, _, _, info = made.step(np.array([BUY_50] * 3))
    bar, decided = TAPE.bars[1, 0], TAPE.close[0, 0]
    units = math.floor(5_000.0 / (decided * 1.02))  # buffer 0.1 % fee + 1.9 %
    paid = units * bar["open"]
    equity = 10_000.0 - paid - 0.001 * paid + units * bar["close"]
    assert info["equity"] == pytest.approx([equity] * 3)
    assert info["costs"] == pytest.approx([0.001 * paid] * 3)
    assert info["turnover"] == pytest.approx([paid / 10_000.0] * 3)
    assert info["exposure"] == pytest.approx([units * bar["close"] / equity] * 3)
    assert rewards == pytest.approx([math.log(equity / 10_000.0)] * 3)
    assert seen[0, 2] == pytest.approx(units * bar["close"] / equity)  # private `exposure`


def test_a_reset_mask_resets_those_alone():
    made = env(autoreset_mode="disabled", start="random")
    made.reset(seed=0)
    made.step(np.array([BUY_50] * 3))
    rows, equity = made.simulator.rows.copy(), made.simulator.account["equity"].copy()
    made.reset(options={"reset_mask": np.array([True, False, False])})
    assert made.simulator.account["equity"][0] == 100_000.0
    assert made.simulator.rows[1:].tolist() == rows[1:].tolist()
    assert made.simulator.account["equity"][1:].tolist() == equity[1:].tolist()


def test_info_is_made_of_what_was_asked_for():
    made = env(info=("row", "commission"))
    _, info = made.reset(seed=0)
    assert sorted(info) == ["_commission", "_row", "commission", "row"]
    assert env(info=()).reset(seed=0)[1] == {}


def test_refusals_are_counted_by_reason():
    from quantgym.market.order import Refusal

    made = env(cash=50.0)  # half of it buys no unit at a price near 100
    made.reset(seed=0)
    *_, info = made.step(np.array([BUY_50, HOLD, BUY_10]))
    assert info["refused"][:, Refusal.BELOW_MINIMUM].tolist() == [1, 0, 1]


def test_one_asset_of_many_is_traded_with_its_own_features():
    tape = gbm_tape(1, 60, n_assets=3)
    made = TradingVectorEnv(tape, num_envs=1, asset="S2", start="first", episode_bars=5)
    assert made.layout.names[0] == "S2.return_1"
    made.reset(seed=0)
    made.step(np.array([BUY_50]))
    assert made.simulator.position["mark"][0, 0] == tape.close[made.simulator.rows[0], 2]
    with pytest.raises(ConfigError, match="asset must say which of the 3 assets of tape gbm-1 is traded: S0, S1, S2"):
        TradingVectorEnv(tape)
    with pytest.raises(UnknownNameError, match="'S9'"):
        TradingVectorEnv(tape, asset="S9")


def test_weights_become_positions_and_are_seen():
    tape = gbm_tape(1, 60, n_assets=2)
    free = CostSettings(sizing_margin=0.0).without_costs()
    made = PortfolioVectorEnv(tape, num_envs=1, start="first", episode_bars=5, costs=free)
    made.reset(seed=0)
    # entries (0.6, 0.2, 0.2) of their sum 1: 60 %, 20 %, cash
    seen, *_ = made.step(np.array([[0.2, -0.6, -0.6]], np.float32))
    private = dict(zip([column.name for column in made.layout.private], seen[0, -made.layout.n_private :], strict=True))
    row = made.simulator.rows[0]
    held = made.simulator.position["units"][0] * tape.close[row]
    assert [private["weight_S0"], private["weight_S1"]] == pytest.approx(held / made.simulator.account["equity"][0], rel=1e-6)
    assert [private["weight_S0"], private["weight_S1"], private["cash_fraction"]] == pytest.approx([0.6, 0.2, 0.2], abs=0.03)


@pytest.mark.parametrize(("action", "error", "says"), [
    (np.array([0, 1]), ShapeError, r"\(3,\)"),
    (np.array([[0], [1], [2]]), ShapeError, r"\(3,\)"),
    (np.array([0.0, 1.0, 2.0]), ShapeError, "integers"),
    (np.array([0, 6, 2]), ConfigError, r"must lie in \[0, 6\), was 6 at index \[1\]"),
    (np.array([0, 1, -1]), ConfigError, r"was -1 at index \[2\]"),
])
def test_wrong_discrete_actions_are_refused_and_nothing_moves(action, error, says):
    made = env()
    made.reset(seed=0)
    before = made.simulator.state()
    with pytest.raises(error, match=says):
        made.step(action)
    after = made.simulator.state()
    assert all((after[name] == before[name]).all() for name in before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5])
def test_wrong_continuous_actions_are_refused_and_name_the_place(value):
    made = env(action="exposure")
    made.reset(seed=0)
    with pytest.raises(ConfigError, match=r"must be finite and lie in \[-1, 1\], was .* at index \[1, 0\]"):
        made.step(np.array([[0.0], [value], [0.0]]))


def test_stepping_out_of_turn_is_refused():
    made = env(autoreset_mode="disabled", episode_bars=1)
    with pytest.raises(EpisodeError, match=r"3 of 3 have none; call reset\(\) first"):
        made.step(np.zeros(3, int))
    made.reset(seed=0)
    made.step(np.zeros(3, int))
    with pytest.raises(EpisodeError, match="step needs a running episode"):
        made.step(np.zeros(3, int))
    made.close()
    with pytest.raises(ClosedError, match="this Trading-v0 environment is closed"):
        made.step(np.zeros(3, int))
    with pytest.raises(ClosedError):
        made.reset()


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"num_envs": 0}, ConfigError, "num_envs must be an int of 1 or more, was 0"),
    ({"num_envs": 2.0}, ConfigError, "num_envs must be an int"),
    ({"windw": 3}, ConfigError, "unknown option 'windw' of Trading-v0; did you mean window?"),
    ({"window": 0}, ConfigError, "window must be an int of 1 or more, was 0"),
    ({"cash": -1.0}, ConfigError, "cash must be positive and finite, was -1.0"),
    ({"cash": "much"}, ConfigError, "cash must be positive and finite, was 'much'"),
    ({"cash": True}, ConfigError, "cash must be positive and finite, was True"),
    ({"rows": "abc"}, ConfigError, r"rows must be \(start, stop\), two ints, or a slice, was 'abc'"),
    ({"rows": (1,)}, ConfigError, "rows must be"),
    ({"costs": {"fee_rate": 1.0}}, ConfigError, "costs must be a CostSettings or None"),
    ({"features": np.zeros((400, 2))}, ConfigError, "features must be a FeatureTable, a function from a tape to one"),
    ({"features": with_nan(TAPE)}, DataError, "features must be finite: 2 rows of tape gbm-0 are not, first row 7"),
    ({"action": Weights(n_assets=3)}, ConfigError, "action weights: n_assets must be that of the tape, 1, was 3"),
    ({"action": {"kind": "weights", "n_assets": 2}}, ConfigError, "n_assets must be that of the tape, 1, was 2"),
    ({"reward": "log_retrun"}, UnknownNameError, "did you mean log_return"),
    ({"action": "six_action"}, UnknownNameError, "did you mean six_actions"),
    ({"action": "positions", "private": "acount"}, UnknownNameError, "did you mean account"),
    ({"info": ("equty",)}, UnknownNameError, "did you mean equity"),
    ({"autoreset_mode": "samestep"}, ConfigError, "did you mean same_step"),
    ({"start": "middle"}, ConfigError, "start must be one of random, first, sequential, regime, rows, was 'middle'"),
    ({"render_mode": "human"}, ConfigError, "render_mode must be one of rgb_array, ansi, or None, was 'human'"),
    ({"episode_bars": 1_000}, DataError, "tape too short"),
    ({"window": 500}, DataError, "tape too short"),
    ({"rows": (100, 500)}, DataError, r"rows must satisfy 0 <= start < stop <= 400 \(tape gbm-0\), was \(100, 500\)"),
    ({"rows": slice(0, 500)}, DataError, "rows must be consecutive rows of tape gbm-0"),
    ({"features": numbered(gbm_tape(0, 300))}, ShapeError, "a row for each of the 400 rows of tape gbm-0, had 300"),
    ({"features": numbered(gbm_tape(0, 400, n_assets=2).select(["S1"]))}, UnknownNameError, "unknown asset 'S0'"),
    ({"tape": "sample:eurusd-1hh"}, UnknownNameError, "did you mean sample:eurusd-1h"),
    ({"asset": "S1"}, UnknownNameError, "unknown symbol 'S1'"),
])
def test_wrong_arguments_are_refused_before_anything_is_built(settings, error, says):
    with pytest.raises(error, match=says):
        env(**settings)


def test_features_of_other_assets_are_refused():
    tape = gbm_tape(0, 400, n_assets=2)
    with pytest.raises(ShapeError, match="features must be of the assets S0, S1 of tape gbm-0, in this order, were of S1, S0"):
        PortfolioVectorEnv(tape, numbered(tape.select(["S1", "S0"])))


def test_wrong_reset_options_are_refused():
    made = env()
    with pytest.raises(ConfigError, match="unknown reset option 'reset_maks'; did you mean reset_mask"):
        made.reset(options={"reset_maks": np.ones(3, bool)})
    with pytest.raises(ShapeError, match=r"reset_mask must be bool of shape \(3,\), was int64 \(3,\)"):
        made.reset(options={"reset_mask": np.ones(3, int)})


def test_a_first_reset_must_begin_every_sub_environment():
    made = env(autoreset_mode="disabled", window=4)
    with pytest.raises(EpisodeError, match="reset_mask leaves out 2 sub-environments that were never reset"):
        made.reset(seed=0, options={"reset_mask": np.array([True, False, False])})


def test_every_error_of_ours_is_one_family():
    assert issubclass(EpisodeError, QuantgymError)
    assert issubclass(ClosedError, QuantgymError)


def test_rows_in_which_the_asset_is_not_listed_are_refused():
    tape = gbm_tape(2, 60, 2, late=40)
    late = tape.symbols[int(tape.present.argmax(axis=0).argmax())]
    with pytest.raises(DataError, match=rf"{late} cannot be traded in any of the rows \[0, 30\)"):
        TradingVectorEnv(tape, num_envs=2, asset=late, rows=(0, 30), episode_bars=5)
