"""From what a job says of the agent to the settings of its network; combinations that nobody can train are refused."""

from ...configs.job import AgentSettings
from ...encoders.layout import Layout
from ...market.errors import ConfigError
from .bodies.registry import body_settings, check_body, is_recurrent
from .reading import Reading
from .settings import Kind, NetworkSettings

__all__ = ["network_settings"]

KINDS: dict[str, Kind] = {"PPO": "actor_critic", "BC": "actor_critic", "DQN": "q_network", "SAC": "soft_actor_critic"}
SB3_BODIES = ("mlp", "lstm")
DISCRETE_SCHEMES = "six_actions, positions, levels or orders, which trade one asset"
CONTINUOUS_SCHEMES = "exposure, weights, target_weights or holding"


def network_settings(
    agent: AgentSettings, layout: Layout, scheme: str, n_out: int, *, continuous: bool, dueling: bool = True
) -> NetworkSettings:
    """Return the network of a job.

    Args:
        agent: The job's agent section.
        layout: Layout of an observation.
        scheme: Name of the action scheme, for messages.
        n_out: Number of actions, or of their dimensions.
        continuous: Whether actions are real numbers.
        dueling: Whether a Q-network has separate heads for value and advantage.

    Raises:
        ConfigError: Algorithm, backend, body, actions or observation do not go together; the message says what does.
    """
    if agent.algorithm == "DQN" and continuous:
        raise ConfigError(f"agent.algorithm DQN needs discrete actions, env.action {scheme} is continuous; use PPO or SAC, or the "
                          f"action {DISCRETE_SCHEMES}")
    if agent.algorithm == "SAC" and not continuous:
        raise ConfigError(f"agent.algorithm SAC needs continuous actions, env.action {scheme} is discrete; use PPO or DQN, or the "
                          f"action {CONTINUOUS_SCHEMES}")
    body = None
    if agent.body is not None:
        body_settings(agent.body)
        body = {"kind": agent.body} if isinstance(agent.body, str) else dict(agent.body)
        _check_backend(agent, body["kind"])
        check_body(agent.body, Reading.of(layout), KINDS[agent.algorithm])
    if agent.forecast is not None and agent.backend != "fast":
        raise ConfigError(f"agent.forecast needs agent.backend fast, whose losses are ours, was {agent.backend}")
    return NetworkSettings(
        kind=KINDS[agent.algorithm],
        n_in=layout.size,
        n_out=n_out,
        continuous=continuous,
        hidden=agent.hidden,
        activation=agent.activation,
        dueling=dueling,
        body=body,
        reading=Reading.of(layout),
        forecast=0 if agent.forecast is None else layout.n_assets,
    )


def _check_backend(agent: AgentSettings, kind: str) -> None:
    if agent.backend == "sb3" and kind not in SB3_BODIES:
        raise ConfigError(f"agent.body {kind} is not for agent.backend sb3, which has {' and '.join(SB3_BODIES)}; use backend fast")
    if agent.backend == "stock" and is_recurrent(agent.body):
        raise ConfigError("agent.body lstm over steps is not for agent.backend stock, whose modules carry no memory; use backend "
                          "fast, or {kind: lstm, over: window}")
