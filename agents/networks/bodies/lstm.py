"""Long short-term memory, over the steps of an episode or over the window of one observation."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ....market.errors import ConfigError
from ..features import Features
from ..reading import Reading
from .body import Body, BodySettings

__all__ = ["LSTMSettings", "StepLSTM", "WindowLSTM", "new_lstm"]


@dataclass(frozen=True, kw_only=True)
class LSTMSettings(BodySettings):
    """An LSTM.

    Attributes:
        over: `steps`: it remembers from one decision to the next (PPO and behaviour cloning); `window`: it reads the W rows of
            each observation and remembers nothing.
        units: Size of hidden and cell state.
        layers: LSTMs on top of one another.
        skip: Over steps: whether heads see the observation beside the memory.
    """

    over: Literal["steps", "window"] = "steps"
    units: int = 64
    layers: int = 1
    skip: bool = True

    def __post_init__(self) -> None:
        for name in ("units", "layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, was {getattr(self, name)}")


def new_lstm(n_in: int, units: int, layers: int, *, batch_first: bool = False) -> nn.LSTM:
    """Return an LSTM with orthogonal recurrent weights and forget gates that begin open.

    Source: Jozefowicz, Zaremba & Sutskever 2015 for the bias of 1.
    """
    lstm = nn.LSTM(n_in, units, layers, batch_first=batch_first)
    with torch.no_grad():
        for name, weight in lstm.named_parameters():
            if name.startswith("weight_hh"):
                for gate in weight.chunk(4):
                    gate.copy_(nn.init.orthogonal_(torch.empty(units, units)))
            elif name.startswith("bias"):
                weight.zero_()
                if name.startswith("bias_ih"):
                    weight[units : 2 * units] = 1.0
    return lstm


class WindowLSTM(Body):
    """Reads the rows of the window, oldest first; its last output and the private part are the features."""

    def __init__(self, settings: LSTMSettings, reading: Reading) -> None:
        super().__init__(reading)
        self.lstm = new_lstm(reading.n_market, settings.units, settings.layers, batch_first=True)
        self.width = settings.units + self.n_kept

    def encode(self, market: Tensor) -> Tensor:
        """See `Body.encode`."""
        last: Tensor = self.lstm(self.rows(market))[0][:, -1]
        return last

    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """See `Body.join`."""
        return self.with_private(encoded, private)


class StepLSTM(Body):
    """Reads one flat observation a step. Its state is one tensor (B, 2 x layers x units): hidden states, then cells; first zeros.

    Called without a state it answers as in the first step of an episode.
    """

    by_window = False
    recurrent = True

    def __init__(self, settings: LSTMSettings, reading: Reading) -> None:
        super().__init__(reading)
        self.units, self.layers, self.skip = settings.units, settings.layers, settings.skip
        self.lstm = new_lstm(reading.size, settings.units, settings.layers)
        self.width = settings.units + (reading.size if settings.skip else 0)

    @property
    def state_size(self) -> int:
        """S."""
        return 2 * self.layers * self.units

    def encode(self, market: Tensor) -> Tensor:
        """Return the windows as they are: what is remembered depends on the private part, too."""
        return market

    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """Return the features of the first step of an episode."""
        flat = torch.cat([encoded, private], dim=-1)
        return self.advance(flat, flat.new_zeros(flat.shape[0], self.state_size))[0]

    def advance(self, flat: Tensor, state: Tensor) -> tuple[Features, Tensor]:
        """Return features and state after one step: flat (B, n), state (B, S)."""
        out, after = self._run(flat[None], state)
        return self._features(flat, out[0]), after

    def sequence(self, flat: Tensor, state: Tensor, began: Tensor) -> tuple[Features, Tensor]:
        """Return features (T, B, width) and the last state (B, S).

        Args:
            flat: (T, B, n).
            state: Before the first step, (B, S).
            began: bool (T, B): an episode begins at this step, so its account's state is zeroed before it.
        """
        starts = [0, *(step for step, any_one in enumerate(began.any(1).tolist()) if any_one and step)]
        outs = []
        for first, last in zip(starts, [*starts[1:], len(flat)], strict=True):
            out, state = self._run(flat[first:last], state * (~began[first])[:, None])
            outs.append(out)
        return self._features(flat, torch.cat(outs)), state

    def _run(self, flat: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden, cell = state.view(-1, 2, self.layers, self.units).permute(1, 2, 0, 3).contiguous()
        out, (hidden, cell) = self.lstm(flat, (hidden, cell))
        return out, torch.stack([hidden, cell]).permute(2, 0, 1, 3).flatten(1)

    def _features(self, flat: Tensor, out: Tensor) -> Features:
        return Features(torch.cat([out, flat], dim=-1) if self.skip else out)
