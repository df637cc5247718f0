"""Two to the power of minus x without a library's exp: the same bits on every machine, compiled or not."""

import math

from .kernel import kernel

__all__ = ["halved"]

LN_2 = 0.6931471805599453
DEGREE = 16  # 0.6932 ** 17 / 17! is 6e-18
DEEPEST = 1_075.0  # halvings after which a float is 0


@kernel
def halved(elapsed: float, half_life: float) -> float:
    """What is left of 1 after `elapsed` where half is gone every `half_life`: 2 ** -(elapsed / half_life), to 1e-15 of itself.

    Whole half-lives are exact; the rest is the series of exp. `half_life` may be inf: nothing is ever gone.
    """
    lives = elapsed / half_life
    if lives >= DEEPEST:
        return 0.0
    whole = math.floor(lives)
    exponent = -LN_2 * (lives - whole)
    left = 1.0
    for k in range(DEGREE, 0, -1):
        left = 1.0 + left * exponent / k
    for _ in range(int(whole)):
        left *= 0.5
    return left
