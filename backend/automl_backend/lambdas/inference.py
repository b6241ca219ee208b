"""Function ``inference``: predictions with numpy and onnxruntime, and nothing else.

Everything that takes time is done here, at import: Lambda gives a starting function its full
speed, whatever its memory. There is neither boto3 nor pydantic nor a web framework; a test
holds this module against that list. Powertools are not here either: importing its logger takes
half as long as numpy and onnxruntime together, for lines that ``automl_core.logs`` writes too.
"""

from __future__ import annotations

import os
from typing import Any, Final

# Imported for its cost: onnxruntime must not be loaded by the first request.
import automl_core.bundle.runtime  # noqa: F401
from automl_backend.lambdas.inference_wiring import InferenceSettings, assemble
from automl_core.logs import configure_logs

_SETTINGS: Final = InferenceSettings(os.environ)
configure_logs(_SETTINGS.log_level)
_ANSWER: Final = assemble(_SETTINGS)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event of the HTTP API (payload format 2.0)."""
    return _ANSWER(event, context)
