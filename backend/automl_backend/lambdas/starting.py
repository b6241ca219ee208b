"""To be imported before all else by a function whose imports are many.

Three things that a process does while it starts are of no use to a function:

- Imports make a hundred thousand objects that stay. The garbage collector looks through them
  again and again meanwhile, finds nothing, and takes a tenth of the time of a start.
- pydantic builds a validator with each model, FastAPI's own fifty for the OpenAPI document
  among them: another tenth. Put off, each is built by whoever first uses it.
- pydantic looks for plugins in the metadata of every installed library, and there are none.
"""

from __future__ import annotations

import gc
import os

#: Only in Lambda: tools that look at modules keep their garbage collector.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from pydantic import BaseModel

    # The default of every model that is defined from here on.
    BaseModel.model_config["defer_build"] = True


def started() -> None:
    """End the start: garbage is collected from now on, and what is there is no garbage."""
    gc.freeze()
    gc.enable()
