"""What the child tells its parent: one JSON line an event, appended and flushed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from automl_training.search.records import EVENTS

EventName = Literal["validation", "search_over", "note", "ensemble", "fitted", "failed"]


class EventWriter:
    """Appends events; each is on disk when the call returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS

    def tell(self, event: EventName, text: str, **values: Any) -> None:
        """Tell one thing in words, with values for the parent's own use."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "text": text, **values}) + "\n")


class EventReader:
    """Reads each event once; a line that is still being written waits for the next call."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._read_bytes = 0

    def read(self) -> list[dict[str, Any]]:
        """Give the events since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]
