"""Choosing among strategies: what is held, what is seen of them, and that nothing comes from the future."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.table import FeatureTable
from quantgym.envs.tasks.choice import Mix
from quantgym.envs.tasks.selection import SelectionVectorEnv
from quantgym.envs.tasks.strategy import Strategies, strategies_of, with_performance
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, ShapeError, UnknownNameError

FREE = CostSettings(sizing_margin=0.0, allow_short=True).without_costs()
TAPE = gbm_tape(4, 120, 2, lot=1e-6)
CASH, LONG, SHORT = range(3)


def by_hand(tape=TAPE):
    """Nothing; 40 % in each asset; short 80 % of the second one."""
    flat = np.zeros((tape.n_rows, tape.n_assets))
    return {"flat": flat, "long": flat + 0.4, "short": flat + np.array([0.0, -0.8])}


def env(**settings):
    given = {"num_envs": 2, "strategies": by_hand(), "costs": FREE, "start": "first", "episode_bars": 20,
             "autoreset_mode": "disabled", "info": ("commission",)}  # fmt: skip
    return SelectionVectorEnv(settings.pop("tape", TAPE), **{**given, **settings})


def weights(made):
    return made.books.values / made.books.account["equity"][:, None]


def test_the_account_holds_what_the_chosen_strategy_wants():
    made = env()
    made.reset(seed=0)
    row = made.books.rows[0]
    made.step(np.array([LONG, SHORT]))
    # sized at the close of the decision, so that at the next close the weights have moved with the prices alone
    moved = TAPE.close[row + 1] / TAPE.close[row]
    units = np.array([[0.4, 0.4], [0.0, -0.8]]) * 100_000.0 / TAPE.close[row]
    assert made.books.position["units"] == pytest.approx(units, abs=1e-6)
    assert weights(made)[1, 1] == pytest.approx(-0.8 * moved[1], rel=0.05)
    made.step(np.array([CASH, CASH]))
    assert (made.books.position["units"] == 0.0).all()


def test_positions_drift_until_the_choice_or_the_targets_change():
    made = env()
    made.reset(seed=0)
    made.step(np.array([LONG, LONG]))
    held = made.books.position["units"].copy()
    for _ in range(3):
        made.step(np.array([LONG, LONG]))
    assert np.array_equal(made.books.position["units"], held)
    eager = env(action={"kind": "choice", "rebalance": True})
    eager.reset(seed=0)
    for _ in range(2):
        eager.step(np.array([LONG, LONG]))
    assert not np.array_equal(eager.books.position["units"], held)


@pytest.mark.parametrize("second", [-0.5, 1e-14], ids=["a short that is not allowed", "less than a lot"])
def test_a_weight_that_cannot_be_held_makes_no_other_position_trade(second):
    wanted = np.zeros((TAPE.n_rows, 2)) + np.array([0.5, second])
    costs = replace(FREE, allow_short=False)
    made = env(strategies={"flat": 0.0 * wanted, "half": wanted}, costs=costs)
    made.reset(seed=0)
    made.step(np.array([LONG, LONG]))
    held = made.books.position["units"].copy()
    assert (held[:, 0] > 0.0).all()
    assert (held[:, 1] == 0.0).all()
    for _ in range(5):
        made.step(np.array([LONG, LONG]))
    assert np.array_equal(made.books.position["units"], held)


def test_the_reward_is_the_log_return_net_of_what_switching_costs():
    made = env(costs=CostSettings(fee_rate=0.01, half_spread_rate=0.0, impact_coefficient=0.0, sizing_margin=0.0, allow_short=True))
    made.reset(seed=0)
    before = made.books.account["equity"].copy()
    _, rewards, _, _, info = made.step(np.array([LONG, CASH]))
    assert info["commission"] == pytest.approx([800.0, 0.0], rel=0.05)  # 1 % of about 80,000
    assert rewards == pytest.approx(np.log(made.books.account["equity"] / before), abs=1e-15)
    _, _, _, _, info = made.step(np.array([LONG, CASH]))
    assert info["commission"].tolist() == [0.0, 0.0]


def test_a_mix_is_the_sum_of_its_strategies():
    made = env(action={"kind": "mix", "form": "simplex"})
    made.reset(seed=0)
    # to [0, 1] and divided by their sum: 0.5, 0.5, 0 for one; nothing at all becomes equal shares for the other
    made.step(np.array([[1, 1, -1], [-1, -1, -1]], np.float32))
    assert made.followed.mix == pytest.approx(np.array([[0.5, 0.5, 0.0], [1 / 3] * 3]))
    assert made.followed.wanted == pytest.approx(np.array([[0.2, 0.2], [0.4 / 3, 0.4 / 3 - 0.8 / 3]]))
    seen, *_ = made.step(np.array([[1, 1, -1], [-1, -1, -1]], np.float32))
    assert seen[:, -3:] == pytest.approx(made.followed.mix, abs=1e-7)


def test_a_softmax_by_hand():
    made = env(action={"kind": "mix", "sharpness": 1.0})
    mix = made.scheme.mix(np.array([[1.0, 0.0, -1.0], [0.3, 0.3, 0.3]]))
    # e^0, e^-1, e^-2 over 1 + 0.3679 + 0.1353
    assert mix == pytest.approx(np.array([[0.66524, 0.24473, 0.09003], [1 / 3] * 3]), abs=1e-5)


def test_performance_by_hand():
    tape = gbm_tape(0, 4)
    bars = tape.bars.copy()
    for name in ("open", "high", "low", "close"):
        bars[name][:, 0] = [100.0, 110.0, 99.0, 108.9]  # + 10 %, - 10 %, + 10 %
    tape = replace(tape, bars=bars)
    targets = np.array([[1.0, 0.0], [1.0, 1.0], [0.5, -1.0], [0.0, 0.0]])[:, :, None]
    seen = Strategies(("a", "b"), targets).performance(tape, 2)
    assert seen.shape == (4, 4)
    assert (seen[:2] == 0.0).all()
    # a: what it wanted a row before: + 10 %, - 10 %: 0.99; from the highest 1.1 down by 10 %. b: 0, - 10 %
    assert seen[2] == pytest.approx([-0.01, 0.1, -0.1, 0.1], abs=1e-6)
    # a: - 10 %, + 5 %: 0.9 x 1.05 = 0.945, highest 1; b: - 10 %, - 10 %: 0.81
    assert seen[3] == pytest.approx([-0.055, 0.055, -0.19, 0.19], abs=1e-6)


def test_nothing_that_is_seen_or_held_comes_from_later_rows():
    rng, row = np.random.default_rng(0), 70
    bars = TAPE.bars.copy()
    factor = np.exp(rng.normal(0.0, 0.3, bars[row + 1 :].shape))
    for name in ("open", "high", "low", "close"):
        bars[name][row + 1 :] *= factor
    bars.flags.writeable = False
    named = {"strategies": None, "rows": (0, 100)}
    true, other = env(**named), env(tape=replace(TAPE, bars=bars), **named)
    assert np.array_equal(true.strategies.targets[: row + 1], other.strategies.targets[: row + 1])
    assert not np.array_equal(true.strategies.targets[row + 1 :], other.strategies.targets[row + 1 :])
    assert np.array_equal(true.world.table.values[: row + 1], other.world.table.values[: row + 1])
    mine, theirs = true.reset(seed=0)[0], other.reset(seed=0)[0]
    while true.books.rows[0] <= row and (true.books.rows < true.books.episode["last_row"]).all():
        assert mine.tobytes() == theirs.tobytes()
        action = rng.integers(0, 4, 2)
        mine, theirs = true.step(action)[0], other.step(action)[0]


def test_columns_stand_before_the_edges_and_are_added_once():
    layout = Layout(TAPE.symbols, market_global=(Column("edge_0", "edge_weight", -1.0, 1.0),), edges=((0, 1),),
                    market_asset=(Column("one", "flag", 0.0, 1.0),))  # fmt: skip
    table = FeatureTable(np.ones((TAPE.n_rows, 3), np.float32), layout)
    strategies = strategies_of(by_hand(), TAPE)
    shown = with_performance(table, TAPE, strategies, 5)
    assert [column.name for column in shown.layout.market_global][-3:] == ["return_short", "drawdown_short", "edge_0"]
    assert (shown.column("edge_0") == 1.0).all()
    assert shown.layout.warmup == 5
    assert with_performance(shown, TAPE, strategies, 5) is shown


def test_signals_are_strategies_by_name():
    made = strategies_of(["cash", "hold", {"kind": "ma_cross", "fast": 3, "slow": 9}, {"kind": "momentum", "short": True}], TAPE)
    assert made.names == ("cash", "hold", "ma_cross_3_9", "momentum_60")
    assert set(np.unique(made.targets[:, 2])) == {0.0, 0.5}
    assert set(np.unique(made.targets[:, 3])) == {-0.5, 0.0, 0.5}
    assert (made.targets[:, 1] == 0.5).all()


def test_on_several_tapes_every_strategy_knows_its_own_tape_alone():
    tapes = [gbm_tape(1, 90, 2), gbm_tape(2, 100, 2)]
    pool = SelectionVectorEnv(tapes, num_envs=4, episode_bars=5)
    for tape, rows in zip(tapes, (slice(0, 90), slice(90, 190)), strict=True):
        alone = SelectionVectorEnv(tape, num_envs=1, episode_bars=5)
        assert np.array_equal(pool.strategies.targets[rows], alone.strategies.targets)
        assert np.array_equal(pool.world.table.values[rows], alone.world.table.values)


def test_a_saved_selection_goes_on_identically():
    first, second = env(), env()
    first.reset(seed=1)
    first.step(np.array([LONG, SHORT]))
    second.set_state(first.get_state())
    mine, theirs = first.step(np.array([LONG, CASH])), second.step(np.array([LONG, CASH]))
    assert [part.tobytes() for part in mine[:4]] == [part.tobytes() for part in theirs[:4]]


@pytest.mark.parametrize(
    ("strategies", "error", "message"),
    [
        (["cash"], ConfigError, "two or more of different names, was cash"),
        (["hold", "hold"], ConfigError, "different names, was hold, hold"),
        (["cash", "momentun"], UnknownNameError, "did you mean momentum"),
        (["cash", {"kind": "momentum", "lookbak": 3}], ConfigError, "lookbak"),
        (["cash", "price"], ConfigError, "strategy price: a strategy's columns are targets"),
        (["cash", {"kind": "hold", "x": 1}], ConfigError, "strategy hold has no settings"),
        (["cash", 3], ConfigError, "needs a kind"),
        (np.zeros((120, 3)), ShapeError, r"must be of shape \(120, 2\)"),
        (np.zeros((50, 3, 2)), ShapeError, "of 120 rows or more"),
        ({"a": np.zeros((120, 2)), "b": np.full((120, 2), 2.0)}, ConfigError, r"strategy b: targets must be finite and lie in"),
        ({"a": np.zeros((120, 2)), "b": np.full((120, 2), np.nan)}, ConfigError, "strategy b"),
    ],
)
def test_a_wrong_strategy_is_refused(strategies, error, message):
    with pytest.raises(error, match=message):
        env(strategies=strategies)


def test_a_wrong_setting_is_refused():
    with pytest.raises(UnknownNameError, match="unknown action scheme of StrategySelection-v0 'chioce'; did you mean choice"):
        env(action="chioce")
    with pytest.raises(ConfigError, match=r"mix.form must be softmax or simplex"):
        env(action={"kind": "mix", "form": "max"})
    with pytest.raises(ConfigError, match="performance_bars must be an int of 1 or more"):
        env(performance_bars=0)
    with pytest.raises(ConfigError, match="trades every asset of its tape"):
        env(asset="S0")
    with pytest.raises(ConfigError, match="follows strategies, which quantgym/StrategySelection-v0 has alone"):
        assert Mix().size
