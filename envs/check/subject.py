"""What is checked: an environment that can be built anew as often as a check needs one."""

import inspect
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit

from ...data.tape import Tape
from ...market.errors import ConfigError, IntegrityError
from ..batch import TradingVectorEnv
from ..single import SingleEnv
from .player import Player, SinglePlayer, VectorPlayer
from .report import NotCheckable
from .trace import sampled

__all__ = ["Subject", "subject_of"]

EPISODE_BARS = 12
ROUNDS = 3  # episodes of each sub-environment
LONGEST = 600  # steps of an environment that is not ours, whose episodes may be long

Maker = Callable[..., Any]


@dataclass(frozen=True)
class Subject:
    """An environment and how to make more of it.

    Attributes:
        name: For messages.
        n: Sub-environments in the batches that are played.
        seed: Of everything random.
        steps: Steps that a check plays: several episodes.
        build: Makes a player of as many sub-environments as it is told, where `sizes`; else of `n`.
        sizes: Whether `build` makes batches of any size.
        native: A short batch of ours to rebuild; None where the environment is foreign.
        single: Makes the single environment that belongs to the batch; None where there is none.
        encode: Makes features from a tape, where that is known of a batch of ours.
        tape: What `encode` reads.
        listed: Whether `reset` takes a list of seeds, one for each sub-environment.
        around: Names of wrappers around one of ours, which are not played.
    """

    name: str
    n: int
    seed: int
    steps: int
    build: Callable[[int], Player]
    sizes: bool
    native: TradingVectorEnv | None = None
    single: Callable[[], Any] | None = None
    encode: Callable[[Tape], Any] | None = None
    tape: Tape | None = None
    listed: bool = True
    around: tuple[str, ...] = ()

    @property
    def seeds(self) -> list[int | None]:
        """A seed for each sub-environment; NotCheckable where there is one for all."""
        if not self.listed:
            raise NotCheckable("reset takes no list of seeds, one for each sub-environment")
        return [self.seed + 10 * e for e in range(self.n)]

    def player(self, n: int | None = None) -> Player:
        """Return a new player of n sub-environments; None: `self.n`."""
        return self.build(self.n if n is None else n)

    def actions(self, seed: int | None = None, n_steps: int | None = None) -> list[list[Any]]:
        """Return random actions of every step."""
        return sampled(self.player(), self.seed if seed is None else seed, self.steps if n_steps is None else n_steps)


def subject_of(given: Any, n: int, seed: int, settings: dict[str, Any]) -> Subject:
    """Return the subject of an id, a class or function that makes an environment, or an environment.

    Raises:
        ConfigError: It is none of these, or an environment that cannot be built again.
    """
    if isinstance(given, str):
        return _of_id(given, n, seed, settings)
    if isinstance(given, (gymnasium.Env, VectorEnv)):
        inner = given.unwrapped
        if isinstance(inner, (SingleEnv, TradingVectorEnv)):
            return replace(_native(inner, n, seed, settings), around=_around(given))
        if settings:
            raise ConfigError(f"settings go to an id or to what makes an environment, not to one that is made: {sorted(settings)}")
        return _foreign(_copier(given), _name(given), n, seed)
    if callable(given):
        made = _called(given, n, settings)
        inner = getattr(made, "unwrapped", made)
        if isinstance(inner, (SingleEnv, TradingVectorEnv)):
            return replace(_native(inner, n, seed, {}), around=_around(made))
        return _foreign(lambda size: _called(given, size, settings), _name(made), n, seed)
    raise ConfigError("check needs an id, an environment of Gymnasium, or what makes one when it is called, was "
                      f"{type(given).__name__}")


def _of_id(name: str, n: int, seed: int, settings: dict[str, Any]) -> Subject:
    spec = gymnasium.spec(name)
    if spec.vector_entry_point is None:
        return _foreign(lambda size: gymnasium.make(name, **settings), name, n, seed)
    batch: Any = gymnasium.make_vec(name, num_envs=1, vectorization_mode="vector_entry_point", **settings)
    if not isinstance(batch.unwrapped, TradingVectorEnv):
        return _foreign(lambda size: gymnasium.make_vec(name, num_envs=size, vectorization_mode="vector_entry_point", **settings),
                        name, n, seed)
    single: Any = gymnasium.make(name, **_for_single(settings)).unwrapped if spec.entry_point else None
    return _native(batch.unwrapped if single is None else single, n, seed, {}, batch.unwrapped)


def _for_single(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("num_envs", "autoreset_mode")}


def _native(made: Any, n: int, seed: int, settings: dict[str, Any], batch: TradingVectorEnv | None = None) -> Subject:
    if batch is None:
        batch = made.batch if isinstance(made, SingleEnv) else made
    bars = settings.get("episode_bars", batch.settings.episode_bars)
    bars = EPISODE_BARS if bars is None else min(bars, EPISODE_BARS)
    short: dict[str, Any] = {"num_envs": n, "autoreset_mode": "same_step", "render_mode": None, "episode_bars": bars}
    try:
        base = _encoded(batch.rebuild(**{**settings, **short}))
    except TypeError as error:
        raise ConfigError(f"{type(batch).__name__} cannot be built again from the arguments of TradingVectorEnv: {error}; let its "
                          "constructor take what the base takes") from error
    single = None
    if isinstance(made, SingleEnv):
        arguments = _for_single(base._given)

        def single() -> Any:
            return type(made)(**arguments)

    source = batch.world.source or batch.tape
    return Subject(base.name, n, seed, bars * ROUNDS, lambda size: VectorPlayer(base.rebuild(num_envs=size)), True, base, single,
                   batch.world.encode, source[0] if isinstance(source, tuple) else source)


