"""Training of the forecaster on a training part: bounded by steps, one thread, one seed, one result."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..market.errors import DataError
from ..market.seeding import generator
from .graph_network import GraphForecaster, torch_threads
from .graph_sample import GraphHistory

__all__ = ["TrainingPlan", "train_forecaster"]

TARGET_CLIP = 5.0
VALIDATION_ROWS = 512
ROWS_NEEDED = 50


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """How long and on what the forecaster trains.

    Attributes:
        steps: Optimiser steps.
        batch_nodes: Nodes in one step; rows a step are this over the number of assets, at least 1.
        lr: Learning rate of Adam at the start; it falls to 0 along a cosine.
        weight_decay: Of Adam.
        validation_share: Last part of the rows, kept for choosing the step whose weights are used.
        evaluations: How often validation is looked at.
        seed: Of weights and batches.
    """

    steps: int
    batch_nodes: int
    lr: float
    weight_decay: float = 1e-4
    validation_share: float = 0.2
    evaluations: int = 10
    seed: int = 0


def train_forecaster(
    network: GraphForecaster, history: GraphHistory, target: np.ndarray, known: np.ndarray, plan: TrainingPlan
) -> dict[str, float | int]:
    """Train `network` in place and return losses and information coefficients.

    Args:
        network: To train; it ends with the weights that were best on validation.
        history: Node rows of the training part.
        target: What row t forecasts, standardised, float32 (T, A).
        known: Where there is a target, bool (T, A).
        plan: How long and on what.

    Returns:
        `train_loss`, `validation_loss` (Huber), `zero_loss` (validation loss of always forecasting 0), `train_ic`, `validation_ic`
        (correlation of forecasts and targets), `best_step`, `train_rows`, `validation_rows`.

    Raises:
        DataError: Fewer than ROWS_NEEDED rows have a window, a node and a target.
    """
    rows = np.flatnonzero((known & (history.age.numpy() >= history.window)).any(axis=1))
    rows = rows[rows >= history.span - 1]
    if len(rows) < ROWS_NEEDED:
        raise DataError(f"encoder graph_forecast: training needs {ROWS_NEEDED} rows with a full window and a next return, "
                        f"found {len(rows)}; shorten the windows or train on a longer part")
    cut = int(len(rows) * (1.0 - plan.validation_share))
    # the last training target is the return of the first validation row: leave one row between
    train_rows, validation_rows = rows[: max(cut - 1, 1)], rows[cut:]
    targets = torch.from_numpy(np.clip(target, -TARGET_CLIP, TARGET_CLIP))
    knowns = torch.from_numpy(known)
    with torch_threads(1):
        best_step = _descend(network, history, targets, knowns, train_rows, validation_rows, plan)
        report = _score(network, history, targets, knowns, train_rows, "train") | _score(
            network, history, targets, knowns, validation_rows, "validation"
        )
    counts = {"best_step": best_step, "train_rows": len(train_rows), "validation_rows": len(validation_rows)}
    return report | counts


def _descend(network: GraphForecaster, history: GraphHistory, targets: Tensor, knowns: Tensor, train_rows: np.ndarray,
             validation_rows: np.ndarray, plan: TrainingPlan) -> int:
    draw = generator(plan.seed)
    batch_rows = max(1, plan.batch_nodes // targets.shape[1])
    optimiser = torch.optim.Adam(network.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)
    every = max(1, plan.steps // plan.evaluations)
    best, best_loss, best_step = network.arrays(), float("inf"), 0
    for step in range(plan.steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.lr * 0.5 * (1.0 + np.cos(np.pi * step / plan.steps))
        batch = draw.choice(train_rows, batch_rows)
        loss = _loss(network, history, targets, knowns, batch)[0]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % every == 0 or step + 1 == plan.steps:
            with torch.no_grad():
                score = float(_loss(network, history, targets, knowns, validation_rows[-VALIDATION_ROWS:])[0])
            if score < best_loss:
                best, best_loss, best_step = network.arrays(), score, step + 1
    network.load_arrays(best)
    return best_step


def _loss(network: GraphForecaster, history: GraphHistory, targets: Tensor, knowns: Tensor, rows: np.ndarray) -> tuple[Tensor, ...]:
    window, edges, weights, present = history.batch(rows)
    at = torch.from_numpy(rows)
    usable = present & knowns[at]
    forecast, target = network(window, edges, weights)[usable], targets[at][usable]
    return functional.smooth_l1_loss(forecast, target), forecast, target


def _score(network: GraphForecaster, history: GraphHistory, targets: Tensor, knowns: Tensor, rows: np.ndarray,
           name: str) -> dict[str, float | int]:
    with torch.no_grad():
        parts = [_loss(network, history, targets, knowns, part)[1:] for part in np.array_split(rows, -(-len(rows) // 128))]
    forecast, target = (torch.cat(list(column)) for column in zip(*parts, strict=True))
    loss, zero = functional.smooth_l1_loss(forecast, target), functional.smooth_l1_loss(torch.zeros_like(target), target)
    spread = float(forecast.std() * target.std())
    covariance = float(((forecast - forecast.mean()) * (target - target.mean())).mean())
    report: dict[str, float | int] = {f"{name}_loss": float(loss), f"{name}_ic": covariance / spread if spread > 1e-12 else 0.0}
    return report | {"zero_loss": float(zero)}
