"""The journal's file: its tables, its version, its lock, and what is said when it cannot be used."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO

from ..market.errors import DataError, IntegrityError, QuantgymError
from .stage import RANKS

__all__ = ["APPLICATION_ID", "JOURNAL_VERSION", "JournalLock", "clear_error", "open_database"]

APPLICATION_ID = 0x716A726E  # "qjrn"
JOURNAL_VERSION = 2
BUSY_SECONDS = 5.0

SCHEMA = f"""
CREATE TABLE stages (stage TEXT PRIMARY KEY, rank INTEGER NOT NULL) STRICT;
INSERT INTO stages VALUES {", ".join(f"('{stage}', {rank})" for stage, rank in RANKS.items())};
CREATE TABLE deployments (
    id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, settings TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'halted', 'ended')), reason TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE decisions (
    deployment TEXT NOT NULL REFERENCES deployments, sequence INTEGER NOT NULL, close_at INTEGER NOT NULL,
    observation_digest TEXT NOT NULL, action_dtype TEXT NOT NULL, action BLOB NOT NULL, output TEXT NOT NULL,
    equity REAL NOT NULL, recorded_at INTEGER NOT NULL, PRIMARY KEY (deployment, sequence)) STRICT;
CREATE TABLE orders (
    client_id TEXT PRIMARY KEY, deployment TEXT NOT NULL, sequence INTEGER NOT NULL, symbol TEXT NOT NULL,
    leg INTEGER NOT NULL, child INTEGER NOT NULL, attempt INTEGER NOT NULL, lots INTEGER NOT NULL, kind INTEGER NOT NULL,
    tif INTEGER NOT NULL, price_ticks INTEGER NOT NULL, stop_ticks INTEGER NOT NULL, reduce_only INTEGER NOT NULL,
    stage TEXT NOT NULL REFERENCES stages, filled_lots INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
    UNIQUE (deployment, sequence, symbol, leg, child, attempt),
    FOREIGN KEY (deployment, sequence) REFERENCES decisions) STRICT;
CREATE INDEX orders_by_decision ON orders (deployment, sequence);
CREATE INDEX orders_by_stage ON orders (deployment, stage);
CREATE TRIGGER orders_forward BEFORE UPDATE ON orders WHEN
    (SELECT rank FROM stages WHERE stage = NEW.stage) < (SELECT rank FROM stages WHERE stage = OLD.stage)
    OR (NEW.stage <> OLD.stage AND (SELECT rank FROM stages WHERE stage = OLD.stage) = {max(RANKS.values())})
    OR abs(NEW.filled_lots) < abs(OLD.filled_lots)
BEGIN SELECT RAISE(ABORT, 'an order only moves forward'); END;
CREATE TABLE cancels (
    client_id TEXT NOT NULL REFERENCES orders, deployment TEXT NOT NULL, sequence INTEGER NOT NULL,
    PRIMARY KEY (client_id, sequence)) STRICT;
CREATE TABLE refusals (
    deployment TEXT NOT NULL, sequence INTEGER NOT NULL, symbol TEXT NOT NULL, lots INTEGER NOT NULL, reason TEXT NOT NULL,
    FOREIGN KEY (deployment, sequence) REFERENCES decisions) STRICT;
CREATE TABLE fills (
    execution_id TEXT PRIMARY KEY, client_id TEXT REFERENCES orders, deployment TEXT NOT NULL, symbol TEXT NOT NULL,
    lots INTEGER NOT NULL, units REAL NOT NULL, price REAL NOT NULL, reference REAL NOT NULL, spread REAL NOT NULL,
    slippage REAL NOT NULL, impact REAL NOT NULL, commission REAL NOT NULL, fees REAL NOT NULL, decided_at INTEGER NOT NULL,
    filled_at INTEGER NOT NULL, order_number INTEGER NOT NULL, risk REAL NOT NULL, maker INTEGER NOT NULL,
    state INTEGER NOT NULL, kind INTEGER NOT NULL) STRICT;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL, recorded_at INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, data TEXT NOT NULL) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER fills_stay BEFORE UPDATE ON fills BEGIN SELECT RAISE(ABORT, 'fills are only added'); END;
CREATE TRIGGER fills_remain BEFORE DELETE ON fills BEGIN SELECT RAISE(ABORT, 'fills are only added'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {JOURNAL_VERSION};
"""


class JournalLock:
    """One writer: a lock of the kernel on a file beside the journal; it falls when the process dies, however it dies."""

    def __init__(self, journal: Path) -> None:
        self.path = journal.with_name(journal.name + ".lock")
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take the lock at once; IntegrityError where another process holds it, DataError where its file cannot be written."""
        try:
            file = self.path.open("a+", encoding="ascii")
        except OSError as error:
            raise DataError(f"{self.path}: the journal's lock cannot be written ({error.strerror}); mend the folder") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise IntegrityError(
                f"{self.path.with_suffix('')}: the journal is locked by process {holder}; "
                "one deployment has one writer: stop that process first"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def clear_error(path: Path, error: sqlite3.Error) -> QuantgymError:
    """Return the one error that says what is wrong with the journal and what to do."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return IntegrityError(f"{path}: the journal is locked by another program; close what has it open for writing")
    if "full" in text or "disk I/O" in text or "readonly" in text or "unable to open" in text:
        return DataError(
            f"{path}: the journal cannot be written ({text}), and nothing is sent without it; free space or mend the folder"
        )
    if isinstance(error, sqlite3.IntegrityError):
        return IntegrityError(f"{path}: the journal refused a record that breaks its rules ({text})")
    return IntegrityError(
        f"{path}: the journal is damaged ({text}); keep the file, restore a copy or start a new deployment folder"
    )


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the journal: WAL, every commit on the disk before it returns.

    Raises:
        IntegrityError: The file is no journal, damaged, locked, or written by a newer version.
        DataError: It cannot be written.
    """
    try:
        database = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    except sqlite3.Error as error:
        raise clear_error(path, error) from error
    try:
        _check_version(path, database)
        damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            raise sqlite3.DatabaseError(str(damage))
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            database.execute(f"PRAGMA {pragma}")
        if database.execute("PRAGMA user_version").fetchone()[0] == 0:
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
    except sqlite3.Error as error:
        database.close()
        raise clear_error(path, error) from error
    except QuantgymError:
        database.close()
        raise
    return database


def _check_version(path: Path, database: sqlite3.Connection) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    owner = database.execute("PRAGMA application_id").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if version == 0 and owner == 0 and tables == 0:
        return
    if owner != APPLICATION_ID:
        raise IntegrityError(f"{path}: this SQLite file is no journal of quantgym; choose another deployment folder")
    if version > JOURNAL_VERSION:
        raise IntegrityError(
            f"{path}: the journal has version {version}, this quantgym reads up to {JOURNAL_VERSION}; "
            "use the version that wrote it, or a newer one"
        )
    if version < JOURNAL_VERSION:
        raise IntegrityError(f"{path}: the journal has version {version}, not {JOURNAL_VERSION}; start a new deployment folder")
