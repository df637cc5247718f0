"""From a job's agent to its network."""

import pytest

from quantgym.agents.networks.choice import network_settings
from quantgym.configs.job import AgentSettings, ForecastSettings
from quantgym.market.errors import ConfigError, UnknownNameError


def choose(build, *, continuous=False, **agent):
    given = AgentSettings(**{"algorithm": "PPO", "backend": "fast", **agent})
    return network_settings(given, build.layout(), "orders" if not continuous else "weights", 4, continuous=continuous)


@pytest.mark.parametrize(
    ("algorithm", "continuous", "kind"),
    [
        ("PPO", False, "actor_critic"), ("PPO", True, "actor_critic"), ("BC", True, "actor_critic"),
        ("DQN", False, "q_network"), ("SAC", True, "soft_actor_critic"),
    ],
)  # fmt: skip
def test_every_algorithm_has_its_network(build, algorithm, continuous, kind):
    settings = choose(build, algorithm=algorithm, continuous=continuous, hidden=(7,), activation="tanh")
    assert (settings.kind, settings.continuous, settings.hidden, settings.activation) == (kind, continuous, (7,), "tanh")
    assert (settings.n_in, settings.n_out, settings.forecast, settings.body) == (44, 4, 0, None)


def test_a_body_is_a_name_or_a_mapping_and_the_forecast_is_of_every_asset(build):
    assert choose(build, body="gnn").body == {"kind": "gnn"}
    settings = choose(build, body={"kind": "gnn", "edges": "none"}, forecast=ForecastSettings(horizon=5))
    assert settings.body == {"kind": "gnn", "edges": "none"}
    assert settings.forecast == 3


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ({"algorithm": "DQN", "continuous": True}, "DQN needs discrete actions, env.action weights is continuous; use PPO or SAC"),
        ({"algorithm": "SAC"}, "SAC needs continuous actions, env.action orders is discrete; use PPO or DQN"),
        ({"algorithm": "DQN", "body": "lstm"}, "an LSTM over steps needs PPO or behaviour cloning"),
        ({"backend": "sb3", "body": "gnn"}, "agent.body gnn is not for agent.backend sb3, which has mlp and lstm"),
        ({"backend": "stock", "body": "lstm"}, "lstm over steps is not for agent.backend stock.*use backend fast"),
        ({"backend": "sb3", "forecast": ForecastSettings()}, "agent.forecast needs agent.backend fast"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_does(build, agent, message):
    with pytest.raises(ConfigError, match=message):
        choose(build, **agent)


def test_an_unknown_body_is_refused_with_a_suggestion(build):
    with pytest.raises(UnknownNameError, match=r"unknown body 'lsmt'; did you mean lstm\? \(agent.body\)"):
        choose(build, body="lsmt")


def test_stock_rllib_takes_every_body_without_memory(build):
    for body in ("mlp", "transformer", "gnn", {"kind": "lstm", "over": "window"}):
        assert choose(build, backend="stock", body=body).body is not None
