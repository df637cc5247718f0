"""The certificate of `known_answers.py` as a table: `python benchmarks/certificate.py docs/certificate.json`."""

import json
import sys
from itertools import groupby
from pathlib import Path

HEAD = ("case", "measure", "seeds", "worst", "95 %", "asked", "steps", "seconds", "limit", "commit", "")


def rows(results):
    """Yield what stands about each case, as texts: its worst seed with that seed's interval, the longest time, every commit."""
    for case, found in groupby(results, lambda result: result["case"]):
        runs = list(found)
        first = runs[0]
        wanted_high = first["least"] is not None
        worst = min(runs, key=lambda run: run["low"]) if wanted_high else max(runs, key=lambda run: run["high"])
        yield (
            case, first["measure"], str(len(runs)), f"{worst['value']:.3f}", f"{worst['low']:.3f} to {worst['high']:.3f}",
            f"from {first['least']}" if wanted_high else f"to {first['most']}", f"{max(run['steps'] for run in runs):,}",
            f"{max(run['seconds'] for run in runs):.0f}", f"{first['limit_s']:.0f}",
            " ".join(sorted({run["commit"] for run in runs})), "met" if all(run["met"] for run in runs) else "missed",
        )  # fmt: skip


def table(results):
    """Return the results as lines of a table, numbers to the right."""
    lines = [HEAD, *rows(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(line[i].ljust(widths[i]) if i in (0, 1, 9, 10) else line[i].rjust(widths[i])
                               for i in range(len(HEAD))).rstrip() for line in lines)  # fmt: skip


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())["results"]))
