"""Every kernel of the room equals its own Python, to 1e-12 where it takes logarithms."""

from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import quantgym.encoders
from quantgym.encoders.adjusted import adjust_tape, new_carry
from quantgym.encoders.base import build_encoder
from quantgym.encoders.hidden_markov import HiddenMarkov, filter_rows
from quantgym.encoders.stream import StreamEncoder

from .conftest import SMALL

ROOM = Path(quantgym.encoders.__file__).parent
WITH_KERNELS = {"adjusted", "correlation", "hidden_markov", "market_state", "graph_node", "price", "signals.ma_cross",
                "signals.momentum"}


@contextmanager
def plain(module_name):
    """Run a module's kernels as Python."""
    module = import_module(f"quantgym.encoders.{module_name}")
    kernels = {name: value for name, value in vars(module).items() if isinstance(value, Dispatcher)}
    try:
        for name, compiled in kernels.items():
            setattr(module, name, compiled.py_func)
        yield
    finally:
        for name, compiled in kernels.items():
            setattr(module, name, compiled)


def test_no_kernel_is_left_out():
    found = {".".join(path.relative_to(ROOM).with_suffix("").parts) for path in ROOM.rglob("*.py") if "@kernel" in path.read_text()}
    assert found == WITH_KERNELS


@pytest.mark.parametrize(
    ("kind", "module"),
    [("price", "price"), ("correlation", "correlation"), ("regime", "market_state"), ("graph_forecast", "graph_node"),
     ("ma_cross", "signals.ma_cross"), ("momentum", "signals.momentum")],
)
def test_the_kernel_of_an_encoder_equals_its_python(kind, module, us_tech):
    encoder = build_encoder(kind, SMALL.get(kind)).fit(us_tech)
    assert isinstance(encoder, StreamEncoder)
    rows = adjust_tape(us_tech.slice(80, 200)).view(np.recarray)
    compiled = encoder.encode(np.asarray(rows), encoder._start(5))
    with plain(module):
        python = encoder.encode(rows, encoder._start(5))
    assert np.abs(python - compiled).max() <= 1e-6  # float32 outputs
    assert compiled.any()


def test_the_kernel_of_adjustment_equals_its_python(us_tech):
    import quantgym.encoders.adjusted as module

    part = us_tech.slice(230, 250)
    expected, out = adjust_tape(part), np.zeros(part.bars.shape, module.ADJUSTED)
    carry = new_carry(part.n_assets).view(np.recarray)
    with plain("adjusted"):
        module.adjust_batch(part.bars.view(np.recarray), part.terms.view(np.recarray), carry, out.view(np.recarray))
    for name in out.dtype.names:
        assert np.allclose(out[name], expected[name], rtol=1e-12, atol=1e-15)


def test_the_kernel_of_the_filter_equals_its_python():
    start, transition, means = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.0], [1.0]])
    model = HiddenMarkov.build(start, transition, means, np.ones((2, 1, 1)))
    observations = np.linspace(-2, 3, 30)[:, None]
    compiled = filter_rows(model, observations, np.zeros(2), np.zeros(1, np.int64))
    with plain("hidden_markov"):
        python = filter_rows(model, observations, np.zeros(2), np.zeros(1, np.int64))
    assert np.abs(python - compiled).max() < 1e-12
