"""To whom records belong while there are no accounts; needs no library."""

from __future__ import annotations

LOCAL_OWNER = "local"
DEFAULT_PROJECT = "default"
