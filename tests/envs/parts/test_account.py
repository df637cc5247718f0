import numpy as np
import pytest

from quantgym.envs.parts.account import write_account, write_weights
from quantgym.envs.parts.part import PartContext
from quantgym.envs.parts.registry import build_parts
from quantgym.market.account import new_accounts
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import UnknownNameError
from quantgym.market.instrument import Instrument, instrument_records


def books(n_assets=1, n_envs=1, multiplier=1.0):
    account, position = new_accounts(n_envs, n_assets)
    account["initial_equity"] = account["cash"] = account["equity"] = account["peak_equity"] = 1000.0
    instruments = instrument_records(tuple(Instrument(symbol=f"S{i}", multiplier=multiplier) for i in range(n_assets)))
    return Books(np.full(n_envs, 10, np.int64), instruments, account, position, open_episodes(n_envs))


def build_private(name, assets):
    (part,) = build_parts(name, PartContext(assets))
    return part


def written(part, held, at=0):
    out = np.full((held.account.shape[0], at + len(part.columns)), np.nan, np.float32)
    part.write(np.ones(held.account.shape[0], bool), held, out, at)
    return out[:, at:]


def named(part, held):
    return dict(zip([column.name for column in part.columns], written(part, held)[0].tolist(), strict=True))


def test_a_fresh_account_is_all_cash():
    row = named(build_private("account", ("S0",)), books())
    assert row == {"exposure": 0, "cash_fraction": 1, "equity_change": 0, "drawdown": 0, "time_in_trade": 0, "unrealised_return": 0,
                   "open_orders": 0}


def test_a_long_position_by_hand():
    held = books()
    held.position[0, 0]["units"], held.position[0, 0]["mark"], held.position[0, 0]["average_price"] = 5.0, 120.0, 100.0
    held.position[0, 0]["opened_row"] = 6
    held.account[0]["cash"], held.account[0]["equity"], held.account[0]["peak_equity"] = 600.0, 1200.0, 1500.0
    held.account[0]["n_working"] = 2
    row = named(build_private("account", ("S0",)), held)
    assert row == pytest.approx({
        "exposure": 0.5,  # 5 x 120 / 1200
        "cash_fraction": 0.5,
        "equity_change": 0.2,
        "drawdown": 0.2,  # 1 - 1200 / 1500
        "time_in_trade": 0.2,  # rows 6 to 10 are five bars: 5 / 25
        "unrealised_return": 0.2,
        "open_orders": 0.25,
    })


def test_a_short_gains_when_the_price_falls_and_foreign_money_is_converted():
    held = books(multiplier=2.0)
    held.position[0, 0]["units"], held.position[0, 0]["mark"], held.position[0, 0]["average_price"] = -5.0, 80.0, 100.0
    held.position[0, 0]["fx"] = 0.5
    row = named(build_private("account", ("S0",)), held)
    assert row["exposure"] == pytest.approx(-0.4)  # -5 x 2 x 80 x 0.5 / 1000
    assert row["unrealised_return"] == pytest.approx(0.2)


def test_weights_of_a_portfolio():
    held = books(n_assets=2)
    held.position[0]["units"], held.position[0]["mark"] = (2.0, 1.0), (100.0, 300.0)
    held.account[0]["cash"] = 500.0
    part = build_private("weights", ("BRK.B", "IBM"))
    assert named(part, held) == pytest.approx({"weight_BRK_B": 0.2, "weight_IBM": 0.3, "cash_fraction": 0.5, "equity_change": 0.0,
                                               "drawdown": 0.0})


@pytest.mark.parametrize("equity", [0.0, -500.0, 1e-9, np.inf, np.nan])
@pytest.mark.parametrize("name", ["account", "weights"])
def test_a_ruined_account_stays_finite_and_inside_its_bounds(name, equity):
    held = books()
    held.position[0, 0]["units"], held.position[0, 0]["mark"], held.position[0, 0]["average_price"] = 5.0, 1e6, 100.0
    held.account[0]["equity"] = equity
    part = build_private(name, ("S0",))
    row = written(part, held)[0]
    assert np.isfinite(row).all()
    assert all(column.low <= value <= column.high for column, value in zip(part.columns, row, strict=True))


def test_only_active_environments_are_written():
    held, part = books(n_envs=3), build_private("account", ("S0",))
    out = np.full((3, 8), 7.0, np.float32)
    part.write(np.array([True, False, True]), held, out, 1)
    assert out[1].tolist() == [7.0] * 8
    assert out[0].tolist() == [7.0, 0, 1, 0, 0, 0, 0, 0]


def test_the_kernels_equal_their_python_bit_for_bit():
    rng = np.random.default_rng(0)
    held = books(n_assets=3, n_envs=50)
    for name in ("units", "mark", "average_price"):
        held.position[name] = rng.uniform(-5, 100, (50, 3))
    held.account["equity"], held.account["cash"] = rng.uniform(1, 2000, 50), rng.uniform(-500, 2000, 50)
    records = [array.view(np.recarray) for array in (held.instruments, held.account, held.position)]
    compiled, python = np.zeros((50, 20), np.float32), np.zeros((50, 20), np.float32)
    for e in range(50):
        write_account(e, 10, held.instruments, held.account, held.position, compiled, 0)
        write_weights(e, held.instruments, held.account, held.position, compiled, 7)
        write_account.py_func(e, 10, *records, python, 0)
        write_weights.py_func(e, *records, python, 7)
    assert compiled.tobytes() == python.tobytes()


def test_an_unknown_part_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown private part 'weigths'; did you mean weights"):
        build_private("weigths", ("S0",))
