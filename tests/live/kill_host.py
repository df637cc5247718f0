"""Runs a paper session in forked children that kill themselves with SIGKILL at random points, until one reaches the end."""

import json
import os
import random
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import structlog

from quantgym.live.journal import Journal
from quantgym.live.paper import PaperGateway

sys.path.insert(0, str(Path(__file__).parent))
from conftest import World, eventful_tape  # type: ignore[import-not-found]


class Reaper:
    """Counts the points that a child passes once it does something new, and dies at one of them."""

    def __init__(self, at):
        self.left, self.fresh = at, False

    def point(self, name):
        self.left -= self.fresh
        if self.left == 0:
            os.write(1, f"{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def arm(reaper, known):
    commit, submit, next_row = Journal.commit, PaperGateway.submit, PaperGateway.next_row

    @contextmanager
    def dying_commit(journal):
        reaper.point("before a commit")
        with commit(journal):
            yield
            reaper.point("inside a commit")
        reaper.point("after a commit")

    def dying_submit(gateway, request):
        reaper.point("before a request")
        report = submit(gateway, request)
        reaper.point("after a request")
        return report

    def dying_row(gateway):
        row = next_row(gateway)
        known[0] -= 1
        reaper.fresh = known[0] < 0
        reaper.point("after a row")
        return row

    Journal.commit, PaperGateway.submit, PaperGateway.next_row = dying_commit, dying_submit, dying_row


def child(world, folder, at):
    journal = world.journal(folder)
    known = [journal.n_decisions() - 1]  # the last one may lack its outcome: dying there again is fair
    arm(Reaper(at), known)
    session = world.session(folder, journal).run()
    session.save(folder / "session.npz")
    journal.close()


def main(folder, kills, seed):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    world, draw = World(eventful_tape()), random.Random(seed)
    folder, straight = Path(folder), Path(folder) / "straight"
    straight.mkdir()
    world.trade(straight).save(straight / "session.npz")  # warms every kernel, too
    died = 0
    while True:
        at = draw.randint(1, 55) if died < kills else 10**9
        pid = os.fork()
        if pid == 0:
            try:
                child(world, folder, at)
                os._exit(0)
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
                os._exit(1)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            died += 1
            continue
        os.write(1, (json.dumps({"died": died, "exit": os.waitstatus_to_exitcode(status)}) + "\n").encode())
        return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
