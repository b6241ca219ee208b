"""Records: what the metadata store keeps and what both sides of the platform speak of.

Frozen; a change is a copy. ``version`` counts the writes of a record: a write names the
version it was read at (optimistic locking) and the API's ETag is made of it.
"""

# No postponed annotations here: pydantic would compile each again, a fifth of the time that
# making these classes takes.
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

# Kept in modules of their own, which need no library, and part of the records' words: hence
# the aliases, by which type checkers know a name that is passed on.
from automl_core.moments import utc_text as utc_text  # noqa: PLC0414
from automl_core.owners import DEFAULT_PROJECT as DEFAULT_PROJECT  # noqa: PLC0414
from automl_core.owners import LOCAL_OWNER as LOCAL_OWNER  # noqa: PLC0414

Task = Literal["binary", "multiclass", "regression"]
ColumnKind = Literal["numeric", "categorical", "datetime", "text", "identifier", "constant"]
Storage = Literal["integer", "decimal", "boolean", "date", "datetime", "text"]
DatasetStatus = Literal["awaiting_upload", "profiling", "ready", "refused"]
JobStatus = Literal["pending", "running", "waiting", "completed", "failed", "cancelled"]
StageName = Literal[
    "queued", "ingest", "profile", "clarify", "preprocess", "train",
    "evaluate", "explain", "export", "verify", "report", "done",
]  # fmt: skip
Metric = Literal[
    "roc_auc", "log_loss", "average_precision", "f1", "macro_f1", "balanced_accuracy", "accuracy",
    "rmse", "mae", "r2",
]  # fmt: skip
FamilyName = Literal[
    "lightgbm", "xgboost", "random_forest", "extra_trees", "hist_gradient_boosting", "linear"
]
MissingPolicy = Literal["auto", "drop", "mean", "median", "most_frequent"]
SplitMethod = Literal["stratified", "random", "time", "group", "given"]
Capacity = Literal["spot", "on_demand"]
EDADepth = Literal["fast", "deep"]
EnsemblePolicy = Literal["auto", "off"]

TERMINAL: frozenset[JobStatus] = frozenset({"completed", "failed", "cancelled"})
ACTIVE: frozenset[JobStatus] = frozenset({"pending", "running", "waiting"})

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


class Record(BaseModel):
    """Base of every record: frozen, strict about unknown fields."""

    # Defaults count as required in the schema of an answer, so that typed clients need
    # no null checks for fields that are always there. Validators are built at their first use:
    # a Lambda function starts anew for one request, which needs few of them.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class OwnedRecord(Record):
    """A record of somebody: owner and project from day one, so that accounts need no migration."""

    owner_id: str = LOCAL_OWNER
    project_id: str = DEFAULT_PROJECT
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = 0


class ErrorNote(Record):
    """Why something failed, in the words of the error that was raised."""

    code: str
    title: str
    detail: str
    stage: StageName | None = None


# -- Data sets ------------------------------------------------------------------------


class ReadOptions(Record):
    """What a user knows better than the reader; None: the reader decides."""

    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    header: bool | None = None


class KeptTable(Record):
    """What reading an upload has left: the typed table, and beside it what was told of it."""

    folder: str
    """Under the data set's own. Holds what one reading made, and nothing of another."""
    size_bytes: int
    sha256: str
    """Both of ``table.parquet``; every reader checks them."""


class Dataset(OwnedRecord):
    """One uploaded table, unchanged after confirmation.

    A large one is ``profiling`` while the runner reads it; if that is cut short it awaits
    its confirmation again, with the reason in ``error``. The columns lie beside it in the
    object store (``schema.json``): a table of thousands of columns would not fit into one
    item of DynamoDB (400 kB).
    """

    dataset_id: str
    filename: str
    content_type: str
    status: DatasetStatus = "awaiting_upload"
    file_size: int | None = None
    sha256: str | None = None
    etag: str | None = None
    object_version: str | None = None
    row_count: int | None = None
    column_count: int | None = None
    error: ErrorNote | None = None
    reading: ReadOptions | None = None
    """How the file is being read; None unless the status is ``profiling``."""
    kept: KeptTable | None = None
    """Where the reading's documents and the typed table lie. None before a confirmation, and
    of what was confirmed when no table was kept: it is made when it is first needed."""


# -- Plans ----------------------------------------------------------------------------


class TrainConfig(Record):
    """Options of a training; every default is a working choice.

    ``time_budget`` is seconds of search, None: chosen by the number of rows.
    """

    time_budget: int | None = Field(default=None, ge=60, le=3600)
    metric: Metric | Literal["auto"] = "auto"
    task_type: Task | Literal["auto"] = "auto"
    exclude_columns: list[str] = Field(default_factory=list, max_length=10_000)
    missing: MissingPolicy = "auto"
    test_size: float = Field(default=0.2, ge=0.05, le=0.5)
    time_column: str | None = None
    group_column: str | None = None
    weight_column: str | None = None
    families: list[FamilyName] = Field(default_factory=list, max_length=6)
    """Model families to search; empty: all that fit the data."""
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    reproducible: bool = False
    """Search a fixed number of trials instead of a number of seconds."""
    ensemble: EnsemblePolicy = "auto"
    """auto: answer with the weighted mean of several models where that is better than the best of
    them by more than noise; off: one model."""
    eda: EDADepth = "fast"
    """deep: also a report by fg-data-profiling (``eda_deep.html``), where it is installed; up
    to two minutes more."""
    auto_confirm: bool = True
    """False: stop after the plan and wait for ``POST /jobs/{id}/clarify``."""


