"""The normal distribution function against SciPy's."""

import numpy as np
import pytest
from scipy.special import ndtr

from quantgym.envs.optimum.normal import _fill, normal_cdf


def test_it_is_scipys_in_the_middle_and_in_both_tails():
    x = np.array([[-30.0, -8.0, -1.0, -1e-9], [0.0, 1.0, 8.0, 40.0]])
    assert normal_cdf(x) == pytest.approx(ndtr(x), rel=1e-12, abs=0.0)
    assert normal_cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert normal_cdf(0.0).shape == ()


def test_the_kernel_equals_its_own_python():
    x = np.linspace(-6.0, 6.0, 101)
    out = np.empty(101)
    _fill.py_func(x, out) if hasattr(_fill, "py_func") else _fill(x, out)
    assert normal_cdf(x) == pytest.approx(out, rel=1e-12)
