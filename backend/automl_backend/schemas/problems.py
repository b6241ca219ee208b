"""Problem documents, as the API's document describes them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ProblemError(BaseModel):
    """One part of the input that is wrong."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    pointer: str | None = Field(description="JSON pointer into the body, or /query/…, /header/….")
    message: str


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what would repair it, for people.")
    instance: str
    code: str = Field(description="Stable name of the problem, for programs.")
    request_id: str
    errors: list[ProblemError] = Field(default_factory=list)
