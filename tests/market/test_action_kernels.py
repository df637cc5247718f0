"""Every scheme decodes and judges the same compiled and as plain Python, to the last bit."""

import hashlib
import json
import os
import subprocess
import sys
from itertools import product

import numba
import numpy as np

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.actions.registry import SCHEMES, action_scheme
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import Desk, new_desk
from quantgym.market.instrument import Instrument, instrument_records

ENVS = 64
OTHERS = [
    ("weights", {"short": True, "max_weight": 0.4, "leverage": 1.5}), ("target_weights", {"max_weight": 0.5, "leverage": 0.8}),
    ("positions", {"short": True, "rebalance": True}), ("levels", {"levels": [-2.0, 0.1, 0.7]}),
    ("orders", {"offsets": [0.0, 0.013], "time_in_force": ["GTC", "DAY", "IOC", "FOK"], "max_working": 2}),
    ("exposure", {"scale": 2.5}), ("quotes", {"sizes": True}),
]  # fmt: skip


def random_desk(n_assets, shorts, n_tickets):
    """Accounts of all kinds: rich, poor, in debt and ruined; long and short; assets that are not listed; orders that work."""
    generator = np.random.Generator(np.random.PCG64(n_assets + 10 * shorts))
    close = generator.uniform(0.5, 200.0, (4, n_assets))
    bars = bar_records(close, close, close, close, None, generator.random(close.shape) < 0.8)
    made = [Instrument(symbol=f"S{a}", lot=0.1, tick=0.05, multiplier=3.0, min_notional=20.0) for a in range(n_assets)]
    rules = rules_records(CostSettings(allow_short=shorts, max_leverage=1.5 if shorts else 1.0), ENVS)
    account, position = new_accounts(ENVS, n_assets)
    account["cash"] = generator.uniform(-200.0, 3_000.0, ENVS)
    account["ruined"], account["n_working"] = generator.random(ENVS) < 0.1, generator.integers(0, 4, ENVS)
    units = np.round(generator.uniform(-5.0 if shorts else 0.0, 5.0, position.shape))
    position["units"] = units * (generator.random(position.shape) < 0.7)
    position["mark"], position["fx"] = close[0], generator.uniform(0.5, 2.0, position.shape)
    account["equity"] = account["cash"] + (position["units"] * position["mark"] * position["fx"]).sum(axis=1) * 3.0
    rows = generator.integers(0, 4, ENVS)
    desk = new_desk(rows, bars, instrument_records(tuple(made)), rules, account, position, n_tickets)
    if numba.config.DISABLE_JIT:  # records of plain arrays have no attributes
        arrays = {name: getattr(desk, name) for name in Desk.__dataclass_fields__}
        desk = Desk(**{name: array.view(np.recarray) if array.dtype.names else array for name, array in arrays.items()})
    return desk


def digests():
    """sha256 of all that every scheme writes and judges, by name and settings."""
    found = {}
    for (name, settings), shorts in product([*((name, {}) for name in sorted(SCHEMES)), *OTHERS], (False, True)):
        several = name in ("weights", "target_weights", "rebalance", "holding")
        scheme = action_scheme(name, n_assets=3 if several else 1, **settings)
        desk = random_desk(scheme.n_assets, shorts, scheme.n_tickets)
        if name == "orders" and numba.config.DISABLE_JIT:
            object.__setattr__(scheme, "_choices", scheme.choices.view(np.recarray))
        generator = np.random.Generator(np.random.PCG64(7))
        one = hashlib.sha256()
        for _ in range(3):
            drawn = generator.integers(0, scheme.n, ENVS) if scheme.discrete else generator.uniform(-1.0, 1.0, (ENVS, scheme.size))
            scheme.decide(drawn, desk)
            for sheet in (desk.intents, desk.tickets):
                for field in sheet.dtype.names:
                    one.update(np.ascontiguousarray(sheet[field]).tobytes())
            one.update(desk.declined.tobytes())
            if scheme.discrete:
                one.update(scheme.mask(desk).tobytes())
            desk.clear()
        found[f"{name} {json.dumps(settings)} {shorts}"] = one.hexdigest()
    return found


def test_every_scheme_decodes_and_judges_as_its_own_python_does():
    run = subprocess.run([sys.executable, __file__], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True,
                         check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == digests()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests()))
