"""A file of TensorBoard's records that is written by whoever calls, so that a full disk is told to them and to nobody else."""

import os
import platform
import time
from pathlib import Path
from typing import Any

__all__ = ["RecordFile"]


class RecordFile:
    """A new event file of a folder. TensorBoard's own writer has a thread for it, whose errors go to stderr.

    Args:
        folder: Where the file goes; made where it is not there.

    Raises:
        OSError: It cannot be written; so do the methods.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event = event_pb2.Event
        folder.mkdir(parents=True, exist_ok=True)
        stem, number = f"events.out.tfevents.{int(time.time()):010d}.{platform.node()}.{os.getpid()}", 0
        while (path := folder / f"{stem}.{number}").exists():
            number += 1
        self._file = path.open("xb")
        self._records: Any = RecordWriter(self._file)
        self.add_event(self._event(file_version="brain.Event:2"))
        self.flush()

    def add_event(self, event: Any, step: int = 0) -> None:
        """Append an event, stamped with the wall clock, which is TensorBoard's alone."""
        event.wall_time, event.step = time.time(), int(step)
        self._records.write(event.SerializeToString())

    def add_summary(self, summary: Any, step: int = 0) -> None:
        """Append a summary."""
        self.add_event(self._event(summary=summary), step)

    def flush(self) -> None:
        """Hand everything to the file system."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close; the file is closed also where the disk is full."""
        self._file.close()
