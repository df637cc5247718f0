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

    def sequence(self, flat: Tensor, state: Tensor, began: Tensor) -> Features:
        """Return features (T, B, width).

        Args:
            flat: (T, B, n).
            state: Before the first step, (B, S).
            began: bool (T, B): an episode begins at this step, so its account's state is zeroed before it.
        """
        parted = bool(began[1:].any())
        out = self._parted(flat, state, began) if parted else self._run(flat, state * (~began[0])[:, None])[0]
        return self._features(flat, out)

    def _parted(self, flat: Tensor, state: Tensor, began: Tensor) -> Tensor:
        """Return outputs (T, B, units), every episode a sequence of its own.

        Those of similar length, within a factor of 2, run side by side: one call each, however many steps begin an episode.
        """
        n_steps, n_accounts = began.shape
        first = began.clone()
        first[0] = True
        account, start = first.T.nonzero(as_tuple=True)
        length = torch.full_like(start, n_steps) - start
        length[:-1] = torch.where(account[1:] == account[:-1], start[1:], n_steps) - start[:-1]
        before = state[account] * ((start == 0) & ~began[0, account])[:, None]
        octave, steps = length.log2().ceil(), torch.arange(n_steps, device=flat.device)[:, None]
        places, said = [], []
        for one in sorted(set(octave.tolist())):
            group = (octave == one).nonzero()[:, 0]
            inside = steps[: int(length[group].max())] < length[group]
            rows = (start[group] + steps[: len(inside)]).clamp(max=n_steps - 1)  # behind its end anything may stand
            out = self._run(flat[rows, account[group]], before[group])[0]
            kept = inside.flatten().nonzero()[:, 0]
            places.append((rows * n_accounts + account[group]).flatten()[kept])
            said.append(out.flatten(0, 1)[kept])
        whole = torch.cat(said)
        return torch.empty_like(whole).index_copy(0, torch.cat(places), whole).view(n_steps, n_accounts, self.units)

    def _run(self, flat: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden, cell = state.view(-1, 2, self.layers, self.units).permute(1, 2, 0, 3).contiguous()
        out, (hidden, cell) = self.lstm(flat, (hidden, cell))
        return out, torch.stack([hidden, cell]).permute(2, 0, 1, 3).flatten(1)

    def _features(self, flat: Tensor, out: Tensor) -> Features:
        return Features(torch.cat([out, flat], dim=-1) if self.skip else out)
