"""Progress of long work: one bar on stderr where somebody watches, a few plain lines in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..market.kernel import cache_folder

__all__ = ["progress_bar"]

Step = Callable[[float, str], None]

TENTHS = 10
FIRST_RUN = "the first run on this machine compiles the simulator for a minute or two; later ones load what it leaves"
NARROW = 100
"""Columns of a terminal below which the elapsed time gives way to what the work says of itself."""


@contextmanager
def progress_bar(title: str, told: bool = False) -> Iterator[Step]:
    """Show a bar while the block runs; yields `step(share_done, text)`, the share in [0, 1].

    Args:
        title: What is done.
        told: Whether the block tells its progress to the end. Then a bar of work that was interrupted stays where it was, and where
            nobody watches each tenth is a plain line; else a bar is full when the block is over, and a log gets the title alone.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    console = Console(stderr=True)
    if not any(cache_folder("simulator").rglob("*.nbc")):
        console.print(FIRST_RUN, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.print(f"{title} ...", highlight=False, soft_wrap=True)
        yield _lines(lambda line: console.print(line, highlight=False, soft_wrap=True), title) if told else lambda share, text: None
        return
    elapsed: list[ProgressColumn] = [TimeElapsedColumn()] if console.width >= NARROW else []
    text = TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Progress(TextColumn("{task.description}"), BarColumn(), *elapsed, text, console=console, transient=False) as progress:
        task = progress.add_task(title, total=1.0, text="")

        def step(share: float, text: str) -> None:
            progress.update(task, completed=share, text=text)

        yield step
        if not told:
            progress.update(task, completed=1.0, text="")


def _lines(say: Callable[[str], None], title: str) -> Step:
    said = 0

    def step(share: float, text: str) -> None:
        nonlocal said
        if int(share * TENTHS + 1e-9) > said:
            said = int(share * TENTHS + 1e-9)
            say(f"{title} {share:.0%}: {text}")

    return step
