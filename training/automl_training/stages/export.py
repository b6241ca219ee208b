"""Export: the chosen model as a bundle that answers on its own."""

from __future__ import annotations

from typing import Any

from automl_core.layout import (
    BUNDLE_MANIFEST,
    BUNDLE_MODEL,
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


class Export:
    """Encoder, graph, scores and origin in three files."""

    name: StageName = "export"
    needs = (TABLE, PLAN, SPLITS, ENCODER, MODEL, LEADERBOARD, METRICS, EXPLANATIONS)
    makes = (BUNDLE_MODEL, BUNDLE_SCRIPT, BUNDLE_MANIFEST)

    def run(self, context: StageContext) -> None:
        """Write the bundle; its manifest, which names the model's hash, comes last."""
        import joblib

        from automl_core.bundle.manifest import build_manifest, probe_rows_of
        from automl_core.bundle.writer import write_bundle
        from automl_training.encoding import describe_target
        from automl_training.export import to_onnx_bytes

        workspace = context.workspace
        table = JobTable.open(workspace)
        candidate = joblib.load(workspace.path(MODEL))
        model = to_onnx_bytes(candidate, len(table.encoder().feature_names))
        metrics = read_json(workspace, METRICS)
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
            dataset={"sha256": table.schema.file.sha256, "n_rows": table.schema.n_rows},
            training={
                "rows": candidate.n_rows,
                "seed": table.plan.seed,
                "config": read_json(workspace, LEADERBOARD)["chosen"]["config"],
            },
            versions=library_versions(),
            probe_rows=probe_rows_of(table.encoder_columns, table.features("holdout")),
            interval=_interval(metrics),
            metrics={
                name: metrics[name] for name in ("metric", "split", "n_rows", "scores", "verdict")
            },
            importances=[
                {"name": feature["name"], "importance": feature["importance"]}
                for feature in read_json(workspace, EXPLANATIONS)["features"]
            ],
        )
        folder = workspace.scratch("bundle")
        write_bundle(folder, model=model, manifest=manifest)
        for name in self.makes:
            workspace.take(name, folder / name.rpartition("/")[2])
        context.decide(what="bundle", chosen=candidate.family, model_bytes=len(model))


def _interval(metrics: dict[str, Any]) -> dict[str, float] | None:
    interval = metrics["interval"]
    if not interval or interval["half_width"] is None:
        return None
    return {"coverage": interval["coverage"], "half_width": interval["half_width"]}
