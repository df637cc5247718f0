"""Fill the generated blocks of README.md and docs/: `python docs/generate.py` writes them, `--check` fails where one is stale.

A generated block is a fenced block after a marker: `<!-- output of: COMMAND -->` holds what the command prints,
`<!-- copy of: FILE -->` holds the file.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- (output|copy) of: ([^>\n]+?) -->\n```\w*\n)(.*?)(```\n)", re.S)


def content(kind: str, what: str) -> str:
    """Return what a block shall hold."""
    if kind == "copy":
        return (ROOT / what).read_text()
    command = shlex.split(what)
    binary = Path(sys.executable).parent / command[0]
    environment = {**os.environ, "COLUMNS": "132", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run([str(binary), *command[1:]], capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed with {done.returncode}:\n{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines()) + "\n"


def filled(text: str) -> str:
    """Return `text` with every generated block made anew."""
    return BLOCK.sub(lambda found: found[1] + content(found[2], found[3]) + found[5], text)


def stale_pages() -> list[Path]:
    """Return the pages that have a block which says something else than its source."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in pages if filled(page.read_text()) != page.read_text()]


def main() -> int:
    """Write or check every page."""
    stale = stale_pages()
    for page in stale:
        if "--check" not in sys.argv[1:]:
            page.write_text(filled(page.read_text()))
        sys.stdout.write(f"{'stale' if '--check' in sys.argv[1:] else 'written'} {page.relative_to(ROOT)}\n")
    return int(bool(stale) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
