"""Export: the chosen model as a bundle that answers on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl_core.layout import (
    BUNDLE_MANIFEST,
    BUNDLE_MODEL,
    BUNDLE_README,
    BUNDLE_SCRIPT,
    ENCODER,
    EXPLANATIONS,
    LEADERBOARD,
    METRICS,
    MODEL,
    PLAN,
    SPLITS,
    TABLE,
)
from automl_core.records import StageName
from automl_training.job_table import JobTable, target_schema
from automl_training.stage import StageContext, read_json
from automl_training.versions import library_versions
from automl_training.workspace import sha256_of

#: What of the scores a manifest repeats.
_METRICS = ("metric", "split", "n_rows", "scores", "verdict", "is_worth_deploying")


class Export:
    """Encoder, graph, scores and origin in three files, and how to use them in a fourth."""

    name: StageName = "export"
    needs = (TABLE, PLAN, SPLITS, ENCODER, MODEL, LEADERBOARD, METRICS, EXPLANATIONS)
    makes = (BUNDLE_MODEL, BUNDLE_SCRIPT, BUNDLE_README, BUNDLE_MANIFEST)

    def run(self, context: StageContext) -> None:
        """Write the bundle; its manifest, which names the model's hash, comes last."""
        from automl_core.bundle.manifest import build_manifest, probe_rows_of
        from automl_core.bundle.writer import README_NAME, download_readme, write_bundle
        from automl_training.encoding import describe_target
        from automl_training.export import members_of, to_onnx_bytes
        from automl_training.native import load_model, trusted_types

        workspace = context.workspace
        table = JobTable.open(workspace)
        fitted = workspace.path(MODEL)
        candidate = load_model(fitted)
        members = members_of(candidate)
        model = to_onnx_bytes(candidate, len(table.encoder().feature_names))
        metrics = read_json(workspace, METRICS)
        explanations = read_json(workspace, EXPLANATIONS)
        manifest = build_manifest(
            job_id=context.job_id,
            created_at=context.now(),
            task=table.plan.task,
            target=describe_target(
                target_schema(table.schema, table.plan), table.plan, table.classes
            ),
            columns=table.encoder_columns,
            model=model,
            family=candidate.family,
            members=[{"family": name, "weight": weight} for name, weight, _ in members],
            native={
                "file": MODEL,
                "sha256": sha256_of(fitted),
                "trusted": trusted_types(name for name, _, _ in members),
            },
            dataset={"sha256": table.schema.file.sha256, "n_rows": table.schema.n_rows},
            training={
                "rows": candidate.n_rows,
                "seed": table.plan.seed,
                "config": read_json(workspace, LEADERBOARD)["chosen"]["config"],
            },
            versions=library_versions(),
            probe_rows=probe_rows_of(table.encoder_columns, table.features("holdout")),
            interval=promised(metrics.get("interval"), "half_width", "bins"),
            label_set=promised(metrics.get("label_set"), "threshold"),
            explain=_explain(explanations),
            metrics={name: metrics[name] for name in _METRICS if name in metrics},
            importances=[
                {"name": feature["name"], "importance": feature["importance"]}
                for feature in explanations["features"]
            ],
        )
        folder = workspace.scratch("bundle")
        write_bundle(folder, model=model, manifest=manifest)
        (folder / README_NAME).write_text(download_readme(manifest), encoding="utf-8")
        for name in self.makes:
            workspace.take(name, folder / name.rpartition("/")[2])
        context.decide(what="bundle", chosen=candidate.family, model_bytes=len(model))


def promised(block: Mapping[str, Any] | None, needed: str, *others: str) -> dict[str, Any] | None:
    """Take of a promise of ``metrics.json`` what serving needs; None where none was made."""
    if not block or block.get(needed) is None:
        return None
    return {name: block.get(name) for name in ("coverage", needed, *others)}


def _explain(explanations: Mapping[str, Any]) -> dict[str, Any] | None:
    """What contributions are measured against; None for a job that kept no such rows."""
    background = explanations.get("background")
    if not background:
        return None
    shapley = explanations.get("shapley") or {}
    return {
        "background": background,
        "columns": [feature["name"] for feature in explanations["features"]],
        "baseline": shapley.get("baseline"),
    }
