"""One fault, one line: settings of several kinds, keys that are no text, values that no file could say."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

from quantgym.configs.load import load_job
from quantgym.configs.strict import validate
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Sample:
    count: int = 1
    share: float = 0.5
    matrix: float | tuple[tuple[float, ...], ...] = 0.0


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["costs.fees=5"], "costs.fees: input should be a valid string or a mapping, was 5"),
        (["costs.fees=[a]"], "costs.fees: input should be a valid string or a mapping, was ['a']"),
        (["costs.fees={AAPL: 5}"], "costs.fees.AAPL: input should be a valid string, was 5"),
        (["costs.fees={AAPL: null}"], "costs.fees.AAPL: input should be a valid string, was None"),
        (["costs.brackets={AAPL: [1]}"], "costs.brackets.AAPL: input should be a valid string, was [1]"),
        (["costs.impact_volume={AAPL: x}"], "costs.impact_volume.AAPL: input should be a valid number, was 'x'"),
        (["costs.impact_volume=true"], "costs.impact_volume: input should be a valid number or a mapping, was True"),
        (["costs.fees={AAPL: ibkr/us_stock_fixed}"], "'ibkr/us_stock_fixed'; did you mean ibkr/us_stocks_fixed?"),
        (["costs.spread=corwin-schultz"], "was 'corwin-schultz'; did you mean corwin_schultz?"),
        (["costs.account=regt"], "was 'regt'; did you mean reg_t?"),
        # YAML reads ON as true, 700 as a number and 2020-01-01 as a date: none of them is the symbol that was meant
        (["costs.fees={ON: alpaca/equities}"], "costs.fees: keys must be text, was True; write it in quotes"),
        (["costs.fees={0700: alpaca/equities}"], "costs.fees: keys must be text, was 448; write it in quotes"),
        (["costs.fees={2020-01-01: alpaca/equities}"], "costs.fees: keys must be text, was datetime.date(2020, 1, 1); write it"),
        (["costs.fees={[a]: alpaca/equities}"], "--set costs.fees: line 1: keys must be text, was ['a']; write it in quotes"),
        (["costs.fee_rate=!!binary aGk="], "costs.fee_rate must be plain data, was b'hi' (bytes)"),
        (["costs=null"], "costs: input should be a mapping, was None"),
    ],
)
def test_a_wrong_cost_is_one_line_that_names_it(overrides, says):
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        load_job("portfolio_ppo", overrides)
    assert len(str(caught.value).splitlines()) == 1
    assert "dict[" not in str(caught.value)


def test_every_wrong_value_of_a_mapping_has_its_own_line():
    with pytest.raises(ConfigError) as caught:
        validate(CostSettings, {"fees": {"A": 5, "B": 6}}, "job")
    assert str(caught.value).splitlines() == [
        "job: fees.A: input should be a valid string, was 5",
        "job: fees.B: input should be a valid string, was 6",
    ]


def test_nested_costs_load_and_are_written_out_again_as_plain_data():
    job = load_job("portfolio_ppo", ["costs.fees={AAPL: ibkr/us_stocks_fixed, 'ON': alpaca/equities}"])
    assert job.costs.fees == {"AAPL": "ibkr/us_stocks_fixed", "ON": "alpaca/equities"}
    assert json.loads(json.dumps(job.plain()))["costs"]["fees"] == {"AAPL": "ibkr/us_stocks_fixed", "ON": "alpaca/equities"}
    turned = load_job("portfolio_ppo", ["costs.fees={'ON': alpaca/equities, AAPL: ibkr/us_stocks_fixed}"])
    assert turned.digest == job.digest


def test_numbers_and_arrays_of_numpy_are_settings_and_other_things_are_named():
    given = {"count": np.int64(3), "share": np.float32(0.25), "matrix": np.eye(2)}
    assert validate(Sample, given, "sample") == Sample(count=3, share=0.25, matrix=((1.0, 0.0), (0.0, 1.0)))
    with pytest.raises(ConfigError, match=re.escape("sample: share must be plain data, was {1} (set)")):
        validate(Sample, {"share": {1}}, "sample")
    with pytest.raises(ConfigError, match=re.escape("sample: count: input should be a valid integer, was True")):
        validate(Sample, {"count": np.bool_(True)}, "sample")
    with pytest.raises(ConfigError, match=re.escape("sample: matrix.1.0: input should be a valid number, was 'x'")):
        validate(Sample, {"matrix": [[1.0], ["x"]]}, "sample")
