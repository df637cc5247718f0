"""The folder of a search goes on only with the search that began there."""

import json
import os

import pytest

from quantgym.market.errors import ConfigError, DataError, IntegrityError
from quantgym.training.tuning.search import digest_of
from quantgym.training.tuning.search_folder import SearchFolder
from quantgym.training.tuning.trial_record import TrialRecord
from quantgym.training.tuning.tune import resume


@pytest.fixture
def folder(tmp_path, search_of):
    folder = SearchFolder(tmp_path / "search")
    folder.create(search_of())
    return folder


def test_a_search_is_read_back_whole(folder, search_of):
    again = folder.read()
    assert (again.settings, again.base, again.digest) == (search_of().settings, search_of().base, search_of().digest)


def test_a_folder_that_exists_is_refused_untouched(folder, search_of):
    before = sorted(os.listdir(folder.path))
    with pytest.raises(ConfigError, match=r"exists; choose another name, or go on .* quantgym tune --resume --run"):
        folder.create(search_of())
    assert sorted(os.listdir(folder.path)) == before


@pytest.mark.parametrize(("name", "old", "new"), [("job.yaml", "lr: 0.001", "lr: 0.002"), ("search.yaml", "seed: 1", "seed: 2")])
def test_a_search_that_was_changed_after_it_began_is_refused(name, old, new, folder):
    text = (folder.path / name).read_text()
    assert old in text
    (folder.path / name).write_text(text.replace(old, new, 1))
    with pytest.raises(IntegrityError, match=r"was changed after the search had begun"):
        folder.read()


def test_a_search_of_an_earlier_version_whose_files_lack_a_setting_goes_on(folder, search_of):
    import yaml

    base, search = (yaml.safe_load((folder.path / name).read_text()) for name in ("job.yaml", "search.yaml"))
    del base["training"]["clip"], search["mode"]
    (folder.path / "job.yaml").write_text(yaml.safe_dump(base))
    (folder.path / "search.yaml").write_text(yaml.safe_dump(search))
    folder.save({"status": "running", "digest": digest_of({"search": search, "base": base})})  # as it was written then
    assert folder.read().plain() == search_of().plain()
    assert folder.read(trials=9).settings.trials == 9
    assert folder.read().settings.trials == 9
    (folder.path / "job.yaml").write_text(yaml.safe_dump({**base, "seed": 99}))
    with pytest.raises(IntegrityError, match=r"was changed after the search had begun"):
        folder.read()


def test_more_trials_may_be_asked_for_and_not_fewer_than_have_begun(folder):
    for number in (1, 2):
        folder.trials().begin(TrialRecord(number, {"training.lr": 1e-3, "agent.hidden": [8]}), number)
    assert folder.read(trials=7).settings.trials == 7
    assert folder.read().settings.trials == 7
    with pytest.raises(ConfigError, match="--trials must not be below the 2 that have begun"):
        folder.read(trials=1)


def test_what_is_no_search_is_said_to_be_none(tmp_path, folder):
    with pytest.raises(DataError, match="no folder of a search"):
        resume(tmp_path)
    (folder.path / "search.json").write_text(json.dumps({"schema": 99}))
    with pytest.raises(IntegrityError, match="search of version 99, this program reads 1"):
        resume(folder.path)
    for text, says in (('{"sch', "unreadable"), ("[]", "must be a mapping, was list")):
        (folder.path / "search.json").write_text(text)
        with pytest.raises(IntegrityError, match=rf"search\.json: {says}"):
            resume(folder.path)


def test_another_search_is_not_put_into_the_folder(folder, search_of):
    with pytest.raises(ConfigError, match=r"holds another search than small\.yaml"):
        resume(folder.path, search=search_of(seed=9))


def test_two_processes_do_not_search_in_one_folder(folder):
    with folder.held(), pytest.raises(ConfigError, match="another process searches in"):
        resume(folder.path)
    with folder.held():
        pass


def test_the_best_is_a_link_that_moves_with_the_folder(folder, tmp_path):
    for number in (1, 2):
        folder.trial(number).mkdir(parents=True)
        (folder.trial(number) / "run.json").write_text(str(number))
        folder.mark_best(number)
    folder.path.rename(tmp_path / "moved")
    assert (tmp_path / "moved/best/run.json").read_text() == "2"
