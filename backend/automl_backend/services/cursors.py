"""List cursors: opaque, signed, bound to the owner and the filter of the list."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from automl_core.errors import CursorInvalidError
from automl_core.ports import Position
from automl_core.records import utc_text

PURPOSE = "cursor"

_REFUSED = "The next_token was changed, or belongs to another list; start again without it."


class Signs(Protocol):
    """The part of the signer that cursors need."""

    def sign(self, purpose: str, text: str) -> str: ...

    def verify(self, purpose: str, text: str, signature: str) -> bool: ...


@dataclass(frozen=True, eq=False, repr=False)
class Cursors:
    """Turns a position in a list into a token and back."""

    signer: Signs

    def write(
        self, position: Position | None, *, owner_id: str, where: Mapping[str, object]
    ) -> str | None:
        """Make the token of the next page; None when there is none."""
        if position is None:
            return None
        place = json.dumps([utc_text(position.created_at), position.record_id])
        signature = self.signer.sign(PURPOSE, _signed_text(place, owner_id, where))
        return base64.urlsafe_b64encode(f"{signature}|{place}".encode()).decode().rstrip("=")

    def read(
        self, token: str | None, *, owner_id: str, where: Mapping[str, object]
    ) -> Position | None:
        """Read a token back.

        Raises
        ------
        CursorInvalidError
            If it was edited, or made for another owner or filter.
        """
        if token is None:
            return None
        try:
            text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        except (binascii.Error, ValueError) as error:
            raise CursorInvalidError(_REFUSED, pointer="/query/next_token") from error
        signature, _, place = text.partition("|")
        if not self.signer.verify(PURPOSE, _signed_text(place, owner_id, where), signature):
            raise CursorInvalidError(_REFUSED, pointer="/query/next_token")
        created_at, record_id = json.loads(place)
        return Position(created_at=datetime.fromisoformat(created_at), record_id=record_id)


def _signed_text(place: str, owner_id: str, where: Mapping[str, object]) -> str:
    # Hashed, so that no owner or filter text can be made to look like another field.
    bound = json.dumps([owner_id, sorted(where.items())])
    return f"{hashlib.sha256(bound.encode()).hexdigest()}|{place}"
