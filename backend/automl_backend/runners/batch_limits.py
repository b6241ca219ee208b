"""How long AWS Batch may take to read a large upload."""

from __future__ import annotations

#: A gigabyte is read and profiled in a few minutes; half an hour means that it hangs.
READ_LIMIT_S = 1800
#: Waiting for a machine, then two tries of Batch at the limit: nothing reads after that.
READING_LIMIT_S = 2 * READ_LIMIT_S + 1200
