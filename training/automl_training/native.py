"""The fitted model in a file: written by skops, read only against a list of trusted types.

No code is stored in the file and none is run from it: skops keeps a tree of type names and the
bytes of arrays, and refuses every type that is neither harmless by itself nor in
:data:`TRUSTED`. The tree on top holds plain dictionaries, numbers and the libraries' own
estimators, so that it can be read without this package (only the linear family's two classes
are ours) and does not change its shape when our classes do.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.errors import ModelCorruptError
from automl_core.records import FamilyName
from automl_training.families import Blend, Calibrator, Candidate, Coded
from automl_training.families.target_codes import TargetCodes

#: Of the tree of plain values in the file.
FORMAT = 1

#: Types that a model of each family may hold, besides those that skops itself calls harmless.
TRUSTED_BY_FAMILY: dict[FamilyName, tuple[str, ...]] = {
    "lightgbm": (
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
    ),
    "xgboost": (
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    ),
    "hist_gradient_boosting": ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
    "extra_trees": ("sklearn.tree._tree.Tree",),
    "random_forest": ("sklearn.tree._tree.Tree",),
    "linear": (
        "automl_training.families.linear.DesignMatrix",
        "automl_training.families.linear.LinearPipeline",
    ),
}

#: All of them: anything else in a file is refused.
TRUSTED = tuple(sorted({name for names in TRUSTED_BY_FAMILY.values() for name in names}))

#: A quarter of the size of a forest, in a third of the time that the usual level takes.
_COMPRESS_LEVEL = 1


def trusted_types(families: Iterable[FamilyName]) -> list[str]:
    """Types that somebody who loads a model of these families has to trust."""
    return sorted({name for family in families for name in TRUSTED_BY_FAMILY[family]})


def save_model(path: Path, candidate: Candidate) -> None:
    """Write a fitted model; the file appears whole or not at all."""
    from skops import io

    part = path.with_name(f"{path.name}.part")
    io.dump(
        _to_tree(candidate),
        part,
        compression=zipfile.ZIP_DEFLATED,
        compresslevel=_COMPRESS_LEVEL,
    )
    os.replace(part, path)  # noqa: PTH105 - the one spelling that says “replace”


def load_model(path: Path) -> Candidate:
    """Read a fitted model without running anything that the file may hold.

    Raises
    ------
    ModelCorruptError
        If the file holds a type that is not in :data:`TRUSTED`, is damaged, or has another
        shape than :func:`save_model` gives it.
    """
    from skops import io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        tree = io.load(path, trusted=list(TRUSTED))
        candidate = _from_tree(tree)
    except UntrustedTypesFoundException as error:
        strange = sorted(set(io.get_untrusted_types(file=path)).difference(TRUSTED))
        raise ModelCorruptError(
            f"{path.name} holds {', '.join(strange)}, which no model of ours does; it was not"
            " loaded. Train again, or take the file that the training wrote.",
            types=strange,
        ) from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelCorruptError(
            f"{path.name} is damaged or of another version ({error}); train again, or take the"
            " file that the training wrote."
        ) from error
    for estimator in _estimators(candidate.estimator):
        _check_indices(estimator, path.name)
    return candidate


def _to_tree(candidate: Candidate) -> dict[str, Any]:
    blend = candidate.estimator
    is_blend = isinstance(blend, Blend)
    members = zip(blend.families, blend.weights, blend.members, strict=True) if is_blend else ()
    calibrator = candidate.calibrator
    return {
        "format": FORMAT,
        "family": candidate.family,
        "config": _plain(candidate.config),
        "task": candidate.task,
        "n_classes": int(candidate.n_classes),
        "validation_score": float(candidate.validation_score),
        "n_rows": int(candidate.n_rows),
        "calibrator": None
        if calibrator is None
        else {"slope": float(calibrator.slope), "bias": [float(b) for b in calibrator.bias]},
        "model": None if is_blend else _member(blend),
        "members": [
            {"family": name, "weight": float(weight), **_member(member)}
            for name, weight, member in members
        ],
    }


def _member(estimator: Any) -> dict[str, Any]:
    if not isinstance(estimator, Coded):
        return {"codes": None, "estimator": estimator}
    codes = estimator.codes
    return {
        "codes": {"columns": [int(c) for c in codes.columns], "tables": list(codes.tables)},
        "estimator": estimator.estimator,
    }


def _from_tree(tree: Mapping[str, Any]) -> Candidate:
    if tree["format"] != FORMAT:
        raise ValueError(f"its format is {tree['format']!r}, not {FORMAT}")
    members = tree["members"]
    calibrator = tree["calibrator"]
    return Candidate(
        family=tree["family"],
        config=tree["config"],
        estimator=_from_member(tree["model"])
        if tree["model"] is not None
        else Blend(
            members=tuple(_from_member(member) for member in members),
            weights=tuple(member["weight"] for member in members),
            families=tuple(member["family"] for member in members),
        ),
        task=tree["task"],
        n_classes=tree["n_classes"],
        validation_score=tree["validation_score"],
        n_rows=tree["n_rows"],
        calibrator=None
        if calibrator is None
        else Calibrator(calibrator["slope"], tuple(calibrator["bias"])),
    )


def _from_member(member: Mapping[str, Any]) -> Any:
    codes = member["codes"]
    if codes is None:
        return member["estimator"]
    return Coded(TargetCodes(tuple(codes["columns"]), tuple(codes["tables"])), member["estimator"])


def _plain(value: Any) -> Any:
    """Turn settings into Python's own types, as they would come back from JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _estimators(estimator: Any) -> Iterator[Any]:
    for member in estimator.members if isinstance(estimator, Blend) else (estimator,):
        yield member.estimator if isinstance(member, Coded) else member


def _check_indices(estimator: Any, name: str) -> None:
    """Refuse trees of scikit-learn that lead out of their arrays, or round in circles.

    scikit-learn follows node numbers unchecked; a forged file would read foreign memory.
    """
    n_features = int(getattr(estimator, "n_features_in_", 0))
    trees = [
        (tree.children_left, tree.children_right, tree.feature, tree.children_left < 0)
        for tree in (member.tree_ for member in getattr(estimator, "estimators_", ()))
    ]
    trees += [
        (nodes["left"], nodes["right"], nodes["feature_idx"], nodes["is_leaf"].astype(bool))
        for of_round in getattr(estimator, "_predictors", ())
        for nodes in (predictor.nodes for predictor in of_round)
    ]
    for left, right, feature, is_leaf in trees:
        inner = np.flatnonzero(~is_leaf)
        for child in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
            # Both writers number children after their parent.
            if not np.all((child > inner) & (child < len(left))):
                raise ModelCorruptError(f"{name} holds a tree whose nodes lead nowhere.")
        if not np.all((feature[inner] >= 0) & (feature[inner] < n_features)):
            raise ModelCorruptError(f"{name} holds a tree of columns that are not there.")