def _encoded(env: TradingVectorEnv) -> TradingVectorEnv:
    """Return the same batch with its features as a table, so that they are not made again for every check."""
    if env.world.source is None:
        return env
    return env.rebuild(**env.world.arguments(), asset=None)


def _foreign(make: Maker, name: str, n: int, seed: int) -> Subject:
    first = make(n)
    for what in ("observation_space", "action_space"):
        if isinstance(first, (gymnasium.Env, VectorEnv)) and not isinstance(getattr(first, what, None), gymnasium.Space):
            raise IntegrityError(f"{name}: spaces: {what} must be a gymnasium.spaces.Space set in __init__ or in the class, was "
                                 f"{getattr(first, what, None)!r}")
    if isinstance(first, VectorEnv):
        resizes = first.num_envs == n and make(1).num_envs == 1
        n = first.num_envs

        def build(size: int) -> Player:
            return VectorPlayer(make(size))

        return Subject(name, n, seed, _steps(build(n), seed, name), build, resizes, listed=_takes_lists(build(n)))
    if not isinstance(first, gymnasium.Env):
        raise ConfigError(f"check needs what makes a gymnasium.Env or VectorEnv, it made a {type(first).__name__}")

    def row(size: int) -> Player:
        return SinglePlayer([make(size) for _ in range(size)])

    return Subject(name, n, seed, _steps(row(1), seed, name), row, True)


def _takes_lists(player: Player) -> bool:
    try:
        player.reset([1] * player.n)
    except Exception:
        return False
    return True


def _steps(player: Player, seed: int, name: str) -> int:
    """Return how many random steps it takes until every sub-environment has ended its second episode and gone on a little.

    Raises:
        IntegrityError: It cannot be played so far.
    """
    ended, count = [0] * player.n, 0
    try:
        player.reset(seed)
        for action in sampled(player, seed, LONGEST):
            count += 1
            turn = player.step(action)
            ended = [before + turn.done(e) for e, before in enumerate(ended)]
            if min(ended) >= 2:
                break
    except Exception as error:  # what is checked may break anywhere
        where = "the reset" if count == 0 else f"step {count - 1} or a reset after it"
        what = str(error) if isinstance(error, IntegrityError) else f"{where} stopped with {type(error).__name__}: {error}"
        raise IntegrityError(f"{name}: spaces: {what}") from error
    return min(max(count + 8, EPISODE_BARS * ROUNDS), LONGEST)


def _copier(env: Any) -> Maker:
    if (rebuilt := _by_spec(env)) is not None:
        return rebuilt
    try:
        kept = deepcopy(env)
    except Exception as error:
        raise ConfigError(f"{type(env).__name__} cannot be copied ({error}); pass the class, or what makes one") from error
    return lambda size: deepcopy(kept)


def _by_spec(env: Any) -> Maker | None:
    """Return what makes the same again from the spec that Gymnasium noted; None where there is none that says all."""
    try:
        if isinstance(env, gymnasium.Env):
            if (spec := env.spec) is None or len(list(_layers(gymnasium.make(spec)))) != len(list(_layers(env))):
                return None
            return lambda size: gymnasium.make(spec)
        if env.spec is None or list(_layers(env)):
            return None
        vector, settings = deepcopy(env.spec), deepcopy(env.spec.kwargs)
        settings.pop("num_envs")
        vector.kwargs = {}
        gymnasium.make_vec(vector, num_envs=1, **settings).close()
    except Exception:  # specs of wrappers that note no arguments; then a copy is taken
        return None
    return lambda size: gymnasium.make_vec(vector, num_envs=size, **settings)


def _layers(env: Any) -> Iterator[Any]:
    """Yield the wrappers around an environment, without those that `gymnasium.make` adds by itself."""
    while isinstance(env, (gymnasium.Wrapper, VectorWrapper)):
        if not isinstance(env, (PassiveEnvChecker, OrderEnforcing)):
            yield env
        env = env.env


def _around(env: Any) -> tuple[str, ...]:
    return tuple(type(one).__name__ for one in _layers(env))


def _name(env: Any) -> str:
    """Return the class of an environment and of the wrappers around it, but the time limit of an id."""
    limit = getattr(env.spec, "max_episode_steps", None) if isinstance(env, gymnasium.Env) else None
    outer = [type(one).__name__ for one in _layers(env) if not (isinstance(one, TimeLimit) and limit is not None)]
    return "(".join([*outer, type(getattr(env, "unwrapped", env)).__name__]) + ")" * len(outer)


def _called(make: Maker, size: int, settings: dict[str, Any]) -> Any:
    try:
        takes_size = "num_envs" in inspect.signature(make).parameters
    except (TypeError, ValueError):
        takes_size = False
    takes_size |= isinstance(make, type) and issubclass(make, TradingVectorEnv)
    return make(**{**settings, "num_envs": size}) if takes_size else make(**settings)
