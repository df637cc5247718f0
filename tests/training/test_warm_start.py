"""Training that begins from the weights of a bundle."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation
from quantgym.agents.rules.rule import build_rule
from quantgym.market.errors import ConfigError, IntegrityError
from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare
from quantgym.training.warm_start import warm_start

CLONE = {"algorithm": "BC", "backend": "fast", "expert": "equal_weight"}
SB3 = {"backend": "sb3"}


@pytest.fixture(scope="module")
def cloned(job_of, tmp_path_factory):
    """Return a bundle of a network that was cloned from equal weights, and its policy."""
    torch.set_num_threads(1)
    prepared = prepare(job_of("PPO", agent=CLONE))
    with learner_of(prepared) as learner:
        learner.iterate()
        policy = learner.policy()
    folder = tmp_path_factory.mktemp("bundles") / "cloned"
    save(folder, policy, prepared)
    return folder, policy


def save(folder, policy, prepared):
    seen = sample_observation(prepared.layout, 64).flat()
    save_bundle(folder, policy, prepared.layout, prepared.pipeline, seen, prepared.context)


def test_a_cloned_policy_starts_ppo(job_of, cloned):
    folder, policy = cloned
    prepared = prepare(job_of("PPO", agent=SB3, training={"start_from": str(folder)}))
    seen = sample_observation(prepared.layout, 64, seed=4)
    state = policy.initial_state(64)
    with learner_of(prepared) as learner:
        started = learner.policy()
        assert np.array_equal(started.act(seen, state)[0].values, policy.act(seen, state)[0].values)
        learner.iterate()
        assert not np.array_equal(learner.policy().act(seen, state)[0].values, policy.act(seen, state)[0].values)


def test_without_a_bundle_nothing_is_loaded(job_of):
    prepared = prepare(job_of("PPO"))
    network = build_network(prepared.network, 1)
    assert not warm_start(network, prepared)
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), build_network(prepared.network, 1).parameters(),
                                                             strict=True))  # fmt: skip


def test_encoders_that_were_fitted_on_other_rows_read_the_same_columns(job_of, cloned):
    folder, policy = cloned
    data = job_of("PPO").data.model_dump(mode="json") | {"train": ["2000-01-01", "2000-07-31"]}
    prepared = prepare(job_of("PPO", data=data, training={"start_from": str(folder)}))
    assert prepared.layout.market_asset[0].scale != policy.layout.market_asset[0].scale
    network = build_network(prepared.network, 1)
    assert warm_start(network, prepared)
    assert all(torch.equal(value, policy.network.state_dict()[name]) for name, value in network.state_dict().items())


def test_what_differs_besides_names_is_told(job_of, cloned):
    prepared = prepare(job_of("PPO", training={"start_from": str(cloned[0])}))
    first, *others = prepared.layout.private
    other = replace(prepared, layout=replace(prepared.layout, private=(replace(first, unit="bars"), *others)))
    with pytest.raises(ConfigError, match=r"reads other columns than this job observes \(private .*unit='bars'"):
        warm_start(build_network(prepared.network, 0), other)


def test_a_body_that_was_learned_stays_as_it_was_where_it_is_frozen(job_of, tmp_path):
    body = {"kind": "gnn", "width": 8}
    first = prepare(job_of("PPO", agent={"backend": "fast", "body": body}))
    learned = NetworkPolicy(build_network(first.network, 9), first.network, first.layout, first.scheme)
    save(tmp_path / "b", learned, first)
    frozen, start = {"backend": "fast", "body": {**body, "frozen": True}}, {"start_from": str(tmp_path / "b")}
    second = prepare(job_of("PPO", agent=frozen, training=start))
    network = build_network(second.network, 1)
    assert warm_start(network, second)
    for name, weight in network.named_parameters():
        assert torch.equal(weight, learned.network.state_dict()[name])
        assert weight.requires_grad == (not name.startswith("trunk."))
    with pytest.raises(ConfigError, match=r"agent.body.frozen needs training.start_from"):
        prepare(job_of("PPO", agent=frozen))


@pytest.mark.parametrize("taught", [True, False])
def test_a_head_of_forecasts_that_only_one_has_is_left_out_or_new(job_of, tmp_path, taught):
    agents = [{"backend": "fast", "forecast": {"weight": 0.1}}, {"backend": "fast"}]
    first, second = agents if taught else agents[::-1]
    one = prepare(job_of("PPO", agent=first))
    policy = NetworkPolicy(build_network(one.network, 9), one.network, one.layout, one.scheme)
    save(tmp_path / "b", policy, one)
    other = prepare(job_of("PPO", agent=second, training={"start_from": str(tmp_path / "b")}))
    network, new = build_network(other.network, 1), build_network(other.network, 1).state_dict()
    assert warm_start(network, other)
    for name, value in network.state_dict().items():
        assert torch.equal(value, (new if name.startswith("forecaster") else policy.network.state_dict())[name])
    assert (network.forecaster is None) == taught


def test_target_networks_start_where_their_network_does(job_of, tmp_path):
    small = {"batch": 16, "update_every": 16, "learning_starts": 32}
    for algorithm, agent in (("DQN", SB3), ("PPO", SB3 | {"algorithm": "SAC"})):
        prepared = prepare(job_of(algorithm, agent=agent, training=small))
        folder = tmp_path / str(agent.get("algorithm", algorithm))
        with learner_of(prepared) as learner:
            learner.iterate()
            save(folder, learner.policy(), prepared)
        again = prepare(job_of(algorithm, agent=agent, training=small | {"start_from": str(folder)}))
        with learner_of(again) as learner:
            policy = learner._algorithm.policy
            pair = (policy.q_net_target.net, policy.q_net) if algorithm == "DQN" else (policy.critic_target, policy.critic)
            assert all(torch.equal(one, other) for one, other in zip(*(net.state_dict().values() for net in pair), strict=True))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"agent": {"hidden": [8]}}, r"has agent with hidden \[16\], this job has \[8\]; they must be the same"),
        ({"agent": {"algorithm": "SAC", "backend": "sb3"}}, r"has agent with kind actor_critic, this job has soft_actor_critic"),
        ({"encoders": [{"kind": "price", "lags": [1, 7]}]}, r"reads other columns .* \(S0\..*5 where this job has S0\..*7"),
        ({"env": {"action": {"kind": "weights", "leverage": 2.0}}}, r"has env\.action with leverage 1\.0, this job has 2\.0"),
    ],
)  # fmt: skip
def test_a_bundle_that_does_not_fit_is_refused(job_of, cloned, changes, message):
    prepared = prepare(job_of("PPO", **changes, training={"start_from": str(cloned[0])}))
    with pytest.raises(ConfigError, match=message):
        warm_start(build_network(prepared.network, 0), prepared)


def test_a_rule_and_a_missing_bundle_are_refused(job_of, tmp_path):
    prepared = prepare(job_of("PPO", training={"start_from": str(tmp_path / "rule")}))
    network = build_network(prepared.network, 0)
    with pytest.raises(IntegrityError):
        warm_start(network, prepared)
    rule = build_rule("equal_weight", {}, prepared.layout)
    save(tmp_path / "rule", rule, prepared)
    with pytest.raises(ConfigError, match=r"holds the rule equal_weight, which has no weights; learn it with agent\.algorithm: BC"):
        warm_start(network, prepared)


def test_stock_rllib_is_refused(job_of):
    with pytest.raises(ConfigError, match=r"training\.start_from is not for agent\.backend stock"):
        learner_of(prepare(job_of("PPO", agent={"backend": "stock"}, training={"start_from": "somewhere"})))
