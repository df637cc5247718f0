"""A planted fault: one edit of one function, and how it is planted into a process that runs kernels as plain Python."""

import ast
import importlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

ORACLE = "oracle"


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what must notice.

    Attributes:
        name: The fault in words.
        file: Where it is planted, from the package's folder.
        snippet: Text that stands in that file once, inside one function.
        planted: What stands in its place.
        proof: `oracle`, or the test that must fail ("tests/envs/test_rewards.py::test_...").
    """

    name: str
    file: str
    snippet: str
    planted: str
    proof: str = ORACLE


class StaleFaultError(Exception):
    """The snippet of a fault is not in its file, or not just once, or in no function."""


@contextmanager
def planted(fault):
    """The function that `fault` edits runs the edited code; whoever has imported it sees that, since the object stays."""
    function, code = edited(fault)
    before = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = before


def edited(fault):
    """-> (the function as it stands, its code with the fault in it)."""
    module, text = source(fault.file)
    found = text.count(fault.snippet)
    if found != 1:
        cure = "write the fault anew for the code as it is"
        raise StaleFaultError(f"{fault.file} holds {found} times, not once: {fault.snippet!r}; {cure}")
    line = text[: text.index(fault.snippet)].count("\n") + 1
    names = enclosing(ast.parse(text), line)
    if not names:
        raise StaleFaultError(f"{fault.file}, line {line} is in no function: {fault.snippet!r}")
    code = compile(text.replace(fault.snippet, fault.planted), module.__file__, "exec", dont_inherit=True)
    function = module
    for name in names:
        function = getattr(function, name)
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name)
    return getattr(function, "__wrapped__", function), code


@cache
def source(file):
    """-> (module, its text when it was first asked for)."""
    module = importlib.import_module("quantgym." + file.removesuffix(".py").replace("/", "."))
    return module, Path(module.__file__).read_text()


def enclosing(tree, line):
    """Names of the classes and of the outermost function around a line; none where no function is."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.lineno <= line <= node.end_lineno:
            if isinstance(node, ast.FunctionDef):
                return [node.name]
            inner = enclosing(node, line)
            return [node.name, *inner] if inner else []
    return []
