"""Bases of all API models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request's body: an unknown field is an error, never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """An answer: fields with a default are always there, and the schema says so.

    Its validator is built at its first use, as a Lambda function starts anew for one request,
    which needs few of them. Bodies are no candidates: the adapter that FastAPI makes of one
    would be put off too, and then warn of the alias that FastAPI gave it.
    """

    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True, defer_build=True
    )
