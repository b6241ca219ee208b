"""One wish, one effect: the answer to a write is kept for whoever repeats it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from automl_backend.services.access import Caller
from automl_core.errors import ConflictError, IdempotencyMismatchError, InvalidInputError
from automl_core.ports import MetadataStore
from automl_core.records import IdempotencyKey

#: Contract of the API: a key answers for a day.
KEPT_FOR = timedelta(hours=24)
MAX_KEY_CHARACTERS = 255
#: A reservation whose holder died is free again after this time.
RESERVED_FOR = timedelta(minutes=2)
#: How long a repeated request waits for the first one before it is told to come back.
WAIT_S = 10.0
POLL_S = 0.05

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, eq=False, repr=False)
class Idempotency:
    """Runs a write once for each key of an owner."""

    metadata: MetadataStore
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def once(
        self,
        caller: Caller,
        key: str | None,
        *,
        request: str,
        answer_type: type[Answer],
        run: Callable[[], Answer],
    ) -> Answer:
        """Run a write, or give the answer it gave before.

        Parameters
        ----------
        caller : Caller
            Keys of different owners never meet.
        key : str or None
            What the client sent; None: no promise was asked for.
        request : str
            Operation and body; the same key with another request is refused.
        answer_type : type
            Model of the answer, to read a kept one back.
        run : callable
            The write. If it raises, the key is free again: nothing is kept of a refusal.

        Raises
        ------
        IdempotencyMismatchError
            If the key was used for another request.
        ConflictError
            If the first request with this key is still being answered.
        """
        if key is None:
            return run()
        if not key.strip() or len(key) > MAX_KEY_CHARACTERS:
            raise InvalidInputError(
                f"The Idempotency-Key has {len(key)} characters; send 1 to {MAX_KEY_CHARACTERS}.",
                pointer="/header/idempotency-key",
            )
        now = self.now()
        wish = IdempotencyKey(
            owner_id=caller.owner_id,
            project_id=caller.project_id,
            created_at=now,
            updated_at=now,
            key=key,
            request_sha256=hashlib.sha256(request.encode()).hexdigest(),
            expires_at=now + RESERVED_FOR,
        )
        kept = self._reserve(wish)
        if kept is not None:
            return answer_type.model_validate_json(kept.body)
        is_answered = False
        try:
            answer = run()
            self.metadata.finish_key(
                wish.model_copy(
                    update={
                        "status_code": 200,
                        "body": answer.model_dump_json(),
                        "expires_at": self.now() + KEPT_FOR,
                    }
                )
            )
            is_answered = True
        finally:
            if not is_answered:
                self.metadata.release_key(caller.owner_id, key)
        return answer

    def _reserve(self, wish: IdempotencyKey) -> IdempotencyKey | None:
        """Reserve the key, or wait for the answer of whoever holds it."""
        for _ in range(round(WAIT_S / POLL_S)):
            kept = self.metadata.reserve_key(wish, now=self.now())
            if kept is None:
                return None
            if kept.request_sha256 != wish.request_sha256:
                raise IdempotencyMismatchError(
                    f"The Idempotency-Key {wish.key!r} came with another body before;"
                    " use a new key for a new wish.",
                    pointer="/header/idempotency-key",
                )
            if kept.status_code is not None:
                return kept
            self.sleep(POLL_S)
        raise ConflictError(
            f"The first request with the Idempotency-Key {wish.key!r} is still being answered;"
            " send it again in a few seconds."
        )
