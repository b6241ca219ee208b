"""What every metadata store does alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

import pytest

from automl_core.errors import ConflictError, NotFoundError, StaleRecordError
from automl_core.lifecycle import change_job, move
from automl_core.ports import JobFilter, MetadataStore, Page, Position
from automl_core.records import (
    Dataset,
    Deployment,
    ErrorNote,
    IdempotencyKey,
    Job,
    JobProgress,
    KeptTable,
    ModelUse,
    TrainConfig,
)

NewJob = Callable[..., Job]
NewDataset = Callable[..., Dataset]
NewKey = Callable[..., IdempotencyKey]
T = TypeVar("T")

AWKWARD = "Größe 🐧 \u202e%_\\'\"; DROP TABLE jobs; --\x00\n数据"


def race(n_threads: int, act: Callable[[int], T]) -> list[T]:
    """Let threads do the same at the same moment; returns what each of them got."""
    start = threading.Barrier(n_threads)

    def run(number: int) -> T:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(run, range(n_threads)))


def walk(read: Callable[[Position | None], Page[T]]) -> list[list[T]]:
    """Read a list page by page to its end."""
    pages = [read(None)]
    while pages[-1].next is not None:
        pages.append(read(pages[-1].next))
    return [page.items for page in pages]


def ids(jobs: Iterable[Job]) -> list[str]:
    return [job.job_id for job in jobs]


# -- One record -----------------------------------------------------------------------


def test_a_job_is_read_back_as_it_was_added(metadata: MetadataStore, new_job: NewJob) -> None:
    job = new_job(
        dataset_name=AWKWARD,
        notes=AWKWARD,
        tags=["first", "Zweites", "🐧"],
        config=TrainConfig(exclude_columns=[AWKWARD], seed=7),
        error=ErrorNote(code="c", title="t", detail=AWKWARD, stage="train"),
        score=0.1 + 0.2,
        version=4,
    )

    metadata.add_job(job)

    assert metadata.get_job(job.job_id) == job


def test_a_data_set_is_read_back_as_it_was_added(
    metadata: MetadataStore, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(
        filename=AWKWARD,
        file_size=2**40,
        sha256="0" * 64,
        status="ready",
        kept=KeptTable(folder="v1-1f0c", size_bytes=2**40, sha256="1" * 64),
    )

    metadata.add_dataset(dataset)

    assert metadata.get_dataset(dataset.dataset_id) == dataset


def test_a_document_of_a_megabyte_is_kept(metadata: MetadataStore, new_job: NewJob) -> None:
    job = new_job(config=TrainConfig(exclude_columns=[f"column {n:0100}" for n in range(10_000)]))

    metadata.add_job(job)

    assert metadata.get_job(job.job_id) == job


def test_a_number_that_json_cannot_keep_becomes_none(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    metadata.add_job(new_job(job_id="j", score=float("nan")))

    assert metadata.get_job("j").score is None


def test_changing_what_was_read_changes_nothing_that_is_stored(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    job = new_job(job_id="j", tags=["kept"])
    metadata.add_job(job)

    job.tags.append("added outside")
    metadata.get_job("j").tags.append("added to a copy")
    metadata.list_jobs("local", limit=1).items[0].tags.append("added to a page")

    assert metadata.get_job("j").tags == ["kept"]


def test_an_identifier_is_added_once(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset
) -> None:
    job, dataset = new_job(), new_dataset()
    metadata.add_job(job)
    metadata.add_dataset(dataset)

    with pytest.raises(ConflictError, match=job.job_id):
        metadata.add_job(job)
    with pytest.raises(ConflictError, match=dataset.dataset_id):
        metadata.add_dataset(dataset)


@pytest.mark.parametrize("missing", ["nothing", "", "a\x00b", "../jobs", "x" * 5000, "\ud800"])
def test_what_is_not_there_is_not_found(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset, missing: str
) -> None:
    with pytest.raises(NotFoundError):
        metadata.get_job(missing)
    with pytest.raises(NotFoundError):
        metadata.get_dataset(missing)
    assert metadata.get_progress(missing) is None
    assert metadata.get_use(missing) is None
    assert metadata.deployments(missing) == []


def test_what_is_not_there_cannot_be_changed(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset, noon: datetime
) -> None:
    with pytest.raises(NotFoundError):
        metadata.update_job(new_job())
    with pytest.raises(NotFoundError):
        metadata.update_dataset(new_dataset())
    with pytest.raises(NotFoundError):
        metadata.note_use("nothing", at=noon, n_predictions=1)


# -- Conditional updates --------------------------------------------------------------


def test_an_update_returns_the_record_as_stored_one_version_higher(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    metadata.add_job(new_job(job_id="j"))

    stored = metadata.update_job(metadata.get_job("j").model_copy(update={"notes": "new"}))

    assert (stored.version, stored.notes) == (1, "new")
    assert metadata.get_job("j") == stored


def test_an_update_of_a_stale_version_is_refused_and_changes_nothing(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset
) -> None:
    metadata.add_job(new_job(job_id="j", tags=["old"]))
    metadata.add_dataset(new_dataset(dataset_id="d"))
    stale_job, stale_dataset = metadata.get_job("j"), metadata.get_dataset("d")
    job = metadata.update_job(stale_job.model_copy(update={"tags": ["new"]}))
    dataset = metadata.update_dataset(stale_dataset.model_copy(update={"status": "ready"}))

    with pytest.raises(StaleRecordError, match="version 0"):
        metadata.update_job(stale_job.model_copy(update={"tags": ["lost"]}))
    with pytest.raises(StaleRecordError, match="version 0"):
        metadata.update_dataset(stale_dataset.model_copy(update={"status": "refused"}))

    assert metadata.get_job("j") == job
    assert metadata.get_dataset("d") == dataset
    assert metadata.list_jobs("local", limit=9, where=JobFilter(tag="lost")).items == []


def test_of_racing_updates_exactly_one_wins(metadata: MetadataStore, new_job: NewJob) -> None:
    metadata.add_job(new_job(job_id="j"))
    job = metadata.get_job("j")

    def claim(number: int) -> str | None:
        try:
            metadata.update_job(job.model_copy(update={"runner_ref": f"runner {number}"}))
        except StaleRecordError:
            return None
        return f"runner {number}"

    winners = [winner for winner in race(16, claim) if winner is not None]

    assert winners == [metadata.get_job("j").runner_ref]
    assert metadata.get_job("j").version == 1


def test_racing_changes_that_try_again_are_all_kept(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    metadata.add_job(new_job(job_id="j"))

    def add_tag(number: int) -> None:
        change_job(
            metadata, "j", lambda job: job.model_copy(update={"tags": [*job.tags, f"t{number}"]})
        )

    race(4, add_tag)

    assert sorted(metadata.get_job("j").tags) == ["t0", "t1", "t2", "t3"]
    assert metadata.get_job("j").version == 4


def test_of_racing_additions_exactly_one_wins(metadata: MetadataStore, new_job: NewJob) -> None:
    job = new_job()

    def add(_: int) -> bool:
        try:
            metadata.add_job(job)
        except ConflictError:
            return False
        return True

    assert race(8, add).count(True) == 1


def test_a_claimed_job_leaves_the_queue(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))

    change_job(metadata, "j", lambda job: move(job, "running", at=noon))

    assert metadata.jobs_with_status(["pending"]) == []
    assert ids(metadata.jobs_with_status(["running"])) == ["j"]


# -- Lists ----------------------------------------------------------------------------


def test_jobs_come_newest_first_in_pages_without_gap_or_repetition(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    for _ in range(5):
        metadata.add_job(new_job())

    pages = walk(lambda after: metadata.list_jobs("local", limit=2, after=after))

    assert [ids(page) for page in pages] == [
        ["job-005", "job-004"],
        ["job-003", "job-002"],
        ["job-001"],
    ]


def test_records_of_the_same_moment_are_paged_without_gap_or_repetition(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset, noon: datetime
) -> None:
    for name in ["b", "A", "a", "_", "Z", "-", "1"]:
        metadata.add_job(new_job(job_id=name, created_at=noon))
        metadata.add_dataset(new_dataset(dataset_id=name, created_at=noon))

    jobs = walk(lambda after: metadata.list_jobs("local", limit=2, after=after))
    datasets = walk(lambda after: metadata.list_datasets("local", limit=3, after=after))

    # By code point, whatever the language of the database.
    assert [ids(page) for page in jobs] == [["b", "a"], ["_", "Z"], ["A", "1"], ["-"]]
    assert [[d.dataset_id for d in page] for page in datasets] == [
        ["b", "a", "_"], ["Z", "A", "1"], ["-"],
    ]  # fmt: skip


def test_a_page_that_ends_the_list_names_no_next_one(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    for _ in range(2):
        metadata.add_job(new_job())

    assert metadata.list_jobs("local", limit=2).next is None
    assert metadata.list_jobs("local", limit=1).next is not None
    assert metadata.list_jobs("nobody", limit=2) == Page()


def test_what_is_added_while_somebody_pages_disturbs_no_later_page(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    for _ in range(4):
        metadata.add_job(new_job())
    first = metadata.list_jobs("local", limit=2)
    metadata.add_job(new_job(created_at=noon + timedelta(days=1)))
    metadata.delete_job(first.items[-1].job_id)

    second = metadata.list_jobs("local", limit=2, after=first.next)

    assert ids(second.items) == ["job-002", "job-001"]


def test_times_are_compared_as_moments_not_as_texts(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    early = noon.astimezone(timezone(timedelta(hours=9)))
    metadata.add_job(new_job(job_id="early", created_at=early))
    metadata.add_job(new_job(job_id="late", created_at=noon + timedelta(microseconds=1)))

    assert ids(metadata.list_jobs("local", limit=9).items) == ["late", "early"]


def test_lists_show_only_what_is_the_owners(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset
) -> None:
    metadata.add_job(new_job(owner_id="ada", job_id="hers", is_deployed=True))
    metadata.add_job(new_job(owner_id="bob", job_id="his", is_deployed=True))
    metadata.add_dataset(new_dataset(owner_id="bob"))

    assert ids(metadata.list_jobs("ada", limit=9).items) == ["hers"]
    assert ids(metadata.list_deployed("ada", limit=9).items) == ["hers"]
    assert metadata.list_datasets("ada", limit=9).items == []
    assert metadata.list_jobs("Ada", limit=9).items == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        pytest.param(JobFilter(), ["c", "b", "a"], id="everything"),
        pytest.param(JobFilter(status="failed"), ["b"], id="status"),
        pytest.param(JobFilter(dataset_id="d2"), ["c"], id="data set"),
        pytest.param(JobFilter(tag="paper"), ["c", "a"], id="tag"),
        pytest.param(JobFilter(tag="pap"), [], id="part of a tag"),
        pytest.param(JobFilter(tag="PAPER"), [], id="tag in other letters"),
        pytest.param(JobFilter(tag="paper", dataset_id="d2", status="pending"), ["c"], id="all"),
        pytest.param(JobFilter(text="PENG"), ["b", "a"], id="name"),
        pytest.param(JobFilter(text="body_mass"), ["b"], id="target"),
        pytest.param(JobFilter(text="second try"), ["c"], id="notes"),
        pytest.param(JobFilter(text=""), ["c", "b", "a"], id="empty text"),
        pytest.param(JobFilter(text="penguins", tag="paper"), ["a"], id="text and tag"),
    ],
)
def test_jobs_are_filtered(
    metadata: MetadataStore, new_job: NewJob, where: JobFilter, found: list[str]
) -> None:
    metadata.add_job(new_job(job_id="a", tags=["paper", "first"], dataset_id="d1"))
    metadata.add_job(
        new_job(job_id="b", status="failed", dataset_id="d1", target_column="body_mass_g")
    )
    metadata.add_job(
        new_job(
            job_id="c", tags=["paper"], dataset_id="d2", dataset_name="wine.csv",
            notes="My Second Try",
        )
    )  # fmt: skip

    assert ids(metadata.list_jobs("local", limit=9, where=where).items) == found


def test_a_filtered_list_is_paged_too(metadata: MetadataStore, new_job: NewJob) -> None:
    for number in range(9):
        metadata.add_job(new_job(tags=["odd"] if number % 2 else [], notes=f"{number % 2} odd"))

    where = JobFilter(tag="odd", text="1 ODD", status="pending", dataset_id="dataset-1")
    pages = walk(lambda after: metadata.list_jobs("local", limit=3, after=after, where=where))

    assert [ids(page) for page in pages] == [["job-008", "job-006", "job-004"], ["job-002"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param("%", ["100% wool.csv"], id="percent"),
        pytest.param("_", ["a_b.csv"], id="underscore"),
        pytest.param("a/b", ["a/b.csv"], id="slash"),
        pytest.param("\\", ["a\\b.csv"], id="backslash"),
        pytest.param("a_b", ["a_b.csv"], id="underscore as a character"),
        pytest.param("GRÖSSE", ["Größe.csv"], id="sharp s"),
        pytest.param("gro\u0308ße", ["Größe.csv"], id="decomposed umlaut"),
        pytest.param("ΣΊΣΥΦΟΣ", ["Σίσυφος.csv"], id="final sigma"),
        pytest.param("'", ["it's.csv"], id="quote"),
        pytest.param("\x00", ["nul\x00.csv"], id="nul"),
        pytest.param("🐧", ["🐧.csv"], id="beyond the basic plane"),
        pytest.param("%" * 100_000, [], id="longer than a pattern may be"),
    ],
)
def test_searched_text_means_its_characters(
    metadata: MetadataStore, new_dataset: NewDataset, wanted: str, found: list[str]
) -> None:
    for name in [
        "100% wool.csv", "a_b.csv", "a/b.csv", "a\\b.csv", "Größe.csv", "Σίσυφος.csv", "it's.csv",
        "nul\x00.csv", "🐧.csv", "axb.csv",
    ]:  # fmt: skip
        metadata.add_dataset(new_dataset(filename=name))

    page = metadata.list_datasets("local", limit=99, text=wanted)

    assert [dataset.filename for dataset in page.items] == found


def test_a_changed_job_is_found_by_what_it_is_now(metadata: MetadataStore, new_job: NewJob) -> None:
    metadata.add_job(new_job(job_id="j", tags=["old", "both"], notes="before"))
    update = {"tags": ["both", "new"], "notes": "after", "status": "failed", "is_deployed": True}
    metadata.update_job(metadata.get_job("j").model_copy(update=update))

    def found(where: JobFilter) -> list[str]:
        return ids(metadata.list_jobs("local", limit=9, where=where).items)

    assert found(JobFilter(tag="old")) == found(JobFilter(text="before")) == []
    assert found(JobFilter(tag="new")) == found(JobFilter(tag="both")) == ["j"]
    assert found(JobFilter(text="after")) == found(JobFilter(status="failed")) == ["j"]
    assert ids(metadata.list_deployed("local", limit=9).items) == ["j"]


def test_tags_of_different_owners_never_meet(metadata: MetadataStore, new_job: NewJob) -> None:
    for owner, tag in [("a", "b#c"), ("a#b", "c"), ("a%23b", "c"), ("a", "b")]:
        metadata.add_job(new_job(job_id=f"{owner} {tag}", owner_id=owner, tags=[tag]))

    assert [
        ids(metadata.list_jobs(owner, limit=9, where=JobFilter(tag=tag)).items)
        for owner, tag in [("a", "b#c"), ("a#b", "c"), ("a%23b", "c"), ("a", "c")]
    ] == [["a b#c"], ["a#b c"], ["a%23b c"], []]


def test_a_tag_given_twice_is_kept_as_given(metadata: MetadataStore, new_job: NewJob) -> None:
    metadata.add_job(new_job(job_id="j", tags=["twice", "twice"]))

    assert metadata.get_job("j").tags == ["twice", "twice"]
    assert ids(metadata.list_jobs("local", limit=9, where=JobFilter(tag="twice")).items) == ["j"]


def test_the_queue_holds_jobs_of_all_owners_oldest_first(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    for job_id, owner, status in [
        ("c", "ada", "pending"), ("b", "bob", "running"), ("a", "bob", "pending"),
        ("d", "ada", "failed"),
    ]:  # fmt: skip
        metadata.add_job(new_job(job_id=job_id, owner_id=owner, status=status))

    assert ids(metadata.jobs_with_status(["pending"])) == ["c", "a"]
    assert ids(metadata.jobs_with_status(iter(["pending", "running"]))) == ["c", "b", "a"]
    assert ids(metadata.jobs_with_status(["pending"], limit=1)) == ["c"]
    assert metadata.jobs_with_status([]) == []


def test_jobs_are_counted_by_status_owner_and_data_set(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    for owner, dataset, status in [
        ("ada", "d1", "pending"), ("ada", "d2", "running"), ("bob", "d1", "running"),
        ("ada", "d1", "completed"),
    ]:  # fmt: skip
        metadata.add_job(new_job(owner_id=owner, dataset_id=dataset, status=status))

    assert metadata.count_jobs(["pending", "running"]) == 3
    assert metadata.count_jobs(["pending", "running"], owner_id="ada") == 2
    assert metadata.count_jobs(iter(["pending", "running"]), dataset_id="d1") == 2
    assert metadata.count_jobs(["running"], owner_id="ada", dataset_id="d1") == 0
    assert metadata.count_jobs([]) == 0


# -- Progress -------------------------------------------------------------------------


def test_progress_is_overwritten_by_the_same_and_by_later_attempts(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    first = JobProgress(job_id="j", attempt=1, heartbeat_at=noon, progress=10)
    second = first.model_copy(update={"progress": 20.0, "message": AWKWARD})
    retried = first.model_copy(update={"attempt": 2, "progress": 0.0})

    assert metadata.get_progress("j") is None
    assert metadata.put_progress(first)
    assert metadata.put_progress(second)
    assert metadata.get_progress("j") == second
    assert metadata.put_progress(retried)
    assert metadata.get_progress("j") == retried


def test_progress_of_an_earlier_attempt_is_ignored(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    present = JobProgress(job_id="j", attempt=2, heartbeat_at=noon, progress=5)
    metadata.put_progress(present)

    is_kept = metadata.put_progress(
        JobProgress(job_id="j", attempt=1, heartbeat_at=noon + timedelta(minutes=1), progress=99)
    )

    assert not is_kept
    assert metadata.get_progress("j") == present


def test_progress_does_not_change_the_version_of_the_job(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))

    metadata.put_progress(JobProgress(job_id="j", attempt=1, heartbeat_at=noon))

    assert metadata.get_job("j").version == 0


def test_progress_of_a_deleted_job_is_not_kept(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    metadata.delete_job("j")

    assert not metadata.put_progress(JobProgress(job_id="j", attempt=1, heartbeat_at=noon))
    assert metadata.get_progress("j") is None


# -- Deployments and use --------------------------------------------------------------


def entry(deployment_id: str, at: datetime, **changes: object) -> Deployment:
    values = {"job_id": "j", "action": "deploy", "bundle_sha256": "b" * 64}
    return Deployment(deployment_id=deployment_id, created_at=at, updated_at=at, **values | changes)


def test_the_journal_is_read_newest_first_and_by_job(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    metadata.add_job(new_job(job_id="other"))
    first = entry("z", noon)
    second = entry("b", noon + timedelta(seconds=1), action="undeploy")
    same_moment = entry("a", noon + timedelta(seconds=1))
    for deployment in (first, second, same_moment, entry("o", noon, job_id="other")):
        metadata.add_deployment(deployment)

    assert metadata.deployments("j") == [same_moment, second, first]


def test_a_journal_entry_is_added_once_and_only_to_a_job_that_is_there(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    metadata.add_deployment(entry("a", noon))

    metadata.add_job(new_job(job_id="other"))

    with pytest.raises(ConflictError):
        metadata.add_deployment(entry("a", noon))
    with pytest.raises(ConflictError):
        metadata.add_deployment(entry("a", noon, job_id="other"))
    with pytest.raises(NotFoundError):
        metadata.add_deployment(entry("b", noon, job_id="nothing"))
    assert metadata.deployments("j") == [entry("a", noon)]
    assert metadata.deployments("other") == []


def test_deployed_models_are_paged_newest_job_first(
    metadata: MetadataStore, new_job: NewJob
) -> None:
    for number in range(6):
        metadata.add_job(new_job(is_deployed=number != 2))

    pages = walk(lambda after: metadata.list_deployed("local", limit=2, after=after))

    assert [ids(page) for page in pages] == [
        ["job-006", "job-005"],
        ["job-004", "job-002"],
        ["job-001"],
    ]


def test_use_is_counted_and_the_latest_moment_kept(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    later = noon + timedelta(minutes=1)
    assert metadata.get_use("j") is None

    metadata.note_use("j", at=later, n_predictions=10)
    metadata.note_use("j", at=noon, n_predictions=2**31)

    assert metadata.get_use("j") == ModelUse(
        job_id="j", last_used_at=later, n_predictions=2**31 + 10
    )


def test_no_use_is_lost_between_threads(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))

    race(20, lambda number: metadata.note_use("j", at=noon, n_predictions=number))

    use = metadata.get_use("j")
    assert use is not None
    assert use.n_predictions == sum(range(20))


# -- Deleting -------------------------------------------------------------------------


def test_a_deleted_job_takes_everything_of_it_along_and_nothing_else(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset, noon: datetime
) -> None:
    metadata.add_dataset(new_dataset(dataset_id="d"))
    for job_id in ("j", "other"):
        metadata.add_job(new_job(job_id=job_id, dataset_id="d", tags=["t"], is_deployed=True))
        metadata.put_progress(JobProgress(job_id=job_id, attempt=1, heartbeat_at=noon))
        metadata.add_deployment(entry(f"of {job_id}", noon, job_id=job_id))
        metadata.note_use(job_id, at=noon, n_predictions=1)

    metadata.delete_job("j")
    metadata.delete_job("j")

    with pytest.raises(NotFoundError):
        metadata.get_job("j")
    assert metadata.get_progress("j") is metadata.get_use("j") is None
    assert metadata.deployments("j") == []
    assert ids(metadata.list_jobs("local", limit=9, where=JobFilter(tag="t")).items) == ["other"]
    assert ids(metadata.list_deployed("local", limit=9).items) == ["other"]
    assert metadata.count_jobs(["pending"], dataset_id="d") == 1
    assert metadata.get_progress("other") is not None
    assert metadata.get_use("other") is not None
    assert len(metadata.deployments("other")) == 1
    assert metadata.get_dataset("d").dataset_id == "d"


def test_a_deleted_identifier_begins_anew(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j", tags=["old"]))
    metadata.put_progress(JobProgress(job_id="j", attempt=5, heartbeat_at=noon))
    metadata.delete_job("j")

    metadata.add_job(new_job(job_id="j"))

    assert metadata.get_progress("j") is None
    assert metadata.put_progress(JobProgress(job_id="j", attempt=1, heartbeat_at=noon))
    assert metadata.list_jobs("local", limit=9, where=JobFilter(tag="old")).items == []


def test_a_deleted_data_set_leaves_its_jobs(
    metadata: MetadataStore, new_job: NewJob, new_dataset: NewDataset
) -> None:
    metadata.add_dataset(new_dataset(dataset_id="d"))
    metadata.add_job(new_job(job_id="j", dataset_id="d"))

    metadata.delete_dataset("d")
    metadata.delete_dataset("d")

    assert metadata.list_datasets("local", limit=9).items == []
    assert metadata.get_job("j").dataset_id == "d"


def test_an_update_loses_against_a_deletion(metadata: MetadataStore, new_job: NewJob) -> None:
    metadata.add_job(new_job(job_id="j"))
    job = metadata.get_job("j")
    metadata.delete_job("j")

    with pytest.raises(NotFoundError):
        metadata.update_job(job)


# -- Idempotency ----------------------------------------------------------------------


def test_a_key_is_reserved_once_and_answers_afterwards(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    record = new_key()
    answered = record.model_copy(update={"status_code": 200, "body": AWKWARD})

    assert metadata.reserve_key(record, now=noon) is None
    assert metadata.reserve_key(record, now=noon) == record
    metadata.finish_key(answered)
    assert metadata.reserve_key(new_key(request_sha256="b" * 64), now=noon) == answered


def test_of_fifty_threads_exactly_one_reserves_a_key(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    records = [new_key(request_sha256=f"{number:064}") for number in range(50)]

    answers = race(50, lambda number: metadata.reserve_key(records[number], now=noon))

    assert answers.count(None) == 1
    winner = records[answers.index(None)]
    assert [answer for answer in answers if answer is not None] == [winner] * 49


def test_of_fifty_threads_exactly_one_takes_over_an_expired_key(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    for number in range(30):
        metadata.reserve_key(new_key(key=f"old {number}"), now=noon)
    metadata.reserve_key(new_key(), now=noon)
    tomorrow = noon + timedelta(hours=24)
    record = new_key(expires_at=tomorrow + timedelta(hours=24))

    answers = race(50, lambda _: metadata.reserve_key(record, now=tomorrow))

    assert answers.count(None) == 1


def test_an_expired_key_counts_as_absent_from_its_last_moment_on(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    record = new_key(expires_at=noon + timedelta(seconds=10))
    metadata.reserve_key(record, now=noon)
    renewed = new_key(expires_at=noon + timedelta(seconds=60), request_sha256="b" * 64)

    assert metadata.reserve_key(renewed, now=noon + timedelta(seconds=9.999999)) == record
    assert metadata.reserve_key(renewed, now=noon + timedelta(seconds=10)) is None
    assert metadata.reserve_key(record, now=noon + timedelta(seconds=11)) == renewed


def test_a_released_key_is_free_again(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    metadata.reserve_key(new_key(), now=noon)

    metadata.release_key("local", "press-once")
    metadata.release_key("local", "press-once")

    assert metadata.reserve_key(new_key(), now=noon) is None


def test_an_answered_key_is_neither_released_nor_answered_again(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    metadata.reserve_key(new_key(), now=noon)
    answered = new_key(status_code=200, body="first")
    metadata.finish_key(answered)

    metadata.release_key("local", "press-once")
    metadata.finish_key(new_key(status_code=200, body="second"))

    assert metadata.reserve_key(new_key(), now=noon) == answered


def test_an_answer_that_comes_after_another_request_took_the_key_is_dropped(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    metadata.reserve_key(new_key(expires_at=noon), now=noon)
    taken_over = new_key(request_sha256="b" * 64)
    metadata.reserve_key(taken_over, now=noon)

    metadata.finish_key(new_key(status_code=200, body="late"))

    assert metadata.reserve_key(new_key(), now=noon) == taken_over


def test_keys_of_different_owners_never_meet(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    assert metadata.reserve_key(new_key(owner_id="a", key="b:c"), now=noon) is None
    assert metadata.reserve_key(new_key(owner_id="a:b", key="c"), now=noon) is None
    assert metadata.reserve_key(new_key(owner_id="b", key="b:c"), now=noon) is None


def test_a_key_of_any_length_and_character_is_kept(
    metadata: MetadataStore, new_key: NewKey, noon: datetime
) -> None:
    record = new_key(key=AWKWARD * 200)

    assert metadata.reserve_key(record, now=noon) is None
    assert metadata.reserve_key(record, now=noon) == record


# -- Health ---------------------------------------------------------------------------


def test_a_working_store_answers_a_ping(metadata: MetadataStore) -> None:
    metadata.ping()


def test_times_are_read_back_aware(
    metadata: MetadataStore, new_job: NewJob, noon: datetime
) -> None:
    metadata.add_job(new_job(job_id="j"))
    metadata.note_use("j", at=noon, n_predictions=1)
    use = metadata.get_use("j")

    assert metadata.get_job("j").created_at.utcoffset() == timedelta(0)
    assert use is not None
    assert use.last_used_at == noon.astimezone(UTC)
