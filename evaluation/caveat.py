"""What a reader should hold against an evaluation, said by the evaluation itself."""

import math

from .evaluation import Evaluation

__all__ = ["caveats"]


def caveats(evaluation: Evaluation) -> tuple[str, ...]:
    """Return sentences about what the numbers do not show, most important first."""
    track, found = evaluation.policy.track, []
    years = track.years
    needed = evaluation.minimum_track_record / track.bars_per_year
    if math.isinf(needed):
        found.append("The Sharpe ratio is not above zero, so no length of such a record would show that it is.")
    elif math.isfinite(needed) and needed > years:
        found.append(
            f"The record is {years:.1f} years long. With this Sharpe ratio, skewness and kurtosis it would take {needed:.1f} years "
            f"to say at {evaluation.boot.level * 100:g} % that the true Sharpe ratio is above zero."
        )
    if years < 1.0:
        found.append("The record is shorter than a year: every annual number is an extrapolation.")
    openings = evaluation.facts.get("times_opened")
    if isinstance(openings, int) and openings > 1:
        found.append(
            f"This split was opened {openings} times by this run. Every look that led to a change makes its numbers less of a test."
        )
    if evaluation.session.ruined:
        found.append(f"The account was ruined after {evaluation.session.n_decisions} bars; the bars after that count as 0 %.")
    if not len(evaluation.session.fills):
        found.append("The policy never traded.")
    elif evaluation.policy.metrics["time_in_market"] < 0.05:
        found.append("The policy held a position in fewer than 5 % of bars; its ratios rest on little.")
    if len(evaluation.scene.symbols) < 20:
        count = len(evaluation.scene.symbols)
        what = "One asset was" if count == 1 else f"{count} assets were"
        found.append(f"{what} traded, chosen by somebody who knew how they did. Results on few and known assets carry over badly.")
    if evaluation.decisions_differ > 1e-3:
        found.append(
            f"{evaluation.decisions_differ:.2%} of decisions differ between the streamed and the batched form; at most 0.1 % may."
        )
    refused = sum(evaluation.session.refusals.values())
    if refused > 0.1 * evaluation.session.n_decisions:
        found.append(
            f"{refused:,} orders were refused or cut in {evaluation.session.n_decisions:,} decisions; see the table of refusals."
        )
    found.append(
        "Intervals take the tested bars as a sample of a world that stays as it was; they say nothing about one that changes."
    )
    return tuple(found)
