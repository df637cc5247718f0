"""The registry written: through MLflow's client, one process at a time, imported at the first call."""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...market.errors import DataError, IntegrityError
from .registry import CURE, Registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["artifacts_of", "client_of", "writing"]

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",
}
WAIT_S, TURN_S = 60.0, 0.05
MEMORY = "sqlite:///:memory:"


@contextmanager
def writing(path: Path) -> "Iterator[MlflowClient]":
    """Yield a client of the registry at `path`, made where there is none, while no other process of ours writes to it.

    Raises:
        DataError: MLflow is not installed, or another process writes for a minute, or another program holds it.
        IntegrityError: The file is no registry, or MLflow refuses it.
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("w") as lock:
        _take(lock.fileno(), path)
        Registry(path).check()  # MLflow would make its tables in whatever database it is given
        _import_quietly()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield client_of(path)
        except (MlflowException, SQLAlchemyError) as error:
            if "database is locked" in str(error):
                raise DataError(f"{path}: another program holds the registry; try again when it has let go") from error
            raise IntegrityError(f"{path}: the registry cannot be written ({str(error).splitlines()[0]}); {CURE}") from error


def client_of(path: Path) -> "MlflowClient":
    """Return MLflow's client of the registry at `path`, which is made where there is none. No byte goes over a network."""
    _import_quietly()
    from mlflow import MlflowClient

    if not path.exists():
        _make(path)
    address = f"sqlite:///{quote(str(path))}"  # SQLAlchemy reads a query after `?`, and decodes `%20`
    return MlflowClient(tracking_uri=address, registry_uri=address)


def artifacts_of(path: Path) -> str:
    """Return where MLflow would put files of its own; we give it none, so the folder is never made."""
    return path.with_name("artifacts").as_uri()


def _import_quietly() -> None:
    os.environ.update(QUIET)  # MLflow asks at every call whether telemetry is on, so this holds where it was imported before, too
    logging.getLogger("mlflow").addHandler(logging.NullHandler())  # what fails is told once, by us
    try:
        import mlflow  # noqa: F401 - for its effect
    except ImportError:
        raise DataError("the registry needs mlflow; install it with pip install 'quantgym[registry]'") from None


def _take(lock: int, path: Path) -> None:
    for _ in range(int(WAIT_S / TURN_S)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(TURN_S)
    raise DataError(f"{path}: another process has been writing to the registry for {WAIT_S:g} s; try again when it has ended")


def _make(path: Path) -> None:
    """Make an empty registry, whole or not at all: MLflow's tables are made in memory, written beside and renamed."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    partial = path.with_name(f".{path.name}.partial")
    for left in partial.parent.glob(f"{partial.name}*"):
        left.unlink()
    make: Any = SqlAlchemyStore  # untyped in MLflow
    store = make(MEMORY, artifacts_of(path))
    try:
        connection = store.engine.raw_connection()
        with closing(sqlite3.connect(partial)) as made:
            connection.driver_connection.backup(made)
            made.execute("pragma journal_mode = wal")
        connection.close()
    finally:
        store.engine.dispose()
        SqlAlchemyStore._engine_map.pop(MEMORY, None)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(path)
