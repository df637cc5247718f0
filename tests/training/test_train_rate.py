"""The benchmark of training asks each contender for the right answer before it times it."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SMALL = {"threads": 1, "device": "cpu", "num_envs": 8, "rollout_bars": 8, "minibatch": 32}
FACTS = {"n_in": 64, "n_out": 6, "weights": 17_000, "steps": 64, "threads": 1}
GOOD = [0.0, 0.004, 0.0078]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def contender(load):
    return load("train_contender")


@pytest.fixture
def rate(contender, load):
    return load("train_rate")


class Scripted:
    """Answers like a process, with rewards and a pace of our choice."""

    rewards: ClassVar[dict[Any, Any]] = {}
    pace: ClassVar[dict[Any, Any]] = {}
    odd: ClassVar[dict[Any, Any]] = {}
    asked: ClassVar[list[Any]] = []

    def __init__(self, name, options):
        self.name, self.facts = name, None

    def ready(self):
        self.facts = FACTS | self.odd.get(self.name, {})

    def ask(self, order):
        self.asked.append((self.name, order))
        if order == "check":
            return self.rewards.get(self.name, GOOD)
        return {"steps": self.pace.get((self.name, order.split()[0]), 1_000), "seconds": 0.5, "cpu_seconds": 1.0}

    def close(self):
        self.asked.append((self.name, "close"))


@pytest.fixture
def scripted(rate, monkeypatch):
    monkeypatch.setattr(rate, "churning", lambda threads: type("Loop", (), {"rate": lambda self, clock: 1.0})())
    monkeypatch.setattr(rate, "dqn_lines", lambda: iter([rate.line("dqn.update.stock_over_fast", 20.0, 20.0, "times", 8.0)]))
    monkeypatch.setattr(rate.shutil, "which", lambda name: None)
    return type("Answers", (Scripted,), {"rewards": {}, "pace": {}, "odd": {}, "asked": []})


def found_by(rate, start, *arguments):
    return {line["figure"]: line for line in rate.figures(rate.parsed(["--turns", "2", *arguments]), start)}


def test_ratios_are_those_of_the_paces_and_are_judged_by_the_targets(rate, scripted):
    # trained: ours 8,000 steps in half a second, stock 1,000, SB3 4,000, bare 10,000: 8, 2 and 0.8 times
    scripted.pace |= {("fast", "train"): 8_000, ("sb3", "train"): 4_000, ("bare", "train"): 10_000}
    # sampled: ours 40,000, unmetered 50,000, stock 1,000; the meter's share 16,000 / 80,000 - 16,000 / 100,000 = 0.04
    scripted.pace |= {("fast", "sample"): 40_000, ("fast", "unmetered"): 50_000}
    found = found_by(rate, scripted)
    told = {name: (line["value"], line["target"], line["met"]) for name, line in found.items()}
    assert told["ppo.fast.trained_steps_per_s"] == (16_000.0, None, True)
    assert told["ppo.fast_over_stock"] == (8.0, 4.0, True)
    assert told["ppo.fast_over_sb3"] == (2.0, 1.2, True)
    assert told["ppo.fast_over_bare"] == (0.8, 0.95, False)
    # two threads: a CPU second each in half a second
    assert (found["ppo.fast.trained_steps_per_s"]["by_cpu"], found["ppo.fast_over_sb3"]["by_cpu"]) == (8_000.0, 2.0)
    assert told["ppo.sampling.fast_over_stock"] == (40.0, 10.0, True)
    assert told["ppo.meter.share_of_training"][0] == pytest.approx(0.04)
    assert told["dqn.update.stock_over_fast"] == (20.0, 8.0, True)
    assert found["ppo.compiled.trained_steps_per_s"]["checked"] == "skipped: there is no g++"


@pytest.mark.parametrize(("rewards", "says"), [
    ([0.0, 0.001, 0.002], r"sb3 does not learn quantgym/Leak-v0: .*, earned 0.00000 and 0.00200"),
    ([0.0078, 0.0078], "earned 0.00780 and 0.00780"),  # nobody knows it before
    ([0.0, float("nan")], "earned 0.00000 and nan"),
])  # fmt: skip
def test_a_contender_that_does_not_learn_is_not_timed(rate, scripted, rewards, says):
    scripted.rewards["sb3"] = rewards
    with pytest.raises(rate.WrongAnswerError, match=says):
        found_by(rate, scripted)
    assert not [order for _, order in scripted.asked if order not in ("check", "train 0", "close")]
    assert {name for name, order in scripted.asked if order == "close"} == {"fast", "stock", "sb3", "bare"}


def test_contenders_that_train_different_networks_are_not_timed(rate, scripted):
    scripted.odd["bare"] = {"weights": 9_000}
    with pytest.raises(rate.WrongAnswerError, match=r"bare trains .*9000.*they cannot be compared"):
        found_by(rate, scripted)


def test_a_missed_target_is_exit_code_1_and_a_wrong_answer_too(rate, scripted, monkeypatch, capsys):
    monkeypatch.setattr(rate, "figures", lambda options: iter([rate.line("ppo.fast_over_sb3", 1.1, 1.1, "times", 1.2)]))
    assert rate.main(["--json"]) == 1
    assert json.loads(capsys.readouterr().out)["met"] is False
    monkeypatch.setattr(rate, "figures", lambda options: iter([rate.line("ppo.fast_over_sb3", 1.3, 1.3, "times", 1.2)]))
    assert rate.main([]) == 0

    def wrong(options):
        raise rate.WrongAnswerError("stock does not learn")
        yield

    monkeypatch.setattr(rate, "figures", wrong)
    assert rate.main([]) == 1
    assert "stock does not learn" in capsys.readouterr().err


def test_without_a_gpu_cuda_is_refused(rate, monkeypatch, capsys):
    monkeypatch.setattr(rate.torch.cuda, "is_available", lambda: False)
    assert rate.main(["--device", "cuda", "--json"]) == 2
    captured = capsys.readouterr()
    assert "needs a GPU that torch can see" in captured.err
    assert captured.out == ""


def test_a_million_steps_a_second_are_asked_of_references_on_a_gpu(rate, scripted):
    scripted.pace["reference", "train"] = 400_000  # in half a second
    line = found_by(rate, scripted, "--device", "cuda")["ppo.reference.trained_steps_per_s"]
    assert (line["value"], line["target"], line["met"]) == (800_000.0, 1e6, False)


def test_the_bare_loop_and_sb3_train_the_same_job_and_learn(contender, tmp_path):
    contender.gbm_tape(1, 5_000).save(tmp_path / "walk")
    facts = []
    for backend in ("bare", "sb3"):
        options = {"backend": backend, **SMALL}
        prepared = contender.prepare(contender.job(tmp_path, options))
        facts.append(contender.facts(prepared))
        with contender.opened(options, prepared) as one:
            clocks = {"clock": iter([0.0, 2.0]).__next__, "cpu_clock": iter([5.0, 8.0]).__next__}
            found = contender.turn(lambda: one.train()[0], 1.0, **clocks)
            assert found == {"steps": 64, "seconds": 2.0, "cpu_seconds": 3.0}
    # 64 x 64 + 64, 64 x 64 + 64 and 64 x 6 + 6 for the actor, the same with one output for the critic
    weights = 2 * (2 * (64 * 64 + 64)) + 64 * 6 + 6 + 64 + 1
    assert facts == [{"n_in": 64, "n_out": 6, "weights": weights, "steps": 64, "threads": 1}] * 2
    contender.check_rewards("bare", contender.check({"backend": "bare", **SMALL}))


def test_nobody_counts_what_happens_in_an_unmetered_rollout(contender, tmp_path, ray):
    contender.gbm_tape(1, 5_000).save(tmp_path / "walk")
    options = {"backend": "fast", **SMALL}
    with contender.opened(options, contender.prepare(contender.job(tmp_path, options))) as one:
        one.train()
        meter = one.learner._algorithm.env_runner.sampler.meter
        counted = []
        stepped = meter._onlooker.stepped
        meter._onlooker.stepped = lambda *given: (counted.append(1), stepped(*given))
        assert one.unmetered() == 64
        assert counted == []
        assert one.sample() == 64
        assert len(counted) == 8
