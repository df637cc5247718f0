"""The certificate of `known_answers.py` as a table and a picture.

`python benchmarks/certificate.py docs/certificate.json` prints the table, `--picture FILE.png` draws every seed with its interval.
"""

import argparse
import json
from itertools import groupby
from pathlib import Path

HEAD = ("case", "measure", "seeds", "worst", "95 %", "asked", "steps", "seconds", "limit", "")
TO_THE_LEFT = (0, 1, 9)
ROW, WIDTH = 27.0, 760.0


def by_case(results):
    """Return (case, its results) in the order of the results."""
    return [(case, list(found)) for case, found in groupby(results, lambda result: result["case"])]


def row(case, runs):
    """Return what stands about a case, as texts: its worst seed with that seed's interval, and the largest of all seeds."""
    first = runs[0]
    upward = first["least"] is not None
    worst = min(runs, key=lambda run: run["low"]) if upward else max(runs, key=lambda run: run["high"])
    return (
        case, first["measure"], str(len(runs)), f"{worst['value']:.3f}", f"{worst['low']:.3f} to {worst['high']:.3f}",
        f"from {first['least']}" if upward else f"to {first['most']}", f"{max(run['steps'] for run in runs):,}",
        f"{max(run['seconds'] for run in runs):.0f}", f"{first['limit_s']:.0f}",
        "met" if all(run["met"] for run in runs) else "missed",
    )  # fmt: skip


def table(results):
    """Return the results as lines of a table, numbers to the right, and the commits that they were measured at."""
    lines = [HEAD, *(row(case, runs) for case, runs in by_case(results))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    told = ["  ".join(text.ljust(width) if i in TO_THE_LEFT else text.rjust(width)
                      for i, (text, width) in enumerate(zip(line, widths, strict=True))).rstrip() for line in lines]  # fmt: skip
    return "\n".join([*told, "", f"measured at {', '.join(sorted({result['commit'] for result in results}))}"])


def draw(figure, results):
    """Draw every seed's value and interval, a line a case, and what is asked of it."""
    from quantgym.evaluation.theme import LIGHT

    cases = by_case(results)
    axes = figure.subplots()
    for place, (_, runs) in enumerate(cases):
        upward = runs[0]["least"] is not None
        bound = runs[0]["least"] if upward else runs[0]["most"]
        axes.barh(place, 1.06 - bound if upward else bound + 0.02, 0.8, bound if upward else -0.02, color=LIGHT["grid"])
        axes.plot([bound, bound], [place - 0.4, place + 0.4], color=LIGHT["muted"], linewidth=1.2)
        for shift, run in zip((-0.22, 0.0, 0.22), runs, strict=False):
            colour = LIGHT["policy"] if run["met"] else LIGHT["bad"]
            axes.plot([run["low"], run["high"]], [place + shift] * 2, color=colour, linewidth=1.4)
            axes.plot(run["value"], place + shift, "o", color=colour, markersize=3.2)
    axes.set_yticks(range(len(cases)), [case for case, _ in cases])
    axes.set_ylim(len(cases) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.06)
    axes.set_xlabel("score of each seed with its interval: 0 is doing nothing, 1 the best policy\n"
                    "(no_edge_ppo: turnover over that of random positions); grey: what is asked")  # fmt: skip


def main():
    """Print the table; draw where a picture is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("certificate", type=Path, help="what known_answers.py wrote")
    parser.add_argument("--picture", type=Path, help="PNG to draw")
    options = parser.parse_args()
    results = json.loads(options.certificate.read_text())["results"]
    print(table(results))
    if options.picture is not None:
        from quantgym.evaluation.theme import Size, canvas, png_bytes

        height = ROW * len(by_case(results)) + 80.0
        options.picture.write_bytes(png_bytes(canvas(Size(WIDTH, height), lambda figure: draw(figure, results))))


if __name__ == "__main__":
    main()
