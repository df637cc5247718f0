"""Parts beside the account: margin, time left, the mask of actions, one of a user's own, several together."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.parts.part import Part, PartContext
from quantgym.envs.parts.registry import PARTS, build_parts, columns_of, parts_of_columns
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.account import new_accounts
from quantgym.market.actions.quotes import Quotes
from quantgym.market.cost import CostSettings
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.market.instrument import Instrument, instrument_records

CONTEXT = PartContext(("S0",))
TAPE = gbm_tape(0, 300, lot=0.001)


def books(n_assets=1, n_envs=1):
    account, position = new_accounts(n_envs, n_assets)
    account["equity"] = 1_000.0
    instruments = instrument_records(tuple(Instrument(symbol=f"S{a}") for a in range(n_assets)))
    return Books(np.full(n_envs, 10, np.int64), instruments, account, position, open_episodes(n_envs))


def written(part, held):
    out = np.full((held.n_envs, len(part.columns)), np.nan, np.float32)
    part.write(np.ones(held.n_envs, bool), held, out, 0)
    return out


def test_margin_by_hand():
    held = books(n_assets=2)
    held.position["units"], held.position["mark"] = [[3.0, -10.0]], [[100.0, 50.0]]
    held.position["margin"], held.position["displacement"] = [[50.0, 25.0]], [[0.001, -0.004]]
    held.account["n_liquidations"] = 3
    (part,) = build_parts("margin", PartContext(("A", "B")))
    # |300| + |-500| = 800 of 1,000; 75 of 1,000; -0.4 % is larger than 0.1 %; 3 / 4
    assert written(part, held)[0] == pytest.approx([0.8, 0.075, -0.4, 0.75])


@pytest.mark.parametrize("equity", [0.0, -5.0, np.nan, 1e-300])
def test_margin_of_a_ruined_account_stays_inside_its_bounds(equity):
    held = books()
    held.position["units"], held.position["mark"], held.position["displacement"] = 1e9, 1e9, 3.0
    held.account["equity"] = equity
    (part,) = build_parts("margin", CONTEXT)
    row = written(part, held)[0]
    assert all(column.low <= value <= column.high for column, value in zip(part.columns, row, strict=True))


def test_time_left_falls_from_one_to_nothing():
    env = TradingVectorEnv(TAPE, num_envs=2, episode_bars=4, private=["account", "time_left"], autoreset_mode="disabled")
    seen, _ = env.reset(seed=0)
    shown = [seen[0, -1]]
    shown += [env.step(np.array([2, 2]))[0][0, -1] for _ in range(4)]
    assert shown == [1.0, 0.75, 0.5, 0.25, 0.0]
    (part,) = build_parts("time_left", CONTEXT)
    assert written(part, books()).tolist() == [[1.0]]  # live knows no end


def test_the_mask_stands_in_the_observation_and_in_the_info():
    env = TradingVectorEnv(TAPE, num_envs=2, private=["account", "action_mask"], info=("action_mask",), observation="dict")
    seen, info = env.reset(seed=0)
    assert info["action_mask"].shape == (2, 6)
    assert info["action_mask"].dtype == np.int8
    assert seen["action_mask"].tolist() == info["action_mask"].tolist() == seen["private"][:, -6:].tolist()
    with pytest.raises(ConfigError, match="action_mask needs a discrete action scheme, was exposure"):
        TradingVectorEnv(TAPE, action="exposure", private=["account", "action_mask"])
    with pytest.raises(ConfigError, match="info action_mask needs a discrete action scheme, was exposure; leave action_mask out"):
        TradingVectorEnv(TAPE, action="exposure", info=("action_mask",))


class Smoothed(Part):
    """A part with memory: an average of equity changes."""

    columns = (Column("smoothed", "fraction", -1.0, 1.0),)

    def __init__(self, settings, context):
        self.rate = settings.get("rate", 0.5)

    def start(self, n_envs):
        self.mean = np.zeros(n_envs)

    def begin(self, envs, books):
        self.mean[envs] = 0.0

    def after(self, step, books):
        self.mean += self.rate * (step["equity"] / step["equity_before"] - 1.0 - self.mean)

    def write(self, active, books, out, at):
        out[active, at] = np.clip(self.mean[active], -1.0, 1.0)

    def state(self):
        return {"mean": self.mean.copy()}

    def load(self, state):
        self.mean[:] = state["mean"]


@pytest.fixture
def smoothed():
    PARTS["smoothed"] = Smoothed
    yield {"kind": "smoothed", "rate": 0.25}
    del PARTS["smoothed"]


def test_a_part_of_ones_own_with_memory_is_begun_fed_and_saved(smoothed):
    env = TradingVectorEnv(TAPE, num_envs=3, episode_bars=5, private=["account", smoothed], start="first", costs=CostSettings())
    seen, _ = env.reset(seed=0)
    assert seen[:, -1].tolist() == [0.0] * 3
    seen, *_ = env.step(np.array([1, 2, 2]))
    step = env.simulator.record
    assert seen[:, -1] == pytest.approx(0.25 * (step["equity"] / step["equity_before"] - 1.0))
    state = env.get_state()
    after = [env.step(np.array([1, 1, 1]))[0].tobytes() for _ in range(9)]
    env.set_state(state)
    assert [env.step(np.array([1, 1, 1]))[0].tobytes() for _ in range(9)] == after


class Columnless(Part):
    """A part whose author forgot its columns."""

    def __init__(self, settings, context):
        if "columns" in settings:
            self.columns = settings["columns"]

    def write(self, active, books, out, at):
        """Nothing to write."""


@pytest.mark.parametrize(("settings", "says"), [
    ({}, "has none"),
    ({"columns": None}, "was None"),
    ({"columns": "wealth"}, "was 'wealth'"),
    ({"columns": ("wealth",)}, r"was \('wealth',\)"),
    ({"columns": Column("wealth", "fraction")}, r"was Column"),
])  # fmt: skip
def test_a_part_of_ones_own_without_columns_is_told_so(settings, says):
    PARTS["columnless"] = Columnless
    try:
        for private in (Columnless(settings, CONTEXT), {"kind": "columnless", **settings}):
            with pytest.raises(ConfigError, match=rf"private part Columnless must have columns, a tuple of Column, {says}"):
                TradingVectorEnv(TAPE, private=["account", private])
    finally:
        del PARTS["columnless"]
    Columnless.columns = (Column("wealth", "fraction", 0.0, 1.0),)
    try:
        assert TradingVectorEnv(TAPE, private=["account", Columnless({}, CONTEXT)]).layout.private[-1].name == "wealth"
    finally:
        del Columnless.columns


def test_inventory_of_a_ruined_account_is_nothing_in_lots_as_in_shares_of_equity():
    held = books(n_envs=4)
    held.account["equity"] = [1_000.0, 1_000.0, 0.0, -5.0]
    held.account["ruined"] = [0, 1, 1, 1]
    held.position["units"], held.position["mark"] = 15.0, 10.0
    # 15 lots of 10 x 3; 150 of 3 x 10 % x 1,000
    for settings in ({"lots": 10, "largest": 3}, {"equity_share": 0.1, "largest": 3}):
        (part,) = build_parts("inventory", PartContext(("S0",), Quotes(**settings)))
        assert written(part, held).tolist() == [[0.5], [0.0], [0.0], [0.0]]


def test_two_batches_share_no_part():
    part = Smoothed({}, CONTEXT)
    one, two = (TradingVectorEnv(TAPE, num_envs=n, private=["account", part]) for n in (2, 3))
    assert one.view.parts[1] is not part
    assert one.view.parts[1] is not two.view.parts[1]


def test_the_parts_of_a_layout_are_found_by_their_columns():
    context = PartContext(("A", "B"))
    columns = columns_of(build_parts(["weights", "margin", "time_left"], context))
    assert [type(part).__name__ for part in parts_of_columns(columns, context)] == ["WeightsPart", "MarginPart", "TimeLeftPart"]
    with pytest.raises(ConfigError, match="the private column other belongs to no part known by name"):
        parts_of_columns((*columns, Column("other", "score")), context)


@pytest.mark.parametrize(("private", "error", "says"), [
    ("acount", UnknownNameError, "unknown private part 'acount'; did you mean account"),
    (["account", {"kind": "margin", "x": 1}], ConfigError, "unknown setting x"),
    ([{"x": 1}], ConfigError, "private needs a kind"),
    ([3], ConfigError, "private must name parts, was 3"),
    (["account", "account"], ConfigError, "two columns are called exposure"),
])
def test_wrong_parts_are_refused_by_name(private, error, says):
    with pytest.raises(error, match=says):
        TradingVectorEnv(TAPE, private=private)


def test_an_account_part_for_many_assets_is_refused_with_the_cure():
    with pytest.raises(ConfigError, match="private part account describes one asset, the tape has 2; use weights"):
        PortfolioVectorEnv(gbm_tape(0, 300, n_assets=2), private="account")
