import json

import numpy as np
import pytest

from quantgym.encoders.pipeline import Pipeline
from quantgym.encoders.store import FeatureStore
from quantgym.market.errors import DataError, IntegrityError


@pytest.fixture(scope="module")
def pipeline(us_tech):
    return Pipeline.build([{"kind": "price"}]).fit(us_tech.slice(0, 200))


def test_a_tape_is_encoded_once(pipeline, us_tech, tmp_path, monkeypatch):
    store = FeatureStore(tmp_path / "features")
    first = store.table(pipeline, us_tech)
    assert np.array_equal(first.values, pipeline.transform(us_tech).values)
    monkeypatch.setattr(Pipeline, "transform", lambda *_: pytest.fail("encoded again"))
    second = store.table(pipeline, us_tech)
    assert np.array_equal(second.values, first.values)
    assert second.layout == first.layout
    assert len(list((tmp_path / "features").iterdir())) == 1


def test_another_tape_and_another_fit_have_tables_of_their_own(pipeline, us_tech, tmp_path):
    store = FeatureStore(tmp_path)
    other = Pipeline.build([{"kind": "price"}]).fit(us_tech.slice(0, 201))
    keys = {store.key(pipeline, us_tech), store.key(pipeline, us_tech.slice(0, 250)), store.key(other, us_tech)}
    assert len(keys) == 3


def test_what_was_known_then_is_what_the_tape_cut_there_gives(pipeline, us_tech, tmp_path):
    known = FeatureStore(tmp_path).as_of(pipeline, us_tech, int(us_tech.close_at[250]))
    assert np.array_equal(known.values, pipeline.transform(us_tech.slice(0, 251)).values)
    just_before = FeatureStore(tmp_path).as_of(pipeline, us_tech, int(us_tech.close_at[250]) - 1)
    assert just_before.n_rows == 250
    with pytest.raises(DataError, match="no row is closed"):
        FeatureStore(tmp_path).as_of(pipeline, us_tech, "1999-01-01")


def test_a_damaged_table_is_refused(pipeline, us_tech, tmp_path):
    store = FeatureStore(tmp_path)
    store.table(pipeline, us_tech)
    place = tmp_path / store.key(pipeline, us_tech)
    layout = json.loads((place / "layout.json").read_text())
    (place / "layout.json").write_text(json.dumps({**layout, "warmup": 0}))
    with pytest.raises(IntegrityError, match="does not fit its pipeline and tape; delete the folder"):
        store.table(pipeline, us_tech)
    (place / "values.npy").write_bytes(b"nothing")
    (place / "layout.json").write_text(json.dumps(layout))
    with pytest.raises(IntegrityError, match="cannot be read"):
        store.table(pipeline, us_tech)
