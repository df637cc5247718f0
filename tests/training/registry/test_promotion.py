"""Promotions: a sound bundle, one holder, a history."""

import json
import shutil
import subprocess
import sys

import pytest

from quantgym.market.errors import ConfigError, DataError, IntegrityError, UnknownNameError
from quantgym.training.registry.enter import import_run
from quantgym.training.registry.load_stage import load_stage
from quantgym.training.registry.promotion import promote
from quantgym.training.registry.registry import Registry
from quantgym.training.registry.store import client_of

BLOCKED = """
import sys
for name in ("ray", "mlflow", "sqlalchemy"):
    sys.modules[name] = None
from quantgym.training.registry.load_stage import load_stage
print(load_stage("small", "live").digest)
"""


def stages():
    return {one.folder.name: one.stage for one in Registry().entries()}


def test_the_next_one_to_go_live_archives_the_one_before_and_the_history_says_when_and_why(registry, run_of, bundles):
    ids = [import_run(run_of(name, seed=seed, bundle=seed)) for seed, name in enumerate("ab")]
    promote("a", "paper", "looks  good", clock=lambda: 11)
    promote("a", "live", "two weeks on paper", clock=lambda: 12)
    promote("b", "live", "beats a", clock=lambda: 13)
    assert stages() == {"a": "archived", "b": "live"}
    history = Registry().promotions("small")
    told = [(one.number, one.run, one.before, one.stage, one.at_ns, one.reason, one.bundle) for one in history]
    assert told == [
        (1, ids[0], "none", "paper", 11, "looks good", bundles[0][1]),
        (2, ids[0], "paper", "live", 12, "two weeks on paper", bundles[0][1]),
        (3, ids[1], "none", "live", 13, "beats a", bundles[1][1]),
    ]
    assert [one.number for one in Registry().find("a").promotions] == [1, 2]


def test_stages_are_held_by_name(registry, run_of):
    for seed, name in enumerate("xy"):
        import_run(run_of(name, seed=seed, job=f"job_{name}"))
        promote(name, "live", "why")
    assert stages() == {"x": "live", "y": "live"}


def test_mlflow_knows_models_versions_and_aliases(registry, run_of, bundles):
    ids = [import_run(run_of(name, seed=seed, bundle=seed)) for seed, name in enumerate("ab")]
    for run, stage in (("a", "paper"), ("a", "live"), ("b", "live"), ("b", "archived")):
        promote(run, stage, "why")
        model = client_of(registry).get_registered_model("small")
        if (run, stage) == ("a", "live"):
            assert {alias: int(version) for alias, version in model.aliases.items()} == {"live": 1}
        if (run, stage) == ("b", "live"):
            assert {alias: int(version) for alias, version in model.aliases.items()} == {"live": 2}
            version = client_of(registry).get_model_version_by_alias("small", "live")
            assert (version.run_id, version.tags["quantgym.bundle"]) == (ids[1], bundles[1][1])
    assert model.aliases == {}


def test_who_holds_a_stage_is_loaded_and_a_bundle_changed_since_is_refused(registry, run_of, bundles):
    folder = run_of("a")
    import_run(folder)
    promote("a", "live", "why")
    assert load_stage("small").digest == bundles[0][1]
    shutil.rmtree(folder / "bundle")
    with pytest.raises(DataError, match=r"the bundle in stage live of small is missing"):
        load_stage("small")
    shutil.copytree(bundles[1][0], folder / "bundle")
    with pytest.raises(IntegrityError, match="is not the bundle that was promoted to live"):
        load_stage("small")


def test_a_stage_is_loaded_without_ray_and_without_mlflow(registry, run_of, bundles):
    import_run(run_of("a"))
    promote("a", "live", "why")
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (bundles[0][1], "")


def test_a_stage_that_nobody_holds_or_several_do_is_refused(registry, run_of):
    for seed, name in enumerate("ab"):
        import_run(run_of(name, seed=seed))
    with pytest.raises(DataError, match="no run of small is in stage live"):
        load_stage("small")
    for name in "ab":
        promote(name, "candidate", "why")
    with pytest.raises(ConfigError, match="2 runs of small are in stage candidate"):
        load_stage("small", "candidate")
    with pytest.raises(UnknownNameError, match=r"unknown name 'smal'; did you mean small\?"):
        load_stage("smal")
    with pytest.raises(UnknownNameError, match="did you mean live"):
        load_stage("small", "liv")


def test_a_bundle_that_was_tampered_with_or_replaced_is_not_promoted(registry, run_of, bundles):
    folder = run_of("a")
    import_run(folder)
    shutil.rmtree(folder / "bundle")
    shutil.copytree(bundles[1][0], folder / "bundle")
    with pytest.raises(IntegrityError, match=r"is not the bundle that was entered .* quantgym runs import"):
        promote("a", "live", "why")
    with (folder / "bundle/vectors.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(IntegrityError, match="sha256 differs"):
        promote("a", "candidate", "why")
    assert stages() == {"a": "none"}
    promote("a", "archived", "broken")  # what is archived need not load
    assert stages() == {"a": "archived"}


@pytest.mark.parametrize(("status", "bundle"), [("failed", 0), ("running", 0), ("done", None)])
def test_a_run_without_a_finished_bundle_is_not_promoted(registry, run_of, status, bundle):
    import_run(run_of("a", status=status, bundle=bundle))
    with pytest.raises(DataError, match=f"a run that is {status} has no bundle to promote"):
        promote("a", "paper", "why")


def test_a_missing_run_an_empty_reason_and_the_same_stage_again_are_refused(registry, run_of):
    folder = run_of("a")
    import_run(folder)
    with pytest.raises(ConfigError, match="needs a reason"):
        promote("a", "live", "  ")
    promote("a", "live", "why")
    with pytest.raises(ConfigError, match="is in stage live already"):
        promote("a", "live", "why")
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="the run folder is missing"):
        promote("a", "paper", "why")


def test_training_does_not_go_on_in_the_folder_of_a_deployed_run(registry, run_of):
    folder = run_of("a", status="interrupted")
    import_run(folder)
    Registry().refuse_deployed(folder)
    promote("a", "live", "why")
    with pytest.raises(ConfigError, match="is in stage live of small, and training would replace its bundle"):
        Registry().refuse_deployed(folder)


def test_an_unreadable_promotion_is_said_and_not_skipped(registry, run_of):
    import_run(run_of("a"))
    promote("a", "live", "why")
    client_of(registry).set_registered_model_tag("small", "quantgym.promotion.00000001", json.dumps({"run": "a"}))
    with pytest.raises(IntegrityError, match="unreadable promotion"):
        Registry().entries()
