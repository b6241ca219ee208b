"""Thrift's compact protocol, as far as the footers of Parquet files need it.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

_LONG_LIST: Final = 15
_MAX_DELTA: Final = 15


class Value(NamedTuple):
    """A value on the wire: its type's number and its bytes."""

    kind: int
    data: bytes


TRUE: Final = Value(1, b"")
FALSE: Final = Value(2, b"")


def varint(number: int) -> bytes:
    """A number from 0 on, seven bits a byte, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


@lru_cache(maxsize=4096)
def i32(number: int) -> Value:
    """A whole number of up to 32 bits."""
    return Value(5, varint(number << 1 ^ number >> 31))


def i64(number: int) -> Value:
    """A whole number of up to 64 bits."""
    return Value(6, varint(number << 1 ^ number >> 63))


def text(content: str) -> Value:
    """UTF-8."""
    data = content.encode()
    return Value(8, varint(len(data)) + data)


def listed(values: Sequence[Value]) -> Value:
    """Values of one type, at least one."""
    size, kind = len(values), values[0].kind
    head = (
        bytes([size << 4 | kind])
        if size < _LONG_LIST
        else bytes([_LONG_LIST << 4 | kind]) + varint(size)
    )
    return Value(9, head + b"".join(value.data for value in values))


@lru_cache(maxsize=1024)
def _field(delta: int, number: int, kind: int) -> bytes:
    if delta <= _MAX_DELTA:
        return bytes([delta << 4 | kind])
    return bytes([kind]) + varint(number << 1)


def struct(fields: Mapping[int, Value]) -> Value:
    """Fields by their number.

    >>> struct({1: i32(1), 20: text("a")}).data.hex()
    '15020828016100'
    """
    parts = []
    before = 0
    for number, value in sorted(fields.items()):
        parts.append(_field(number - before, number, value.kind))
        parts.append(value.data)
        before = number
    return Value(12, b"".join(parts) + b"\0")
