"""Our own part of a package: the handler's module and all that it may import.

The list is not written down but read from the sources, imports inside functions included: a
written one would be wrong after the next import, and the fault would show in the cloud.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from infrastructure.packaging.plans import SOURCES, Plan

OURS = ("automl_core", "automl_backend")
#: Templates, tables and price lists beside the modules that read them.
DATA = ("*.html", "*.json", "*.csv")


class PackagingError(Exception):
    """A package cannot be built; the text says why and what repairs it."""


def our_files(plan: Plan) -> dict[str, Path]:
    """Collect our modules and data of a function, by their path inside the package.

    Raises
    ------
    PackagingError
        If the handler's module is not there.
    """
    if _path_of(plan.module) is None:
        raise PackagingError(f"There is no module {plan.module}, the handler of {plan.name}.")
    found: dict[str, Path] = {}
    waiting = [plan.module]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in plan.unreached:
            continue
        seen.add(name)
        path = _path_of(name)
        if path is None:
            continue
        found[_inside(path)] = path
        found.update(_data_beside(path))
        waiting.extend(_imported(path))
        parent = name.rpartition(".")[0]
        if parent:
            waiting.append(parent)
    return dict(sorted(found.items()))


def _path_of(name: str) -> Path | None:
    for source in SOURCES:
        stem = source.joinpath(*name.split("."))
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.is_file():
                return path
    return None


def _inside(path: Path) -> str:
    source = next(each for each in SOURCES if path.is_relative_to(each))
    return path.relative_to(source).as_posix()


def _data_beside(path: Path) -> dict[str, Path]:
    """Data of a package: in its folder, and in those below that are no packages themselves."""
    if path.name != "__init__.py":
        return {}
    folders = [path.parent] + [
        each
        for each in path.parent.iterdir()
        if each.is_dir() and not (each / "__init__.py").exists()
    ]
    return {
        _inside(each): each for folder in folders for data in DATA for each in folder.glob(data)
    }


def _imported(path: Path) -> Iterator[str]:
    """Names that may be modules of ours, but for those in imports for type checkers."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"), str(path))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and _is_for_types(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith(OURS))
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise PackagingError(f"{path}:{node.lineno} imports relatively; name the package.")
            if node.module and node.module.startswith(OURS):
                yield node.module
                # Each name may be a module of its own; what is none is passed over.
                yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith(OURS):
            # A module that is loaded by its name.
            yield str(node.value)
        waiting.extend(ast.iter_child_nodes(node))


def _is_for_types(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"
