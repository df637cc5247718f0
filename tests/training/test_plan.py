"""What a plan refuses is all that training would refuse before it learns: nothing is made, no Ray is up."""

import sys

import pytest

from quantgym.configs.load import load_job
from quantgym.market.errors import ConfigError, IntegrityError, QuantgymError
from quantgym.training import memory_need
from quantgym.training.job import plan, train
from quantgym.training.memory_need import check_memory
from quantgym.training.preparation import prepare


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A bundle of a network of 8 hidden units."""
    folder = tmp_path_factory.mktemp("taught") / "run"
    small = ["training.iterations=1", "training.num_envs=4", "training.rollout_bars=8", "training.minibatch=32"]
    train(load_job("leak_ppo", [*small, "agent.hidden=[8]", "agent.backend=sb3"]), folder)
    return folder / "bundle"


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (["training.observation=reference"], ConfigError, "reference needs a tape, quantgym/Leak-v0 draws its own paths; take"),
        (["agent.forecast={}"], ConfigError, "agent.forecast needs a tape"),
        (["training.device=cuda"], ConfigError, "training.device cuda needs a GPU that torch can see; take auto or cpu"),
        (["training.start_from=nowhere"], QuantgymError, "nowhere"),
        (["agent.body=gnn"], ConfigError, "agent.body: gnn passes messages between assets, the environment has 1"),
        (["agent.body=lstm", "training.minibatch=7"], ConfigError, "minibatch must hold a sequence of 64 steps, .* was 7"),
        (["agent.body=lstm", "training.minibatch=7", "training.sequence_bars=8"], ConfigError, "hold a sequence of 8 steps"),
        (["agent.algorithm=DQN", "agent.backend=fast", "training.learning_starts=65536"], ConfigError,
         "less than the steps of the job, .* = 16 x 64 x 64 = 65536, was 65536; nothing would be learned"),
        (["agent.algorithm=BC", "agent.expert=ma_cross"], ConfigError, "'S0.ma_cross_20_50'; known: S0.next_return .* to encoders"),
        (["env.id=Leek"], ConfigError, "unknown environment 'Leek'"),
        (["env.id=Leak"], ConfigError, r"unknown environment 'Leak'; did you mean quantgym/Leak-v0\? \(env\.id\)"),
    ],
)  # fmt: skip
def test_a_plan_refuses_what_training_would(settings, error, says):
    if "training.device=cuda" in settings and sys.modules["torch"].cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(error, match=says):
        plan(load_job("leak_ppo", settings))


def test_a_plan_compares_the_network_with_that_of_the_bundle_it_begins_from(taught):
    same = ["agent.hidden=[8]", f"training.start_from={taught}"]
    assert plan(load_job("leak_ppo", same))["algorithm"] == "PPO"
    with pytest.raises(ConfigError, match=r"training\.start_from: .* has agent with hidden \[8\], this job has \[16\]"):
        plan(load_job("leak_ppo", [*same, "agent.hidden=[16]"]))
    (taught / "manifest.json").rename(taught / "manifest.gone")
    with pytest.raises((IntegrityError, QuantgymError), match=str(taught)):
        plan(load_job("leak_ppo", same))
    (taught / "manifest.gone").rename(taught / "manifest.json")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("training.runners=2", "samples in the process that learns"),
        ("training.observation=reference", "keeps flat observations"),
        ("training.compile=true", "compiles no loss"),
        ("training.precision=bfloat16", "learns in float32"),
        ("training.kl_target=0.1", "has no penalty on the divergence"),
        ("training.schedules={lr: [[0.0, 1.0e-3]]}", "keeps the first value"),
        ("training.stages=[{start: 0.5, env: {episode_bars: 16}}]", "learns on one world"),
    ],
)
def test_stock_rllib_is_not_given_what_it_would_not_follow(setting, says):
    name = setting.partition("=")[0]
    with pytest.raises(ConfigError, match=rf"^{name}.* was .*: stock RLlib {says}.*; leave it out, or .* agent\.backend: fast"):
        plan(load_job("leak_ppo", ["agent.backend=stock", setting]))


@pytest.mark.parametrize("algorithm", ["DQN", "SAC"])
def test_stock_rllib_is_not_given_returns_longer_than_what_it_samples_at_once(job_of, algorithm):
    # 16 steps of 4 environments between two updates are 4 of each
    sizes = {"update_every": 16, "n_step": 5}
    with pytest.raises(ConfigError, match=r"update_every must be at least n_step x num_envs = 5 x 4 = 20 with stock .*, was 16"):
        plan(job_of(algorithm, agent={"backend": "stock"}, training=sizes))
    assert plan(job_of(algorithm, agent={"backend": "stock"}, training=sizes | {"n_step": 4}))["backend"] == "stock"
    assert plan(job_of(algorithm, training=sizes))["backend"] == "fast"


@pytest.mark.parametrize("backend", ["fast", "stock", "sb3"])
def test_no_backend_begins_with_a_replay_that_does_not_fit(job_of, backend, tmp_path):
    job = job_of("DQN", agent={"backend": backend}, training={"replay_capacity": 10**13})
    with pytest.raises(ConfigError, match=r"no memory for the replay: .* set training\.replay_capacity to [\d,]+ or less") as told:
        train(job, tmp_path / "run")
    assert ("reference" in str(told.value)) == (backend == "fast")  # the other two do not follow it
    assert not (tmp_path / "run").exists()


def test_a_rollout_that_does_not_fit_is_refused_with_what_does(job_of, monkeypatch):
    # 4 environments x 16 steps = 64 observations; with D numbers of 4 bytes 256 D bytes; half of that holds 32
    prepared = prepare(job_of("PPO"))
    need = 64 * prepared.layout.size * 4
    check_memory(prepared, need)
    with pytest.raises(ConfigError, match=r"num_envs x rollout_bars = 4 x 16 = 64 observations of .* that there are 32 or fewer"):
        check_memory(prepared, need // 2)
    monkeypatch.setattr(memory_need, "available_bytes", lambda: need - 1)
    with pytest.raises(ConfigError, match="no memory for an iteration"):
        plan(job_of("PPO"))
