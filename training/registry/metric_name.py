"""Names of figures and settings as MLflow takes them: `actions/buy 10 %` has a sign that it refuses."""

import re

__all__ = ["mlflow_name", "tag_of"]

REFUSED = re.compile(r"[^A-Za-z0-9_./ -]")
WRITTEN = re.compile(r":([0-9a-f]+):")


def mlflow_name(tag: str) -> str:
    """Return `tag` with every character that MLflow could refuse as its code point in hex between colons: `buy 10 :25:`."""
    return REFUSED.sub(lambda found: f":{ord(found[0]):x}:", tag)


def tag_of(name: str) -> str:
    """Return the tag that `mlflow_name` made `name` of."""
    return WRITTEN.sub(lambda found: chr(int(found[1], 16)), name)
