"""Signatures."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.adapters.signing import MIN_SECRET_BYTES, Signer
from automl_core.errors import ConfigurationError

SIGNER = Signer(b"sixteen bytes at least")


def test_a_signature_is_an_hmac_sha256_in_hexadecimal() -> None:
    expected = hmac.new(b"sixteen bytes at least", b"6:cursor:text", hashlib.sha256).hexdigest()

    assert SIGNER.sign("cursor", "text") == expected


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_a_signature_is_good_for_its_purpose_and_text_only(
    purpose: str, text: str, other_purpose: str, other_text: str
) -> None:
    signature = SIGNER.sign(purpose, text)

    is_same = (purpose, text) == (other_purpose, other_text)
    assert SIGNER.verify(purpose, text, signature)
    assert SIGNER.verify(other_purpose, other_text, signature) is is_same


@pytest.mark.parametrize("signature", ["", "0" * 64, "ä", "\ud800", "\x00", "x" * 100_000])
def test_any_other_text_is_no_signature(signature: str) -> None:
    assert not SIGNER.verify("cursor", "text", signature)


def test_a_signature_in_capitals_or_with_a_blank_is_none() -> None:
    signature = SIGNER.sign("cursor", "text")

    assert not SIGNER.verify("cursor", "text", signature.upper())
    assert not SIGNER.verify("cursor", "text", signature + " ")


def test_another_secret_signs_otherwise() -> None:
    other = Signer(b"sixteen bytes at most?")

    assert not other.verify("cursor", "text", SIGNER.sign("cursor", "text"))


def test_a_short_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="AUTOML_SIGNING_KEY") as caught:
        Signer(b"x" * (MIN_SECRET_BYTES - 1))

    assert "xxx" not in caught.value.detail


def test_the_secret_is_not_shown() -> None:
    assert "sixteen" not in repr(SIGNER)


def test_a_secret_that_is_fetched_is_fetched_once_and_not_before_it_is_needed() -> None:
    asked: list[str] = []

    def fetch() -> bytes:
        asked.append("asked")
        return b"sixteen bytes at least"

    signer = Signer(fetch)
    before = list(asked)
    signature = signer.sign("cursor", "text")

    assert before == []
    assert signer.verify("cursor", "text", signature)
    assert SIGNER.verify("cursor", "text", signature)
    assert asked == ["asked"]


def test_a_fetched_secret_that_is_too_short_is_refused_when_it_is_used() -> None:
    signer = Signer(lambda: b"short")

    with pytest.raises(ConfigurationError, match="5 bytes"):
        signer.sign("cursor", "text")
