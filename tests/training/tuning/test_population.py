"""Populations: taken over to the bit, the same each time, killed anywhere, with members whose loss is no number."""

import json
from types import SimpleNamespace

import pytest

from quantgym.market.errors import QuantgymError
from quantgym.training.learner import NotFiniteError
from quantgym.training.preparation import prepare
from quantgym.training.tuning import stint
from quantgym.training.tuning.population import Population
from quantgym.training.tuning.search_folder import SearchFolder
from quantgym.training.tuning.tune import resume, tune
from tests.training.fake_learner import FakeLearner

LR = {"kind": "loguniform", "low": 1e-4, "high": 1e-2}
SPACE = {"training.lr": LR, "training.epochs": {"kind": "integer", "low": 1, "high": 8}}
GROWING = ("speed/", "seconds")


class FakeHeir(FakeLearner):
    """Learns without a library, with a checkpoint that another job may take over; some learning rates lead nowhere."""

    too_high = 1.0

    def iterate(self):
        if self.prepared.job.training.lr > self.too_high:
            raise NotFiniteError(f"the loss became nan in iteration {self.iteration + 1}")
        return super().iterate()

    def take_over(self, folder, job):
        self.load(folder)


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(stint, "learner_of", FakeHeir)
    return FakeHeir


@pytest.fixture(scope="module")
def population_of(search_of):
    def make(**changes):
        scheduler = {"kind": "pbt", "every": 2, "quantile": 0.34} | changes.pop("scheduler", {})
        more = {"training.iterations": 5} | changes.pop("set", {})
        return search_of(**({"trials": 3, "space": SPACE, "scheduler": scheduler, "set": more} | changes))

    return make


def ends(folder):
    """What the record says of every member at its end, but for the clock."""
    lines = map(json.loads, (folder / "trials.jsonl").read_text().splitlines())
    return {line["number"]: {name: value for name, value in line.items() if name not in ("at_ns", "seconds")}
            for line in lines if line["event"] == "ended"}  # fmt: skip


def curves(folder):
    """Metrics of every member, but for the clock."""
    def told(path):
        return [{name: value for name, value in json.loads(line).items() if not name.startswith(GROWING)}
                for line in path.read_text().splitlines()]  # fmt: skip

    return {path.parent.name: told(path) for path in sorted(folder.glob("trials/*/metrics.jsonl"))}


def learned(search, folder, **more):
    """Let a population learn without plot and registry; return its folder."""
    place = SearchFolder(folder)
    if not folder.exists():
        place.create(search)
    Population(search, place, prepare(search.base), **more).learn()
    return folder


class Killed(BaseException):
    pass


def test_killed_again_and_again_while_it_writes_it_equals_one_that_was_left_alone(fake, population_of, tmp_path, monkeypatch):
    from quantgym.training.checkpoint import Checkpoint
    from quantgym.training.run_folder import RunFolder
    from quantgym.training.tuning.trial_record import Trials

    search = population_of()
    whole = learned(search, tmp_path / "whole")
    assert any(end["lineage"] for end in ends(whole).values())
    calls = SimpleNamespace(left=0)

    def mortal(owner, name):
        alive = getattr(owner, name)

        def call(*arguments, **named):
            calls.left -= 1
            if calls.left == 0:
                raise Killed
            return alive(*arguments, **named)

        return call

    for owner, name in ((Trials, "_append"), (RunFolder, "log"), (RunFolder, "change_job"), (RunFolder, "finish")):
        monkeypatch.setattr(owner, name, mortal(owner, name))
    monkeypatch.setattr(Checkpoint, "write", mortal(Checkpoint, "write"))
    left, kills = 3, 0
    folder = tmp_path / "killed"
    while not folder.exists() or len(ends(folder)) < 3:
        calls.left = left = left + 7  # every time a little further: 10, 17, 24, ... writes
        before = (folder / "trials.jsonl").read_bytes() if (folder / "trials.jsonl").exists() else b""
        try:
            learned(search, folder)
        except Killed:
            kills += 1
        assert (folder / "trials.jsonl").read_bytes().startswith(before)
    assert kills >= 3
    assert ends(folder) == ends(whole)
    assert curves(folder) == curves(whole)
    judged = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines() if '"judged"' in line]
    assert len({(one["generation"], one["number"]) for one in judged}) == len(judged) == 9  # what had ended was not repeated
    assert not (folder / "generations").exists()


def test_the_same_search_twice_is_the_same(fake, population_of, tmp_path):
    search = population_of(set={"training.iterations": 3})
    first, again = learned(search, tmp_path / "a"), learned(search, tmp_path / "b")
    assert any(end["lineage"] for end in ends(first).values())
    assert (ends(first), curves(first)) == (ends(again), curves(again))


def test_who_takes_over_goes_on_from_the_checkpoint_of_the_other_one(fake, population_of, tmp_path, monkeypatch):
    taken = []

    def take_over(self, folder, job):
        FakeLearner.load(self, folder)
        taken.append((folder, job.training.lr, self.prepared.job.training, self.iteration))

    monkeypatch.setattr(FakeHeir, "take_over", take_over)
    folder = learned(population_of(), tmp_path / "a")
    told = [(number, one) for number, end in ends(folder).items() for one in end["lineage"]]
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    current = {(one["generation"], one["number"]): one["current"] for one in lines if one["event"] == "judged"}
    assert len(told) == len(taken) == 2  # ceil(0.34 x 3) = 2, at most 1 of 3; after generations 1 and 2
    told.sort(key=lambda entry: entry[1]["iteration"])
    for (_, one), (place, lr, training, iteration) in zip(told, taken, strict=True):
        generation = one["iteration"] // 2
        assert place.parent == (folder / "generations" / f"{generation:04d}" / f"{one['source']:04d}").resolve()
        assert lr == current[generation, one["source"]]["training.lr"]
        assert (training.lr, training.epochs, iteration) == (*one["settings"].values(), one["iteration"])
        ratio = one["settings"]["training.lr"] / lr
        assert ratio == pytest.approx(1.2) or ratio == pytest.approx(1.0 / 1.2)


def test_a_member_whose_loss_is_no_number_goes_on_from_a_better_one(fake, population_of, tmp_path, monkeypatch):
    search = population_of(space={"training.lr": {"kind": "loguniform", "low": 1e-4, "high": 1.0}}, trials=4, seed=0)
    monkeypatch.setattr(FakeHeir, "too_high", 0.05)
    folder = learned(search, tmp_path / "a")
    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    failed = [one for one in lines if one["event"] == "judged" and one["generation"] == 1 and one["error"]]
    assert failed
    for one in failed:
        end = ends(folder)[one["number"]]
        assert end["lineage"][0]["why"].startswith("NotFiniteError: the loss became nan in iteration 1")
        assert (end["lineage"][0]["iteration"], end["status"], end["iterations"]) == (2, "done", 5)
        assert end["value"] is not None


def test_where_all_members_failed_the_search_ends_and_says_why(fake, ray, population_of, tmp_path, monkeypatch):
    monkeypatch.setattr(FakeHeir, "too_high", 0.0)
    with pytest.raises(QuantgymError, match="every one of the 3 trials failed; the first: NotFiniteError: the loss became nan"):
        tune(population_of(), tmp_path / "a")
    with pytest.raises(QuantgymError, match="every one of the 3 trials failed"):
        resume(tmp_path / "a")
