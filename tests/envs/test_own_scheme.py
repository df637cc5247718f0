"""An action scheme from outside the package: built, played, evaluated, and its mistakes told."""

from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import pytest

import quantgym  # noqa: F401 (registers the ids)
from quantgym.agents.policy import Policy
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.pipeline import Pipeline
from quantgym.envs.observer import Observer
from quantgym.envs.parts.part import PartContext
from quantgym.envs.parts.registry import build_parts, columns_of
from quantgym.evaluation.backtest import backtest
from quantgym.market.actions.registry import SCHEMES, action_scheme
from quantgym.market.actions.scheme import ActionScheme
from quantgym.market.cost import CostSettings
from quantgym.market.decision import Decision
from quantgym.market.errors import ConfigError, ShapeError
from quantgym.simulator.backtest import run_actions

TAPE = gbm_tape(2, 90, 2)


@dataclass(frozen=True, kw_only=True)
class Tilt(ActionScheme):
    """One number tilts equal weights from the last asset to the first."""

    strength: float = 0.5
    name, discrete, size = "tilt", False, 1

    def weights(self, actions, desk):
        half = np.full((desk.n_envs, desk.n_assets), 1.0 / desk.n_assets)
        return half * (1.0 + self.strength * actions * np.linspace(1.0, -1.0, desk.n_assets))


@dataclass(frozen=True, kw_only=True)
class OneLot(ActionScheme):
    """0 holds, 1 buys a lot, 2 sells one, which is legal where one is held."""

    name, discrete, n = "one_lot", True, 3

    def decode(self, actions, desk):
        desk.intents["lots"][:, 0] = np.array([0, 1, -1])[actions]

    def legal(self, desk):
        return np.stack([np.ones(desk.n_envs, bool), desk.account["cash"] > 0, desk.position["units"][:, 0] > 0], axis=1)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(SCHEMES, "tilt", Tilt)
    monkeypatch.setitem(SCHEMES, "one_lot", OneLot)


def test_it_is_played_by_name_through_make_vec():
    envs = gym.make_vec("quantgym/Portfolio-v0", num_envs=2, tape=TAPE, action={"kind": "tilt", "strength": 1.0}, episode_bars=20)
    envs.reset(seed=0)
    assert envs.single_action_space.shape == (1,)
    envs.step(np.array([[1.0], [-1.0]], np.float32))
    books = envs.unwrapped.books
    # a half and a half, tilted in whole: all in the first asset, or all in the last
    shares = books.values / books.account["equity"][:, None]
    assert shares == pytest.approx(np.array([[1.0, 0.0], [0.0, 1.0]]), abs=0.03)
    assert action_scheme("tilt", n_assets=2).labels == ("0",)


def test_its_mask_is_shown():
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=2, tape=TAPE, asset="S0", action="one_lot", episode_bars=20,
                        private=["account", "action_mask"], info=("action_mask",))  # fmt: skip
    seen, info = envs.reset(seed=0)
    assert info["action_mask"].tolist() == [[1, 1, 0]] * 2 == seen[:, -3:].tolist()
    seen, *_, info = envs.step(np.array([1, 0]))
    assert info["action_mask"].tolist() == [[1, 1, 1], [1, 1, 0]] == seen[:, -3:].tolist()


class Leaning:
    """A policy that leans on the first asset."""

    name, scheme, requires = "leaning", "tilt", ()

    def initial_state(self, batch):
        return {}

    def act(self, observation, state, deterministic=True):
        return Decision("tilt", np.full((len(observation.mask), 1), 0.5)), state


def test_it_is_backtested_and_named_with_its_settings():
    pipeline = Pipeline.build([{"kind": "price", "lags": [1, 5]}])
    pipeline.fit(TAPE.slice(0, 40))
    layout = pipeline.layout.with_private(columns_of(build_parts("weights", PartContext(TAPE.symbols))), 1)
    policy: Policy = Leaning()
    scheme = action_scheme("tilt", n_assets=2, strength=0.8)
    session = backtest(policy, Observer(pipeline, layout, TAPE.instruments), TAPE, (40, 60), CostSettings(), 1e5, scheme)
    # 0.5 x (1 + 0.8 x 0.5) = 0.7 and 0.3
    assert session.weights[0] == pytest.approx([0.7, 0.3], abs=0.03)
    assert session.facts["action"] == {"kind": "tilt", "strength": 0.8}
    played = run_actions(TAPE, CostSettings(), np.full((20, 1), 0.5), scheme=scheme, first_row=40)
    assert played.equity[1] == session.equity[1]


class Broken(Tilt):
    answer = None

    def weights(self, actions, desk):
        return self.answer


@pytest.mark.parametrize(("answer", "error", "says"), [
    (np.zeros((2, 3)), ShapeError, r"action tilt: weights must be numbers of shape \(2, 2\), were float64 \(2, 3\)"),
    (np.zeros(2), ShapeError, r"were float64 \(2,\)"),
    (None, ShapeError, "were NoneType"),
    ([[0.0, 0.0]] * 2, ShapeError, "were list"),
    (np.full((2, 2), "half"), ShapeError, "must be numbers"),
    (np.array([[0.5, 0.5], [0.5, np.nan]]), ConfigError, r"action tilt: weights must be finite, was nan at index \[1, 1\]"),
    (np.array([[0.5, -np.inf], [0.5, 0.5]]), ConfigError, r"must be finite, was -inf at index \[0, 1\]"),
])  # fmt: skip
def test_weights_of_a_wrong_shape_or_that_are_not_finite_are_told(answer, error, says, monkeypatch):
    monkeypatch.setattr(Broken, "answer", answer)
    envs = gym.make_vec("quantgym/Portfolio-v0", num_envs=2, tape=TAPE, action=Broken(n_assets=2), episode_bars=20)
    envs.reset(seed=0)
    with pytest.raises(error, match=says):
        envs.step(np.zeros((2, 1), np.float32))
    assert not envs.unwrapped.books.intents["lots"].any()


class Failing(OneLot):
    def decode(self, actions, desk):
        desk.intents["lots"] = desk.declined[:, :1] = 1
        raise ArithmeticError("no such price")


def test_a_decoder_that_fails_leaves_nothing_on_the_desk():
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=2, tape=TAPE, asset="S0", action=Failing(), episode_bars=20)
    envs.reset(seed=0)
    with pytest.raises(ArithmeticError, match="no such price"):
        envs.step(np.array([1, 1]))
    books = envs.unwrapped.books
    assert not books.intents["lots"].any()
    assert not books.declined.any()


class Empty(ActionScheme):
    name, discrete, size = "empty", False, 1


class WrongMask(OneLot):
    def legal(self, desk):
        return [True, True, False]


def test_a_class_without_weights_and_a_mask_of_another_shape_are_told():
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=1, tape=TAPE, asset="S0", action=Empty(), episode_bars=20)
    envs.reset(seed=0)
    with pytest.raises(ConfigError, match=r"action empty: its class must have weights\(\) or decode\(\), has neither"):
        envs.step(np.zeros((1, 1), np.float32))
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=1, tape=TAPE, asset="S0", action=WrongMask(), info=("action_mask",),
                        episode_bars=20)  # fmt: skip
    with pytest.raises(ShapeError, match=r"action one_lot: legal must be bool of shape \(1, 3\), was list"):
        envs.reset(seed=0)


def test_its_settings_are_checked_by_name():
    with pytest.raises(ConfigError, match=r"unknown setting tilt\.strenght; did you mean strength\?"):
        action_scheme("tilt", strenght=1.0)
