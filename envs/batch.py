"""Environments over the simulator, stepped as one batch: `quantgym/Trading-v0` and the base of the others."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..data.tape import Tape
from ..encoders.layout import Layout
from ..encoders.table import FeatureTable
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError, ShapeError, did_you_mean
from ..market.record import copied
from ..simulator.simulator import Simulator
from .errors import ClosedError, EpisodeError
from .features import price_features
from .friction import Frictions, friction_laws
from .fused import FusedStep
from .history import History
from .identity import identity, require_identity
from .info import InfoWriter
from .limits import Limits, limit_settings
from .parts.part import Part, PartContext
from .parts.registry import build_parts
from .rewards.registry import build_reward
from .spared_actions import spared_actions
from .spec import EnvSettings, options_of
from .start import EpisodeStarts, tape_weights
from .stream import Streams
from .view import View
from .watcher import Watcher
from .world import Features, Rows, Tapes, World, build_world, pool_venue

__all__ = ["TradingVectorEnv"]

RESET_OPTIONS = ("reset_mask",)


class TradingVectorEnv(VectorEnv[Any, np.ndarray, np.ndarray]):
    """E accounts that trade one asset of a tape, stepped together; the base of every other environment.

    Observations are float32 (E, D), or another form of the same numbers (`EnvSettings.observation`); rewards float64 (E,). `layout`
    names the D numbers. A step decides at the close of a row; fills, costs and marks of the next bar follow `docs/simulator.md`.
    `terminated` is ruin or the end of a task, `truncated` the end of the episode or of the rows.

    A world of your own overrides what it needs of `build_world`, `encode`, `draw_episodes`, `extra_parts`, `on_begin`, `task_done`,
    `own_state` and `load_own`.

    Attributes:
        layout: Layout of a flat observation.
        tape: What is traded.
        simulator: Its state; read it, never write it.
        books: What parts and rewards read: the simulator's desk.
        leaks: Whether observations know the future on purpose.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium declares it so)
        "render_modes": ["rgb_array", "ansi"], "render_fps": 4, "leaks": False, "autoreset_mode": AutoresetMode.SAME_STEP,
    }
    name: ClassVar[str] = "Trading-v0"
    default_tape: ClassVar[str] = "sample:eurusd-1h"
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        tape: Tapes | None = None,
        features: Features = None,
        *,
        num_envs: int = 1,
        asset: str | None = None,
        rows: Rows = None,
        costs: CostSettings | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        """Build a batch.

        Args:
            tape: A tape or its name, or a list of these; None: the environment's sample.
            features: A `FeatureTable` of every row of the tape (of several tapes: a list); or a function from a tape to one; None:
                light price features.
            num_envs: E.
            asset: Which asset is traded; needed where the tape has several.
            rows: Rows of the tape that episodes may touch, (start, stop) or a slice, or several (start, stop); None: all. Of
                several tapes: a list of these.
            costs: What trading costs; None: `CostSettings()`.
            render_mode: None, `rgb_array` or `ansi`.
            settings: See `EnvSettings`.

        Raises:
            ConfigError: An option is unknown (with a suggestion) or wrong.
            DataError: The tape is too short for window and episode, or lacks what the action needs.
            ShapeError: The features are not of this tape.
        """
        if isinstance(num_envs, bool) or not isinstance(num_envs, (int, np.integer)) or num_envs < 1:
            raise ConfigError(f"num_envs must be an int of 1 or more, was {num_envs!r}")
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            modes = self.metadata["render_modes"]
            raise ConfigError(f"render_mode must be one of {', '.join(modes)}, or None, was {render_mode!r}"
                              f"{did_you_mean(render_mode, modes)}")
        if not (costs is None or isinstance(costs, CostSettings)):
            raise ConfigError(f"costs must be a CostSettings or None, was {costs!r}")
        self._given = {"tape": tape, "features": features, "num_envs": num_envs, "asset": asset, "rows": rows, "costs": costs,
                       "render_mode": render_mode, **settings}
        self.num_envs, self.render_mode = int(num_envs), render_mode
        self.settings = EnvSettings.of(self.name, settings, options_of(type(self)), **self.defaults)
        self._mode = self.settings.mode
        self.metadata = {**type(self).metadata, "autoreset_mode": self._mode}
        self.costs = CostSettings() if costs is None else costs
        self.streams = Streams(self.num_envs)
        world = self.build_world(tape, features, rows, asset)
        self._assemble(world)

    @staticmethod
    def encode(tape: Tape) -> FeatureTable:
        """Return the features of an environment that was given none."""
        return price_features(tape)

    def build_world(self, tape: Tapes | None, features: Features, rows: Rows, asset: str | None) -> World:
        """Return tape, features and rows of the constructor's arguments; here one asset is left on the tape."""
        return build_world(self.default_tape if tape is None else tape, features, self.encode, rows, asset, one_asset=True)

    def _assemble(self, world: World) -> None:
        settings, n = self.settings, self.num_envs
        self.world, self.tape = world, world.tape
        self.scheme = self.build_scheme()
        self.scheme.check_market(self.tape.name, self.tape.close_only, settings.max_orders)
        self.reward = build_reward(settings.reward, self.costs)
        self.reward.start(n)
        parts = (*build_parts(settings.private, PartContext(self.tape.symbols, self.scheme)), *self.extra_parts())
        self.reward.check_world(self.tape.n_assets)
        for part in parts:
            part.start(n)
        self.view = View(world.table, settings.window, parts, self.reward, settings.observation)
        self.starts = EpisodeStarts(
            n, world.rows, start=settings.start, episode_bars=settings.episode_bars, history=self.view.history,
            segments=None if world.pool is None else world.pool.segments, weights=tape_weights(settings.tape_weights, world.pool),
            table=world.table if world.source is not None else None,
        )  # fmt: skip
        limits = limit_settings(settings.limits)
        self.limits = None if limits is None else Limits(limits, n, self.tape.n_assets)
        laws = friction_laws(settings.randomise or {})
        self.frictions = Frictions(laws, self.costs, self.tape, n) if laws else None
        self.simulator = self.build_simulator()
        self.books = self.simulator.desk
        self._history = None if self.render_mode is None else History(n)
        self.watchers: list[Watcher] = [] if self._history is None else [self._history]
        self._info = InfoWriter(settings.info, n)
        if "action_mask" in settings.info and not self.scheme.discrete:
            raise ConfigError(f"info action_mask needs a discrete action scheme, was {self.scheme.name}; leave action_mask out")
        if "frictions" in settings.info and self.frictions is None:
            raise ConfigError("info frictions needs frictions that are drawn; set randomise, or leave frictions out")
        self._all, self._nobody = np.ones(n, np.bool_), np.zeros(n, np.bool_)
        self._running, self._done, self._n_idle = np.zeros(n, np.bool_), self._nobody, n
        self._heeding = tuple(part for part in self.view.parts if type(part).after is not Part.after)
        self.fused = self.build_fused()
        self.single_observation_space: Space[Any] = self.view.space()
        self.single_action_space: Space[Any] = (
            Discrete(self.scheme.n) if self.scheme.discrete else Box(-1.0, 1.0, (self.scheme.size,), np.float32)
        )
        self.observation_space = batch_space(self.single_observation_space, n)
        self.action_space = batch_space(self.single_action_space, n)

    def build_scheme(self) -> ActionScheme:
        """Return what actions mean."""
        return self.settings.scheme(self.tape.n_assets)

    def build_simulator(self) -> Simulator:
        """Return the exchange."""
        settings = self.settings
        tape, costs = pool_venue(self.world, self.costs)
        waiting = self.tape.n_assets if self.frictions is not None and self.frictions.adds_working_orders else 0
        return Simulator(tape, costs, n_envs=self.num_envs, max_orders=settings.max_orders + waiting,
                         max_tickets=self.scheme.n_tickets, threads=settings.threads,
                         record_fills=settings.record_fills or self.render_mode is not None)

    def build_fused(self) -> FusedStep | None:
        """Return the one pass that steps the batch; None where the exchange is another, or a subclass observes in its own way."""
        if type(self.simulator) is not Simulator or type(self)._observe is not TradingVectorEnv._observe:
            return None
        settled = type(self).task_done is TradingVectorEnv.task_done
        return FusedStep(self.simulator, self.scheme, self.reward, self.view, limits=self.limits, settled=settled)

    def extra_parts(self) -> Sequence[Part]:
        """Return parts of the private observation that the world adds to those asked for, such as the state of its task."""
        return ()

    def on_begin(self, indices: np.ndarray) -> None:
        """Set up the task of the sub-environments `indices` (n,), whose accounts were just opened and not yet observed."""

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """Return where the task has ended, bool (E,), after STEP records (E,); None: it never ends by itself."""
        return None

    def own_state(self) -> dict[str, Any]:
        """Return copies of what the world itself remembers, besides accounts, streams, rewards and parts."""
        return {}

    def load_own(self, state: dict[str, Any]) -> None:
        """Go on from what `own_state` returned."""

    def rebuild(self, **changes: Any) -> Self:
        """Return a new batch of the same class and arguments but for `changes`; the tape is not opened again."""
        given = {**self._given, **changes}
        if not isinstance(given["tape"], Tape) and self.world.source is not None and "tape" not in changes:
            given["tape"] = self.world.source
        return type(self)(**given)

    @property
    def layout(self) -> Layout:
        """What the numbers of an observation are."""
        return self.view.layout

    @property
    def leaks(self) -> bool:
        """Whether observations know the future on purpose."""
        return bool(self.metadata["leaks"])

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin new episodes.

        Args:
            seed: An int s seeds sub-environment i with SeedSequence(s, spawn_key=(i,)); a sequence gives each its own; None goes
                on with the streams as they are.
            options: `reset_mask`, bool (E,): reset these alone (autoreset mode `disabled`).

        Returns:
            Observations float32 (E, D), and info.

        Raises:
            ConfigError: An option is unknown or a seed is no seed.
            ShapeError: `reset_mask` or a list of seeds has the wrong shape.
            EpisodeError: `reset_mask` leaves out a sub-environment that was never reset, of which there is nothing to observe.
            ClosedError: After `close`.
        """
        self._check_open()
        mask = self._reset_mask(options)
        self.starts.rewind(self.streams.seed(seed, mask))
        self._begin(mask)
        written = self._observe()
        for watcher in self.watchers:
            watcher.observed(written)
        return self.view.show(written), self._info.write(self)

    def step(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Decide at the close of the current row and play the next bar, in every sub-environment.

        All actions are checked before anything moves, so a refused call changes nothing.

        Args:
            actions: int (E,) for discrete schemes, float (E, n) inside [-1, 1] for continuous ones. Of a sub-environment that only
                begins anew (autoreset mode `next_step`) the values are ignored, whatever they are.

        Returns:
            Observations float32 (E, D), rewards float64 (E,), terminated and truncated bool (E,), info.

        Raises:
            ShapeError: Wrong shape or dtype, of actions or of what a reward of one's own returned.
            ConfigError: An action is not finite or outside the space, or a reward of one's own is not finite; names the
                sub-environment.
            EpisodeError: Before `reset`, or after an episode's end in autoreset mode `disabled`.
            ClosedError: After `close`.
        """
        self._check_open()
        if self._n_idle:
            raise EpisodeError(f"step needs a running episode in every sub-environment, {self._n_idle} of {self.num_envs} have "
                               "none; call reset() first")
        mode = self._mode
        resetting = self._done if mode is AutoresetMode.NEXT_STEP and self._done.any() else None
        play = self._play_staged if self.fused is None else self._play_fused
        played = actions if resetting is None else spared_actions(actions, resetting)
        written, rewards, terminated, truncated, ended = play(played, resetting)
        if (self.fused is None or not self.fused.pays) and not np.isfinite(rewards).all():
            wrong = int(np.flatnonzero(~np.isfinite(rewards))[0])
            raise ConfigError(f"reward {self.settings.reward!r} must be finite, was {rewards[wrong]} in sub-environment {wrong}; "
                              "mend its pay() and reset")
        for watcher in self.watchers:
            watcher.stepped(self, actions, written, rewards, terminated, truncated, resetting)
        info = self._info.write(self)
        self._done = terminated | truncated if ended else self._nobody
        if ended:
            if mode is AutoresetMode.SAME_STEP:
                info = self._begin_again(written, info)
                for watcher in self.watchers:
                    watcher.observed(written)
            elif mode is AutoresetMode.DISABLED:
                self._running &= ~self._done
                self._n_idle = int((~self._running).sum())
        return self.view.show(written), rewards, terminated, truncated, info

    def _play_staged(
        self, actions: np.ndarray, resetting: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
        """Decide, play, pay, end and observe, each for all; `resetting` begin instead. The last value: whether an episode ended."""
        sim = self.simulator
        self.scheme.decide(actions, self.books)
        active = None if resetting is None else ~resetting
        if self.limits is not None:
            self.limits.screen(sim, active)
        record = sim.step(active)
        self._note(record)
        rewards = self.reward.paid(record, self.books)
        terminated = record["ruined"] != 0
        if (over := self.task_done(record)) is not None:
            terminated |= over
        truncated = (sim.rows >= self.books.episode["last_row"]) & ~terminated
        if resetting is not None:
            self._begin(resetting)
            rewards[resetting], terminated[resetting], truncated[resetting] = 0.0, False, False
        return self._observe(), rewards, terminated, truncated, bool(terminated.any() or truncated.any())

    def _play_fused(
        self, actions: np.ndarray, resetting: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]:
        """The twin of `_play_staged` in one pass over the sub-environments, with the same bytes."""
        fused, record = self.fused, self.simulator.record
        assert fused is not None
        written, rewards, terminated, truncated, n_ended = fused.play(actions, None if resetting is None else ~resetting)
        self._note(record)
        if not fused.pays:
            rewards = self.reward.paid(record, self.books)
        if (over := self.task_done(record)) is not None:
            terminated |= over
            truncated &= ~terminated
        if resetting is not None:
            self._begin(resetting)
            self.view.write(resetting, self.books, written)
            rewards[resetting], terminated[resetting], truncated[resetting] = 0.0, False, False
        if not fused.observes:
            self.view.write_private(self._all, self.books, written, fused.n_parts, fused.pays)
        return written, rewards, terminated, truncated, n_ended > 0 if over is None else bool(terminated.any() or truncated.any())

    def _note(self, record: np.ndarray) -> None:
        for watcher in self.watchers:
            watcher.note(self)
        for part in self._heeding:
            part.after(record, self.books)

    def render(self) -> tuple[Any, ...] | None:
        """Return a frame of each running episode: uint8 (height, width, 3) or, for `ansi`, text; None without a mode.

        Raises:
            EpisodeError: An episode is not running.
            ClosedError: After `close`.
        """
        self._check_open()
        if self._history is None:
            return None
        if not self._running.all():
            raise EpisodeError("render needs a running episode; call reset() first")
        from .picture import chart, table

        if self.render_mode == "ansi":
            return tuple(table(self.tape, self.books, e, self.name, self.caption(e)) for e in range(self.num_envs))
        return tuple(
            chart(self.tape, self._history.of(e), self.name, caption=self.caption(e), levels=self.price_levels(e),
                  size=self.settings.render_size) for e in range(self.num_envs)
        )  # fmt: skip

    def caption(self, env: int) -> str:
        """Return a line on the task of sub-environment `env` for pictures and tables; empty where there is none."""
        return ""

    def price_levels(self, env: int) -> Mapping[str, float]:
        """Return prices that a picture of one asset shows, by name."""
        return {}

    def get_state(self) -> dict[str, Any]:
        """Return copies of all that decides how the episodes go on: accounts, orders, streams, moments, the world's own paths.

        `set_state` of an environment of the same arguments takes it and goes on identically, in this process or another.

        Raises:
            EpisodeError: Before the first `reset`.
            ClosedError: After `close`.
        """
        self._check_open()
        if (self.simulator.rows < 0).any():
            raise EpisodeError("get_state needs episodes that have begun; call reset() first")
        return identity(self) | {
            "simulator": self.simulator.state(), "episode": self.books.episode.copy(),
            "keepers": {name: keeper.state() for name, keeper in self._keepers().items()},
            "running": self._running.copy(), "done": self._done.copy(), "own": self.own_state(), "history": deepcopy(self._history),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a state that `get_state` returned; what was asked of render goes with it.

        Raises:
            IntegrityError: The state is of another environment, another number of sub-environments, layout or tape.
            ClosedError: After `close`.
        """
        self._check_open()
        require_identity(self, state)
        self.load_own(state["own"])
        books = state["simulator"]
        if books["fills"].shape != self.simulator.fills.shape:  # the log of the last step decides nothing; here it is not known
            record = copied(books["record"])
            record["n_logged"] = 0
            books = {**books, "record": record, "fills": np.zeros_like(self.simulator.fills)}
        self.simulator.load(books)
        self.books.episode[...] = state["episode"]
        for name, keeper in self._keepers().items():
            keeper.load(state["keepers"][name])
        self._running[...], self._done = state["running"], np.array(state["done"])
        self._n_idle = int((~self._running).sum())
        if self._history is not None:
            before, self._history = self._history, deepcopy(state["history"]) or History(self.num_envs)
            self.watchers[:] = [self._history if watcher is before else watcher for watcher in self.watchers]

    def _keepers(self) -> dict[str, Any]:
        """Return by name what remembers something with `state` and `load`."""
        parts = {f"part {index}": part for index, part in enumerate(self.view.parts)}
        known = {"streams": self.streams, "starts": self.starts, "reward": self.reward, "limits": self.limits,
                 "frictions": self.frictions, **parts}
        return {name: keeper for name, keeper in known.items() if keeper is not None}

    def _begin_again(self, written: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        done = self._done
        final, indices = np.empty(self.num_envs, object), np.flatnonzero(done)  # of None
        for index, reached in zip(indices.tolist(), written[indices], strict=True):
            final[index] = self.view.show_one(reached)
        final_info = {name: done.copy() if name.startswith("_") else values for name, values in info.items()}
        self._begin(done)
        if self.fused is None:
            self.view.write(done, self.books, written)
        else:
            self.fused.observe(indices, written)
            if not self.fused.observes:
                self.view.write_private(done, self.books, written, self.fused.n_parts, self.fused.pays)
        fresh = self._info.write(self)
        return {**fresh, "final_obs": final, "_final_obs": done.copy(), "final_info": final_info, "_final_info": done.copy()}

    def _begin(self, envs: np.ndarray) -> None:
        indices = np.flatnonzero(envs)
        first, last = self.draw_episodes(indices)
        episode = self.books.episode
        if self.world.pool is not None:
            episode["segment"][indices] = self.starts.segment(first)
        if self.frictions is not None:
            self.frictions.begin(indices, self.streams, self.simulator.rules)
        if self.fused is None or not self.fused.begin(indices, first, last, self.settings.cash):
            rows = self.simulator.rows.copy()
            rows[indices] = first
            self.simulator.open_accounts(self.settings.cash, rows, envs)
            episode["first_row"][indices], episode["last_row"][indices] = first, last
        if self.limits is not None:
            self.limits.begin(envs)
        self.on_begin(indices)
        self.reward.clear(envs)
        for part in self.view.parts:
            part.begin(envs, self.books)
        for watcher in self.watchers:
            watcher.begin(envs, self)
        if self._n_idle:
            self._running |= envs
            self._n_idle = int((~self._running).sum())
        self._done = self._done & ~envs

    def draw_episodes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return first decision rows and last rows, int64 (n,), of the episodes that sub-environments `indices` (n,) begin."""
        return self.starts.draw(indices, self.streams)

    def _observe(self) -> np.ndarray:
        out = np.empty((self.num_envs, self.view.width), np.float32)
        self.view.write(self._all, self.books, out)
        return out

    def _reset_mask(self, options: dict[str, Any] | None) -> np.ndarray:
        for name in options or {}:
            if name not in RESET_OPTIONS:
                raise ConfigError(f"unknown reset option {name!r}{did_you_mean(name, RESET_OPTIONS)}; known: reset_mask")
        if not options:
            return self._all
        mask = np.asarray(options["reset_mask"])
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ShapeError(f"reset_mask must be bool of shape ({self.num_envs},), was {mask.dtype} {mask.shape}")
        if (never := ~mask & (self.simulator.rows < 0)).any():
            raise EpisodeError(f"reset_mask leaves out {int(never.sum())} sub-environments that were never reset; reset all first")
        return mask

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError(f"this {self.name} environment is closed; make a new one")
