"""Pages of lists: one Query each, however many records there are.

What an index holds whole comes with the Query. What a tag or a search finds are
positions; their records follow with one BatchGetItem, and are shown only if they are
still what was asked for: indexes are a moment behind the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

from automl_core.adapters import dynamodb_keys as keys
from automl_core.adapters.dynamodb_items import RECORD, Item, key_of, texts, unpack
from automl_core.adapters.dynamodb_reads import Answer, Reader, Search
from automl_core.adapters.dynamodb_tables import POSITION
from automl_core.adapters.search_text import dataset_text, fold, job_text
from automl_core.ports import JobFilter, Page, Position
from automl_core.records import Dataset, Job, OwnedRecord

R = TypeVar("R", bound=OwnedRecord)


@dataclass(frozen=True)
class Shelf(Generic[R]):
    """Where records of one kind lie, and how they are read."""

    table: str
    model: type[R]
    key: Callable[[str], Item]
    """Primary key of the record with an identifier."""

    def read(self, item: Item) -> R:
        """Read a record from its item."""
        return self.model.model_validate_json(unpack(item[RECORD]))


def dataset_shelf(table: str) -> Shelf[Dataset]:
    """The data sets."""
    return Shelf(table, Dataset, lambda dataset_id: texts(dataset_id=dataset_id))


def job_shelf(table: str) -> Shelf[Job]:
    """The jobs."""
    return Shelf(table, Job, lambda job_id: key_of(keys.job_pk(job_id), keys.JOB))


@dataclass(frozen=True)
class Pages:
    """Reads the pages of every list, newest record first."""

    reader: Reader
    all_datasets: Shelf[Dataset]
    all_jobs: Shelf[Job]

    def datasets(
        self, owner_id: str, text: str, *, limit: int, after: Position | None
    ) -> Page[Dataset]:
        """Page of an owner's data sets."""
        if not keys.is_identifier(owner_id) or not keys.is_text(text):
            return Page()
        table, wanted = self.all_datasets.table, fold(text)
        if not text:
            search = Search(table, "owner_key", owner_id, index="by_owner")
            return self._held(self.all_datasets, search, limit, after)
        search = Search(
            table,
            "owner_key",
            owner_id,
            index="by_text",
            filter="contains(#search_text, :text)",
            values=texts(**{":text": wanted}),
        )
        return self._pointed_to(
            self.all_datasets,
            search,
            lambda dataset: wanted in dataset_text(dataset),
            limit,
            after,
        )

    def jobs(
        self, owner_id: str, where: JobFilter, *, limit: int, after: Position | None
    ) -> Page[Job]:
        """Page of an owner's jobs."""
        asked = {name: value for name, value in vars(where).items() if value is not None}
        text = asked.pop("text", "")
        if not all(map(keys.is_identifier, [owner_id, *asked.values()])) or not keys.is_text(text):
            return Page()
        table, names = self.all_jobs.table, set(asked) | ({"text"} if text else set())
        if not names:
            search = Search(table, "owner_key", owner_id, index="by_owner")
        elif names == {"status"}:
            hash_value = keys.status_key(owner_id, asked["status"])
            search = Search(table, "status_key", hash_value, index="by_status")
        elif names == {"dataset_id"}:
            search = Search(
                table,
                "dataset_key",
                asked["dataset_id"],
                index="by_dataset",
                filter="#owner_key = :owner",
                values=texts(**{":owner": owner_id}),
            )
        else:
            return self._jobs_found(owner_id, asked, fold(text), limit=limit, after=after)
        return self._held(self.all_jobs, search, limit, after)

    def deployed(self, owner_id: str, *, limit: int, after: Position | None) -> Page[Job]:
        """Page of an owner's jobs whose model is deployed."""
        if not keys.is_identifier(owner_id):
            return Page()
        search = Search(self.all_jobs.table, "deployed_key", owner_id, index="by_deployed")
        return self._held(self.all_jobs, search, limit, after)

    def oldest(self, statuses: frozenset[str], *, limit: int) -> list[str]:
        """Positions of all owners' jobs that have one of the statuses, oldest first."""
        places: set[str] = set()
        for status in statuses:
            search = replace(self._queue(status), limit=limit, is_newest_first=False)
            places.update(islice(self._places(search), limit))
        return sorted(places)[:limit]

    def count(
        self, statuses: frozenset[str], *, owner_id: str | None, dataset_id: str | None
    ) -> int:
        """Count jobs that have one of the statuses."""
        named = [name for name in (owner_id, dataset_id) if name is not None]
        if not statuses or not all(map(keys.is_identifier, named)):
            return 0
        table = self.all_jobs.table
        if dataset_id is not None:
            values = {f":status{number}": status for number, status in enumerate(statuses)}
            condition = f"#status IN ({', '.join(values)})"
            if owner_id is not None:
                condition += " AND #owner_key = :owner"
                values[":owner"] = owner_id
            of_dataset = Search(table, "dataset_key", dataset_id, index="by_dataset")
            searches = [replace(of_dataset, filter=condition, values=texts(**values))]
        elif owner_id is not None:
            searches = [
                Search(table, "status_key", keys.status_key(owner_id, status), index="by_status")
                for status in statuses
            ]
        else:
            searches = [self._queue(status) for status in statuses]
        # As a set: a job that changes its status now may stand under both.
        return len({place for search in searches for place in self._places(search)})

    def _queue(self, status: str) -> Search:
        return Search(self.all_jobs.table, "queue_key", status, index="by_queue")

    def _places(self, search: Search) -> Iterator[str]:
        for item in self.reader.query_all(replace(search, attributes=(POSITION,))):
            yield item[POSITION]["S"]

    def _jobs_found(
        self,
        owner_id: str,
        asked: dict[str, str],
        text: str,
        *,
        limit: int,
        after: Position | None,
    ) -> Page[Job]:
        def is_wanted(job: Job) -> bool:
            return (
                job.owner_id == owner_id
                and asked.get("status", job.status) == job.status
                and asked.get("dataset_id", job.dataset_id) == job.dataset_id
                and ("tag" not in asked or asked["tag"] in job.tags)
                and text in job_text(job)
            )

        table = self.all_jobs.table
        if set(asked) == {"tag"} and not text:
            # The partition holds nothing else: as many as are shown are read.
            search = Search(
                table, "pk", keys.tag_pk(owner_id, asked["tag"]), range_name="sk", limit=limit + 1
            )
            return self._pointed_to(self.all_jobs, search, is_wanted, limit, after)
        conditions = {
            "status": "#status = :status",
            "dataset_id": "#dataset_id = :dataset_id",
            "tag": "contains(#tags, :tag)",
        }
        filters = [conditions[name] for name in asked]
        values = {f":{name}": value for name, value in asked.items()}
        if text:
            filters.append("contains(#search_text, :text)")
            values[":text"] = text
        search = Search(
            table,
            "owner_key",
            owner_id,
            index="by_text",
            filter=" AND ".join(filters),
            values=texts(**values),
        )
        return self._pointed_to(self.all_jobs, search, is_wanted, limit, after)

    def _held(self, shelf: Shelf[R], search: Search, limit: int, after: Position | None) -> Page[R]:
        """Page of a list whose index holds the records."""
        # One more than asked for tells whether there is another page.
        answer = self.reader.query(
            replace(_after(search, after), attributes=(RECORD, search.range_name), limit=limit + 1)
        )
        records = [shelf.read(item) for item in answer.items[:limit]]
        return Page(records, _next(search, answer, limit))

    def _pointed_to(
        self,
        shelf: Shelf[R],
        search: Search,
        is_wanted: Callable[[R], bool],
        limit: int,
        after: Position | None,
    ) -> Page[R]:
        """Page of a list of positions, whose records are fetched."""
        answer = self.reader.query(replace(_after(search, after), attributes=(search.range_name,)))
        places = [item[search.range_name]["S"] for item in answer.items[:limit]]
        wanted_keys = [shelf.key(keys.read_position(place).record_id) for place in places]
        items = self.reader.get_many(shelf.table, wanted_keys, RECORD, POSITION)
        by_place = {item[POSITION]["S"]: shelf.read(item) for item in items}
        records = [by_place[place] for place in places if place in by_place]
        page = [record for record in records if is_wanted(record)]
        return Page(page, _next(search, answer, limit))


def _after(search: Search, after: Position | None) -> Search:
    if after is None:
        return search
    return replace(search, before=keys.position(after.created_at, after.record_id))


def _next(search: Search, answer: Answer, limit: int) -> Position | None:
    """Where the next page begins; None if this one ends the list.

    A Query stops after a megabyte: its page may be short, and the list still goes on.
    """
    if len(answer.items) > limit:
        last: Item | None = answer.items[limit - 1]
    else:
        last = answer.last_key
    return None if last is None else keys.read_position(last[search.range_name]["S"])
