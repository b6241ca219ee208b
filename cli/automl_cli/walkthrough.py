"""The demo's steps: what a first user does, over HTTP, told in plain words."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_cli.client import Client
from automl_cli.presentation import (
    estimate_words,
    leaderboard_words,
    metrics_words,
    parity_words,
    reading_words,
)
from automl_cli.progress import open_progress
from automl_cli.remote import confirm_dataset, path_of, request_upload, watch_job
from automl_cli.speech import Speech, bytes_text, listing, printable
from automl_core.errors import ParityError

#: A value that no row of any table holds.
UNSEEN = "Atlantis"

#: What the model does about a note, in words.
NOTE_MEANINGS = {
    "missing": "It was answered as the model learned to treat missing cells.",
    "unseen": "It was answered like other rare values.",
    "out_of_range": "It lies outside of what the model saw.",
    "unknown_column": "It was not read.",
}


@dataclass
class Walkthrough:
    """One walk from a file to a prediction.

    Every step is a request that the documentation shows; the first that fails ends the
    walk with the platform's own words.
    """

    client: Client
    speech: Speech
    _n_steps: int = field(default=0, init=False)

    def run(self, file: Path, target: str, time_budget_s: int) -> dict[str, Any]:
        """Walk; what was reached, for ``--json``."""
        dataset = self._upload(file)
        plan = self._plan(dataset, target, time_budget_s)
        job_id = self._train(dataset, target, time_budget_s)
        result = self._result(job_id)
        prediction = self._predict(job_id, file)
        links = self._links(job_id)
        return {
            "dataset_id": dataset["dataset_id"],
            "job_id": job_id,
            "task": plan["task"],
            "metric": result["metrics"]["metric"],
            "score": result["metrics"]["scores"][result["metrics"]["metric"]],
            "split": result["metrics"]["split"],
            "n_rows": result["metrics"]["n_rows"],
            "baseline": result["metrics"]["baseline"],
            "verdict": result["metrics"]["verdict"],
            "parity": result["parity"],
            "prediction": prediction,
            "links": links,
        }

    def _step(self, title: str) -> None:
        self._n_steps += 1
        self.speech.say(f"\n{self._n_steps}. {title}")

    def _tell(self, words: str) -> None:
        for line in words.splitlines():
            self.speech.say(f"   {line}" if line else "")

    def _upload(self, file: Path) -> dict[str, Any]:
        self._step(f"Upload {file.name} ({bytes_text(file.stat().st_size)})")
        ticket = request_upload(self.client, file)
        with file.open("rb") as stream:
            self.client.upload(ticket, stream, file.name)
        self._tell("Sent straight to the store through a signed form; now it is read.")
        dataset = confirm_dataset(self.client, ticket["dataset_id"])
        self._tell(
            f"Read {dataset['row_count']} rows and {len(dataset['columns'])} columns "
            f"({reading_words(dataset['file'])}); "
            f"{dataset['rejected_rows']['set_aside']} lines set aside."
        )
        kinds: dict[str, list[str]] = {}
        for column in dataset["columns"]:
            kinds.setdefault(column["kind"], []).append(column["name"])
        for kind, names in kinds.items():
            self._tell(f"{kind}: {listing(names, at_most=8)}")
        return dataset

    def _plan(self, dataset: Mapping[str, Any], target: str, time_budget_s: int) -> dict[str, Any]:
        self._step(f"Ask what predicting {target!r} would mean")
        check = self.client.send(
            "POST",
            path_of("datasets", dataset["dataset_id"], "target-check"),
            {"target_column": target},
        )
        self._tell(f"{check['task']}, with {check['confidence']} confidence: {check['reason']}")
        self._tell(
            "Rows of each class: "
            + ", ".join(f"{printable(c['label'])} {c['rows']}" for c in check["classes"])
            + "."
        )
        for dropped in check["dropped"]:
            self._tell(f"It would leave out {printable(dropped['name'])}: {dropped['reason']}")
        self._step("Ask for the plan before starting anything (dry run)")
        body = self._wish(dataset, target, time_budget_s)
        answer = self.client.send("POST", "/train", body, params={"dry_run": True})
        plan: dict[str, Any] = answer["plan"]
        self._tell(estimate_words(plan))
        self._tell(f"Optimises {plan['metric']}. {plan['metric_reason']}")
        self._tell(
            f"{plan['split']['test_size']:.0%} of the rows are kept away from the search as the "
            f"holdout. {plan['split']['reason']}"
        )
        for note in plan["warnings"]:
            self._tell(f"warning: {note['text']}")
        return plan

    def _wish(self, dataset: Mapping[str, Any], target: str, time_budget_s: int) -> dict[str, Any]:
        return {
            "dataset_id": dataset["dataset_id"],
            "target_column": target,
            "config": {"time_budget": time_budget_s},
        }

    def _train(self, dataset: Mapping[str, Any], target: str, time_budget_s: int) -> str:
        self._step(f"Train, with {time_budget_s} s of search")
        body = self._wish(dataset, target, time_budget_s)
        job_id: str = self.client.send("POST", "/train", body, once=True)["job_id"]
        self._tell(f"Job {job_id}")
        with open_progress(self.speech.err) as progress:
            watch_job(self.client, job_id, progress)
        self._tell("Trained, scored, exported, proven.")
        return job_id

    def _result(self, job_id: str) -> dict[str, Any]:
        self._step("Look at the result")
        self._tell(leaderboard_words(self.client.get(path_of("jobs", job_id, "leaderboard"))))
        result: dict[str, Any] = self.client.get(path_of("jobs", job_id, "result"))
        self._tell(metrics_words(result["metrics"]))
        self._tell(parity_words(result["parity"]))
        if not result["parity"]["passed"]:
            raise ParityError(f"Job {job_id} completed without a passed parity report.")
        return result

    def _predict(self, job_id: str, file: Path) -> dict[str, Any]:
        self._step("Deploy the model and ask it")
        self.client.send("POST", path_of("jobs", job_id, "deploy"), {"deploy": True})
        info = self.client.get(path_of("predict", job_id, "info"))
        first = first_row(file)
        row = as_features(first, info["fields"])
        emptied, invented = spoil(row, info["fields"])
        self._tell(
            f"The table's first row, with {emptied!r} emptied and {invented!r} set to {UNSEEN!r}, "
            "which no row ever held:"
        )
        answer: dict[str, Any] = self.client.send(
            "POST", path_of("predict", job_id), {"features": row}
        )
        probability = answer["probability"]
        sure = "" if probability is None else f" with probability {probability:.3f}"
        self._tell(
            f"{info['target_column']} = {printable(answer['prediction'])}{sure}, answered in "
            f"{answer['inference_time_ms']:.1f} ms; the table says "
            f"{printable(first[info['target_column']])}."
        )
        self._tell("The answer says itself what makes it less certain:")
        for note in answer["notes"]:
            meaning = NOTE_MEANINGS.get(note["code"], "")
            self._tell(f"{printable(note['column'])}: {printable(note['message'])} {meaning}")
        return answer

    def _links(self, job_id: str) -> dict[str, str]:
        address = self.client.address
        links = {
            "eda_report": f"{address}{path_of('jobs', job_id, 'reports', 'eda')}",
            "training_report": f"{address}{path_of('jobs', job_id, 'reports', 'training')}",
            "bundle": f"{address}{path_of('jobs', job_id, 'bundle')}",
        }
        self._step("Where things are")
        self._tell(f"report on the data      {links['eda_report']}")
        self._tell(f"report on the training  {links['training_report']}")
        self._tell(f"model bundle (zip)      {links['bundle']}")
        return links


def first_row(file: Path) -> dict[str, str]:
    """The first row of a CSV in UTF-8, as text."""
    with file.open(encoding="utf-8", newline="") as stream:
        return next(csv.DictReader(stream))


def as_features(row: Mapping[str, str], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the model reads of a row: numbers as numbers, the empty cell as missing.

    >>> as_features({"a": "1.5", "b": "", "c": "x"},
    ...     [{"name": "a", "input": "number"}, {"name": "b", "input": "select"}])
    {'a': 1.5, 'b': None}
    """
    features: dict[str, Any] = {}
    for entry in fields:
        text = row.get(entry["name"]) or None
        is_number = text is not None and entry["input"] == "number"
        features[entry["name"]] = float(text) if text is not None and is_number else text
    return features


def spoil(row: dict[str, Any], fields: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Empty the number and invent the category that matter most; the names of both."""
    by_weight = sorted(fields, key=lambda entry: -(entry["importance"] or 0.0))
    emptied = next(f["name"] for f in by_weight if f["input"] == "number" and row[f["name"]])
    invented = next(f["name"] for f in by_weight if f["input"] == "select")
    row[emptied] = None
    row[invented] = UNSEEN
    return emptied, invented
