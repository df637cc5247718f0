"""Paper against backtest: equal byte for byte, or where not."""

from dataclasses import dataclass

import numpy as np

from ..evaluation.session import ARRAYS, Session

__all__ = ["ParityReport", "compare_sessions"]


@dataclass(frozen=True)
class ParityReport:
    """How a paper session stands to the backtest of the same rows.

    Attributes:
        paper_digest: Over every byte that was seen, decided, filled and booked.
        backtest_digest: The same of the backtest.
        n_decisions: Of the paper session.
        n_fills: Of the paper session.
        differences: Each array that is not equal, with its first difference; empty where all are.
        decisions_that_differ: Share of decisions with another action, of those that both took; 1 where one took none.
    """

    paper_digest: str
    backtest_digest: str
    n_decisions: int
    n_fills: int
    differences: tuple[str, ...]
    decisions_that_differ: float

    @property
    def equal(self) -> bool:
        """Whether every byte agrees."""
        return self.paper_digest == self.backtest_digest and not self.differences

    @property
    def text(self) -> str:
        """One line for people."""
        if self.equal:
            counted = f"{self.n_decisions} observations and decisions, {self.n_fills} fills, equity"
            return f"equal byte for byte: {counted}; digest {self.paper_digest[:12]}"
        return f"{len(self.differences)} of {len(ARRAYS)} arrays differ: {'; '.join(self.differences)}"


def compare_sessions(paper: Session, backtest: Session) -> ParityReport:
    """Compare a paper session with a backtest, byte for byte.

    Args:
        paper: What `LiveSession.run` recorded.
        backtest: What `evaluation.backtest` recorded on the same rows.
    """
    n = min(len(paper.actions), len(backtest.actions))
    if paper.actions.shape[1:] != backtest.actions.shape[1:] or n == 0:
        share = 1.0
    else:
        same = (paper.actions[:n] == backtest.actions[:n]).reshape(n, -1).all(axis=1)
        share = float(np.mean(~same))
    return ParityReport(paper.digest, backtest.digest, paper.n_decisions, len(paper.fills), paper.differences(backtest), share)