class ClassCount(Record):
    """Rows of one class of the target."""

    label: str
    rows: int


class PlanFeature(Record):
    """A column that the model will read, and how."""

    name: str
    kind: ColumnKind
    reason: str = ""
    """Why it is of this kind, one or two sentences; empty in plans of earlier versions."""


class DroppedColumn(Record):
    """A column that the model will not read, and why."""

    name: str
    code: Literal[
        "identifier", "constant", "empty", "text", "excluded", "weight", "group", "leakage"
    ]
    reason: str


class PlanNote(Record):
    """A warning or a blocking problem of a plan."""

    code: str
    columns: list[str] = Field(default_factory=list)
    text: str


class Range(Record):
    """An estimate from low to high; the unit stands in the field's name."""

    low: float
    high: float


class SplitPlan(Record):
    """How rows are set aside for the holdout."""

    method: SplitMethod
    test_size: float
    time_column: str | None = None
    group_column: str | None = None
    reason: str


class Plan(Record):
    """What a job will do, settled before it does it: target, task, columns, split, budget, cost."""

    target_column: str
    task: Task
    task_confidence: Literal["high", "medium", "low", "given"]
    task_reason: str
    metric: Metric
    metric_reason: str
    classes: list[ClassCount] = Field(default_factory=list)
    positive_label: str | None = None
    row_count: int
    rows_without_target: int
    features: list[PlanFeature]
    dropped: list[DroppedColumn]
    split: SplitPlan
    families: list[FamilyName]
    missing: MissingPolicy
    weight_column: str | None = None
    time_budget_s: int
    seed: int
    reproducible: bool
    ensemble: EnsemblePolicy = "auto"
    estimated_seconds: Range
    estimated_dollars: Range
    warnings: list[PlanNote] = Field(default_factory=list)
    blocking: list[PlanNote] = Field(default_factory=list)
    """Problems that make training impossible; empty in a plan that can be carried out."""


class ClarifyAnswers(Record):
    """What a user changed when a job waited at its plan."""

    task_type: Task | None = None
    exclude_columns: list[str] | None = None
    time_budget: int | None = Field(default=None, ge=60, le=3600)


# -- Jobs -----------------------------------------------------------------------------


class TimelineEntry(Record):
    """One moment of a job's life."""

    at: AwareDatetime
    status: JobStatus
    stage: StageName
    attempt: int
    note: str = ""


class Job(OwnedRecord):
    """One wish of a user to train, from queue to report.

    What changes every few seconds (heartbeat, progress) is kept apart in
    :class:`JobProgress`, so that a version of the job is a change that somebody meant.
    """

    job_id: str
    dataset_id: str
    dataset_name: str
    target_column: str
    config: TrainConfig
    time_budget_s: int
    status: JobStatus = "pending"
    stage: StageName = "queued"
    attempt: int = 1
    runner_ref: str | None = None
    """What the runner calls the present attempt (a process, an AWS Batch job)."""
    capacity: Capacity = "spot"
    """Where a cloud's runner has the present attempt run: on spare machines that may be taken
    back at any time, until that has happened once."""
    cancel_requested: bool = False
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    error: ErrorNote | None = None
    task: Task | None = None
    metric: Metric | None = None
    score: float | None = None
    """Value of ``metric`` on the holdout."""
    model_family: str | None = None
    bundle_sha256: str | None = None
    """SHA-256 of the bundle's manifest; set when parity has passed."""
    is_deployed: bool = False
    tags: list[Tag] = Field(default_factory=list, max_length=10)
    notes: str = Field(default="", max_length=1000)
    timeline: list[TimelineEntry] = Field(default_factory=list)


class JobProgress(Record):
    """Where a running attempt is; overwritten every few seconds."""

    job_id: str
    attempt: int
    heartbeat_at: AwareDatetime
    stage: StageName = "queued"
    progress: float = Field(default=0.0, ge=0, le=100)
    best_score: float | None = None
    """Best validation score so far, in the orientation of the plan's metric."""
    n_trials: int = 0
    message: str = ""


class Artifact(Record):
    """A named file that a stage made."""

    name: str
    size_bytes: int
    sha256: str
    content_type: str


class JobManifest(Record):
    """Every artifact of a completed job; written last."""

    format_version: Literal[1] = 1
    job_id: str
    attempt: int
    finished_at: AwareDatetime
    artifacts: list[Artifact]


# -- Deployments and idempotency ------------------------------------------------------


class Deployment(OwnedRecord):
    """One entry of the journal: a model was deployed or withdrawn."""

    deployment_id: str
    job_id: str
    action: Literal["deploy", "undeploy"]
    bundle_sha256: str


class ModelUse(Record):
    """When a deployed model last answered, and how often since it was first asked."""

    job_id: str
    last_used_at: AwareDatetime
    n_predictions: int


class IdempotencyKey(OwnedRecord):
    """The first answer to a write, for whoever repeats it."""

    key: str
    request_sha256: str
    status_code: int | None = None
    """None while the first request is still being answered."""
    body: str = ""
    expires_at: AwareDatetime
