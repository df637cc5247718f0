"""Progress of long work: one bar on stderr where somebody watches, nothing where nobody does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]

Step = Callable[[float, str], None]


@contextmanager
def progress_bar(title: str) -> Iterator[Step]:
    """Show a bar while the block runs; yields `step(share_done, text)`, the share in [0, 1]."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{title} ...", highlight=False)
        yield lambda share, text: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[text]}"))
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(title, total=1.0, text="")

        def step(share: float, text: str) -> None:
            progress.update(task, completed=share, text=text)

        yield step
        progress.update(task, completed=1.0, text="")
