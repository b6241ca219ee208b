"""To be imported before all else by a function whose imports are many.

Imports make a hundred thousand objects that stay. The garbage collector looks through them
again and again meanwhile, finds nothing, and takes a tenth of the time of a start.
"""

from __future__ import annotations

import gc
import os

#: Only there does a process start for this alone; tools that look at modules keep their garbage
#: collector.
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    gc.disable()


def started() -> None:
    """End the start: garbage is collected from now on, and what is there is no garbage."""
    gc.freeze()
    gc.enable()
