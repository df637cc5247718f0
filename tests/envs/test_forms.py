"""Flat, by parts or by reference: the same numbers."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Dict

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.form import dict_of_flat, flat_of_dict, flat_of_reference, rows_of_reference
from quantgym.encoders.layout import Layout
from quantgym.encoders.observation import Observation
from quantgym.encoders.table import FeatureTable
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.errors import ConfigError, ShapeError

EDGES = ((0, 1), (2, 0), (1, 2), (2, 1))


def graph_table(tape, seed=0):
    """Two columns of the whole market, four edges, three columns an asset, the last of them `tradable`."""
    draw = np.random.default_rng(seed)
    own = (Column("a", "score", -9, 9), Column("b", "score", -9, 9), Column("tradable", "flag", 0, 1))
    market = (Column("g", "score", -9, 9), Column("h", "score", -9, 9))
    edges = EDGES if tape.n_assets == 3 else ()
    weights = tuple(Column(f"edge_{k}", "edge_weight", 0, 1) for k in range(len(edges)))
    layout = Layout(tape.symbols, market_global=(*market, *weights), market_asset=own, edges=edges)
    values = draw.uniform(0, 1, (tape.n_rows, layout.n_market)).astype(np.float32)
    return FeatureTable(np.ascontiguousarray(values), layout)


def batches(make, tape, **settings):
    table = graph_table(tape)
    return [make(tape, table, num_envs=5, episode_bars=6, observation=form, **settings) for form in ("flat", "dict", "reference")]


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize(("make", "n_assets"), [(TradingVectorEnv, 1), (PortfolioVectorEnv, 3)])
@pytest.mark.parametrize("reward", ["log_return", "differential_sharpe"])
def test_all_forms_hold_the_same_numbers_through_resets(make, n_assets, window, reward):
    tape = gbm_tape(0, 9_000, n_assets=n_assets, lot=0.001)
    flat, parts, reference = batches(make, tape, window=window, reward=reward)
    flat.action_space.seed(0)
    seen = [env.reset(seed=3)[0] for env in (flat, parts, reference)]
    ended = 0
    for _ in range(20):
        assert flat_of_dict(seen[1], flat.layout).tobytes() == seen[0].tobytes()
        assert flat_of_reference(seen[2], flat.world.table, flat.layout).tobytes() == seen[0].tobytes()
        assert rows_of_reference(seen[2]).tolist() == reference.simulator.rows.tolist()
        for env, got in zip((flat, parts, reference), seen, strict=True):
            assert env.observation_space.contains(got)
        action = flat.action_space.sample()
        stepped = [env.step(action) for env in (flat, parts, reference)]
        seen = [one[0] for one in stepped]
        assert all(one[1].tobytes() == stepped[0][1].tobytes() for one in stepped)
        for e in np.flatnonzero(stepped[0][3]):
            finals = [one[4]["final_obs"][e] for one in stepped]
            one = {name: values[None] for name, values in finals[1].items()}
            assert flat_of_dict(one, flat.layout)[0].tobytes() == finals[0].tobytes()
            assert flat_of_reference(finals[2][None], flat.world.table, flat.layout)[0].tobytes() == finals[0].tobytes()
            ended += 1
    assert ended == 15


def test_the_parts_are_what_their_names_say():
    tape = gbm_tape(0, 100, n_assets=3, lot=0.001)
    table = graph_table(tape)
    env = PortfolioVectorEnv(tape, table, num_envs=2, window=4, episode_bars=10, observation="dict")
    seen, _ = env.reset(seed=0)
    assert {name: values.shape for name, values in seen.items()} == {
        "assets": (2, 3, 4, 3), "market": (2, 4, 2), "mask": (2, 3), "edge_index": (2, 2, 4), "edge_weight": (2, 4, 4),
        "private": (2, 6),
    }
    assert isinstance(env.single_observation_space, Dict)
    row, values = env.simulator.rows[1], table.values
    # columns: g, h, four edges, then a, b, tradable of each asset
    assert seen["assets"][1, 2, 3].tolist() == values[row, 12:15].tolist()
    assert seen["assets"][1, 0, 0].tolist() == values[row - 3, 6:9].tolist()
    assert seen["market"][1, 3].tolist() == values[row, :2].tolist()
    assert seen["edge_weight"][1, 3].tolist() == values[row, 2:6].tolist()
    assert seen["edge_index"][1].T.tolist() == [list(edge) for edge in EDGES]
    assert seen["mask"][1].tolist() == [int(values[row, 8 + 3 * a] > 0.5) for a in range(3)]
    assert seen["private"][1].tolist()[:4] == [0.0, 0.0, 0.0, 1.0]


def test_a_policy_gets_the_graph_of_the_newest_row_from_a_flat_observation():
    tape = gbm_tape(0, 50, n_assets=3)
    env = PortfolioVectorEnv(tape, graph_table(tape), num_envs=2, window=3, episode_bars=10)
    seen, _ = env.reset(seed=0)
    graph = Observation.from_flat(seen, env.layout).graph
    assert graph is not None
    assert graph[0].T.tolist() == [list(edge) for edge in EDGES]
    assert graph[1].tolist() == env.world.table.values[env.simulator.rows][:, 2:6].tolist()


def test_a_single_environment_shows_the_same_and_shares_no_memory():
    env = gymnasium.make("quantgym/Trading-v0", tape="sample:eurusd-1h", observation="dict", window=3).unwrapped
    first, _ = env.reset(seed=0)
    kept = {name: values.copy() for name, values in first.items()}
    second, *_ = env.step(1)
    assert env.observation_space.contains(first)
    assert env.observation_space.contains(second)
    assert all(first[name].tobytes() == kept[name].tobytes() for name in first)


def test_a_layout_with_edges_survives_json_and_one_asset_has_none():
    layout = graph_table(gbm_tape(0, 5, n_assets=3)).layout
    assert Layout.from_json(layout.to_json()) == layout
    assert "edges" not in layout.for_asset("S1").to_json()
    assert layout.for_asset("S1").names == ("g", "h", "S1.a", "S1.b", "S1.tradable")
    table = graph_table(gbm_tape(0, 5, n_assets=3))
    assert table.for_asset("S1").values[2].tolist() == table.values[2, [0, 1, 9, 10, 11]].tolist()


def test_wrong_forms_and_graphs_are_refused():
    tape = gbm_tape(0, 50, n_assets=3)
    with pytest.raises(ConfigError, match="observation must be one of flat, dict, reference, was 'dcit'; did you mean dict"):
        PortfolioVectorEnv(tape, observation="dcit")
    with pytest.raises(ConfigError, match="its 1 edges need as many last global columns of unit edge_weight"):
        Layout(("A", "B"), market_global=(Column("g", "score"),), edges=((0, 1),))
    with pytest.raises(ConfigError, match=r"an edge must join two of the 2 assets, was \(0, 2\)"):
        Layout(("A", "B"), market_global=(Column("edge_0", "edge_weight"),), edges=((0, 2),))
    table = graph_table(tape)
    layout = table.layout.with_private((Column("p", "score"),), 2)
    flat = np.zeros((4, layout.size), np.float32)
    with pytest.raises(ShapeError, match="must have the shape"):
        dict_of_flat(flat[:, 1:], layout)
    parts = dict_of_flat(flat, layout)
    with pytest.raises(ShapeError, match=r"part assets of an observation must have the shape \(4, 3, 2, 3\), was missing"):
        flat_of_dict({name: values for name, values in parts.items() if name != "assets"}, layout)
    with pytest.raises(ShapeError, match=r"rows of a reference must lie in \[1, 50\), were 0 to 0"):
        flat_of_reference(np.zeros((1, 3), np.float32), table, layout)
    with pytest.raises(ShapeError, match=r"a reference must have the shape \(B, 3\)"):
        flat_of_reference(np.zeros((1, 4), np.float32), table, layout)
