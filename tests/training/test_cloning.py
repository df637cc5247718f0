"""Behaviour cloning: a network does on held-out rows what a rule does there."""

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.actions.registry import action_scheme
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.training.cloning import CloningLearner
from quantgym.training.cloning_lesson import Play, expert_of
from quantgym.training.cloning_translation import Translation
from quantgym.training.job import train
from quantgym.training.learner import learner_of
from quantgym.training.meter import MeteredVectorEnv
from quantgym.training.preparation import prepare

ENCODERS = [{"kind": "price", "lags": [1, 5]}, {"kind": "ma_cross", "fast": 3, "slow": 8}]
CROSS = {"kind": "ma_cross", "column": "ma_cross_3_8"}
ONE = {"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 20}
TRAINING = {"iterations": 12, "num_envs": 32, "rollout_bars": 32, "minibatch": 64, "epochs": 4,
            "schedules": {"lr": [[0.0, 3e-3], [1.0, 0.0]]}}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cloning(job_of, tmp_path_factory):
    # 1,600 days from 2000-01-03, two assets, the second listed at row 30
    folder = tmp_path_factory.mktemp("long") / "walk"
    gbm_tape(1, 1_600, 2, late=30).save(folder)
    data = {
        "tape": str(folder),
        "train": ["2000-01-01", "2003-06-30"],
        "validation": ["2003-07-01", "2003-12-31"],
        "test": ["2004-01-01", "2004-05-01"],
    }

    def make(expert, env=None, training=None, algorithm="BC", **agent):
        agent = {"algorithm": algorithm, "backend": "fast", "hidden": [32, 32], "expert": expert, **agent}
        return job_of("BC", data=data, encoders=ENCODERS, agent=agent, env=env or {"episode_bars": 60},
                      training=TRAINING | (training or {}))  # fmt: skip

    return make


def learned(job):
    with learner_of(prepare(job)) as learner:
        assert isinstance(learner, CloningLearner)
        first = learner.iterate()
        for _ in range(job.training.iterations - 1):
            last = learner.iterate()
        assert learner.steps == job.training.iterations * 32 * 32
    return first, last


@pytest.mark.parametrize(
    ("expert", "env", "more"),
    [
        (CROSS, ONE | {"action": "positions"}, {}),
        (CROSS, ONE | {"action": {"kind": "levels", "levels": [0.0, 0.5, 1.0]}, "private": ["account", "action_mask"]}, {}),
        (CROSS, ONE | {"action": "exposure"}, {}),
        ("buy_and_hold", {"episode_bars": 60}, {}),
        ({"kind": "equal_weight", "every_bars": 5}, {"episode_bars": 60}, {}),
        ("equal_weight", {"episode_bars": 60, "action": "target_weights"}, {}),
        (CROSS, ONE | {"action": "positions"}, {"body": {"kind": "lstm", "units": 16}}),
    ],
    ids=["cross positions", "cross levels masked", "cross exposure", "buy and hold", "equal weight", "equal targets", "cross lstm"],
)
def test_a_network_agrees_with_the_rule_on_rows_it_never_saw(cloning, expert, env, more):
    first, last = learned(cloning(expert, env, **more))
    assert last["learn/clone_loss"] < first["learn/clone_loss"]
    assert last["validation/agreement"] >= 0.95
    assert last.keys() >= {"train/reward", "learn/gradient_norm", "learn/learning_rate", "speed/steps_per_s"}


def world(scheme, held, cash, sizing_margin=0.0, **settings):
    """Return the scheme and the desk of one account of 100 that holds weights at prices of 1."""
    n_assets = len(held)
    tape = gbm_tape(3, 50, n_assets)
    env = TradingVectorEnv(tape, episode_bars=9) if n_assets == 1 else PortfolioVectorEnv(tape, episode_bars=9)
    env.reset(seed=1)
    desk = env.simulator.desk
    desk.rules["sizing_buffer"] = sizing_margin
    desk.account["equity"], desk.account["cash"] = 100.0, cash
    desk.position["units"], desk.position["mark"], desk.position["fx"] = [100.0 * np.array(held)], 1.0, 1.0
    return Translation(action_scheme(scheme, n_assets=n_assets, **settings), "my_rule"), desk


def said(translation, desk, weights, trades):
    return translation.actions(np.array([weights]), np.array([trades]), desk)[0].tolist()


def test_target_weights_are_said_in_each_scheme():
    # a share x of the portfolio is the entry 2 x - 1; the last one is cash
    assert said(*world("weights", (0.0, 0.0), 100.0), (0.5, 0.25), True) == pytest.approx([0.0, -0.5, -0.5])
    # twice the equity where nothing is cash: a weight of 0.5 is a share of 0.25
    assert said(*world("weights", (0.0, 0.0), 100.0, leverage=2.0), (0.5, 0.5), True) == pytest.approx([-0.5, -0.5, 0.0])
    # signed shares of assets
    assert said(*world("weights", (0.0, 0.0), 100.0, short=True), (-0.5, 0.25), True) == pytest.approx([-0.5, 0.25, -0.5])
    assert said(*world("target_weights", (0.0, 0.0), 100.0), (0.5, -0.25), True) == [0.5, -0.25]
    assert said(*world("exposure", (0.0,), 100.0, scale=2.0), (0.5,), True) == [0.25]
    assert said(*world("positions", (0.0,), 100.0), (1.0,), True) == 1
    assert said(*world("positions", (0.0,), 100.0, short=True), (0.0,), True) == 1
    assert said(*world("levels", (0.0,), 100.0, levels=(-1.0, 0.0, 0.5)), (0.5,), True) == 2
    assert said(*world("rebalance", (0.0, 0.0), 100.0), (0.5, 0.25), True) == [0.5, 0.25, 1.0]


def test_to_hold_is_to_aim_at_what_is_held():
    # 0.3 of equity held; orders are sized with a buffer of 10 %, so 0.33 is asked for
    assert said(*world("exposure", (0.3,), 70.0, sizing_margin=0.1), (1.0,), False) == pytest.approx([0.33])
    assert said(*world("weights", (0.25, 0.5), 25.0), (0.0, 1.0), False) == pytest.approx([-0.5, 0.0, -0.5])
    assert said(*world("positions", (0.9,), 10.0), (0.0,), False) == 1
    assert said(*world("levels", (0.6,), 40.0, levels=(0.0, 0.5, 1.0)), (0.0,), False) == 1
    assert said(*world("rebalance", (0.25, 0.5), 25.0), (0.0, 1.0), False) == [0.25, 0.5, -1.0]


def test_what_a_scheme_cannot_say_is_refused():
    with pytest.raises(ConfigError, match=r"wants the weights 0\.9, 0, env\.action weights can only say 0\.5, 0; change its"):
        said(*world("weights", (0.0, 0.0), 100.0, max_weight=0.5), (0.9, 0.0), True)
    with pytest.raises(ConfigError, match=r"wants the weights 0\.7, env\.action levels can only say 0\.5"):
        said(*world("levels", (0.0,), 100.0, levels=(0.0, 0.5, 1.0)), (0.7,), True)
    with pytest.raises(ConfigError, match=r"env\.action six_actions has no word; use one of weights, target_weights"):
        world("six_actions", (0.0,), 100.0)


def test_decisions_agree_where_weights_are_near_and_switches_equal():
    translation, desk = world("target_weights", (0.0, 0.0), 100.0)
    mine, theirs = np.array([[0.5, 0.2], [0.5, 0.2]]), np.array([[0.54, 0.16], [0.5, 0.26]])
    assert translation.agree(mine, theirs, desk).tolist() == [True, False]
    translation, desk = world("rebalance", (0.0, 0.0), 100.0)
    mine = np.array([[0.5, 0.2, 0.1], [0.5, 0.2, -0.1], [0.5, 0.2, 0.1]])
    theirs = np.array([[0.5, 0.2, 1.0], [0.9, 0.9, -1.0], [0.5, 0.2, -1.0]])
    assert translation.agree(mine, theirs, desk).tolist() == [True, True, False]


def test_the_rule_forgets_where_an_episode_begins_anew(cloning):
    job = cloning("buy_and_hold", {"episode_bars": 6, "action": "rebalance"})
    env = prepare(job).train.make(3, autoreset_mode="same_step", info=())
    lesson = Play(MeteredVectorEnv(env), expert_of(job, env), 1).lesson(13)
    # it buys at the first bar of each episode of 6 and holds in the others
    assert (lesson.actions[..., -1] > 0.0).tolist() == lesson.began.tolist() == [[step % 6 == 0] * 3 for step in range(13)]


def test_an_action_that_the_mask_forbids_is_not_taught(cloning):
    env = ONE | {"action": "positions", "private": ["account", "action_mask"], "cash": 0.01}  # not enough for a lot
    with learner_of(prepare(cloning(CROSS, env, {"iterations": 2}))) as learner:
        figures = learner.iterate()
        policy = learner.policy()
        seen = learner._held_out.seen[:, 0]
    assert figures["validation/agreement"] == 1.0  # flat is all that is taught
    assert np.isfinite(figures["learn/clone_loss"])
    assert policy.answer(seen).argmax(axis=1).tolist() == [0] * len(seen)


@pytest.mark.parametrize("body", [None, {"kind": "lstm", "units": 8}])
def test_what_was_saved_goes_on_to_the_bit(cloning, tmp_path, body):
    stages = [{"start": 0.5, "env": {"episode_bars": 11}}]
    training = {"iterations": 4, "rollout_bars": 16, "stages": stages}
    prepared = prepare(cloning(CROSS, ONE | {"action": "exposure"}, training, body=body))
    with learner_of(prepared) as learner:
        for number in range(3):
            learner.iterate()
            if number == 0:
                learner.save(tmp_path)
        expected = learner.policy().network.state_dict()
    with learner_of(prepared) as learner:
        learner.load(tmp_path)
        learner.iterate()
        figures = learner.iterate()
        again = learner.policy().network.state_dict()
    assert (learner.iteration, figures["train/episode_bars"]) == (3, 11.0)
    assert all(torch.equal(value, again[name]) for name, value in expected.items())


def test_the_best_clone_is_the_one_that_agrees_most(cloning, job_of, tmp_path):
    job = cloning(CROSS, ONE | {"action": "positions"}, {"iterations": 3, "validate_every": 1})
    result = train(job, tmp_path / "run")
    told = [one.figures["validation/agreement"] for one in result.iterations]
    assert load_bundle(result.bundle).context["iterations"] == 1 + told.index(max(told))
    with pytest.raises(ConfigError, match=r"training\.judge: validation/agreement is of agent\.algorithm BC, was PPO"):
        train(job_of("PPO", training={"judge": "validation/agreement"}), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_expert_beside_another_algorithm_is_refused(cloning):
    with pytest.raises(ConfigError, match=r"agent\.expert is read by agent\.algorithm BC alone, was set with PPO"):
        learner_of(prepare(cloning("equal_weight", algorithm="PPO")))


@pytest.mark.parametrize(
    ("expert", "agent", "training", "error", "message"),
    [
        (None, {}, {}, ConfigError, r"agent\.algorithm BC needs agent\.expert, the rule to learn from"),
        ({"column": "x"}, {}, {}, ConfigError, r"agent\.expert needs a kind"),
        ("ma_cros", {}, {}, UnknownNameError, r"did you mean ma_cross"),
        ({"kind": "equal_weight", "every": 3}, {}, {}, ConfigError, r"unknown setting every"),
        ("ma_cross", {}, {}, UnknownNameError, r"S0\.ma_cross_20_50"),
        ("equal_weight", {"backend": "sb3"}, {}, ConfigError, r"agent\.backend was sb3, which behaviour cloning does not follow"),
        ("equal_weight", {"forecast": {}}, {}, ConfigError, r"agent\.forecast was set"),
        ("equal_weight", {}, {"runners": 1}, ConfigError, r"training\.runners was 1"),
        ("equal_weight", {}, {"minibatch": 2_000}, ConfigError, r"training\.minibatch must not exceed .* = 1024"),
    ],
)
def test_jobs_that_cannot_be_cloned_are_refused_by_name(cloning, expert, agent, training, error, message):
    with pytest.raises(error, match=message):
        learner_of(prepare(cloning(expert, None, training, **agent)))
