"""Bases of all API models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request's body: an unknown field is an error, never silently ignored.

    Its validator is built at once, whatever the default: FastAPI's adapter of a body would be
    put off with it, and then warn of the alias that FastAPI gave it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=False)


class View(BaseModel):
    """An answer: fields with a default are always there, and the schema says so.

    Its validator is built at its first use, as a Lambda function starts anew for one request,
    which needs few of them.
    """

    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True, defer_build=True
    )
