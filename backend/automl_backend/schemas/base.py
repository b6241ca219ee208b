"""Bases of all API models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request's body: an unknown field is an error, never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """An answer: fields with a default are always there, and the schema says so."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)
