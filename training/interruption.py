"""Ctrl-C between two iterations instead of in the middle of one."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interruption"]


class Interruption:
    """Inside the block, the first SIGINT or SIGTERM only sets `asked`; the second SIGINT raises KeyboardInterrupt at once.

    Outside of the main thread, where signals cannot be caught, nothing changes.

    Args:
        told: Called at the first signal, to say that this iteration is finished before the end.
    """

    def __init__(self, told: Callable[[], None] | None = None) -> None:
        self.asked = False
        self._told = told
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self.asked = True
        if self._told is not None:
            self._told()
