"""Where the registry stands."""

import pytest

from quantgym.market.errors import ConfigError
from quantgym.training.registry.location import registry_path
from quantgym.training.registry.registry import Registry


def test_what_is_given_goes_before_the_environment_and_that_before_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUANTGYM_REGISTRY", raising=False)
    assert registry_path() == tmp_path / "runs/registry.db"
    monkeypatch.setenv("QUANTGYM_REGISTRY", "/a/b.db")
    assert str(registry_path()) == "/a/b.db"
    assert registry_path("c.db") == tmp_path / "c.db"
    assert str(registry_path("sqlite:////a/c.db")) == "/a/c.db"
    monkeypatch.setenv("QUANTGYM_REGISTRY", "")
    assert registry_path() == tmp_path / "runs/registry.db"


def test_off_is_off(monkeypatch):
    monkeypatch.setenv("QUANTGYM_REGISTRY", "off")
    assert registry_path() is None
    with pytest.raises(ConfigError, match="the registry is switched off"):
        Registry()


@pytest.mark.parametrize("text", ["http://tracking:5000", "databricks://x", "postgresql://u@h/db", "sqlite:///"])
def test_a_server_is_refused(text):
    with pytest.raises(ConfigError, match="--registry must be the path of a SQLite file"):
        registry_path(text)
