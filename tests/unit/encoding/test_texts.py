"""Free text becomes counts of its frequent words, the same on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from automl_core.bundle.runtime import (
    CHARACTERS_AT_ONCE,
    TEXTS_AT_ONCE,
    BundleError,
    Encoder,
    InputError,
    split_texts,
    split_words,
    word_bucket,
)
from automl_core.bundle.serving import model_info
from automl_training.encoding.texts import (
    MAX_ALL_BUCKETS,
    MAX_BUCKETS,
    MAX_TEXT_CELLS,
    MIN_BUCKET_ROWS,
    MIN_BUCKETS,
    N_BUCKETS,
)
from automl_training.encoding.texts import (
    fit_texts as fit_column,
)

NOTES = ["The door squeaks", "door, DOOR and window", "a window", None, "NA", "door"] * 5


def counts(spec: dict[str, Any], text: Any) -> dict[str, float]:
    encoder = Encoder([spec])
    row = encoder.encode_rows([{spec["name"]: text}])[0].tolist()
    return dict(zip(encoder.feature_names, row, strict=True))


def bucket(word: str) -> str:
    return f"note:word_{word_bucket(word, N_BUCKETS)}"


def test_a_text_is_its_length_its_words_and_how_often_frequent_ones_occur(fit_texts):
    (spec,) = fit_texts(note=NOTES)

    found = counts(spec, " Doors: DOOR, door; ")
    assert (found["note:characters"], found["note:words"]) == (18, 3)
    assert found[bucket("door")] == 2
    assert found[bucket("window")] == 0
    assert bucket("doors") not in found


def test_words_of_too_few_training_rows_are_not_counted(fit_texts):
    often = ["often"] * MIN_BUCKET_ROWS
    seldom = ["seldom"] * (MIN_BUCKET_ROWS - 1)

    (spec,) = fit_texts(note=often + seldom + ["often"] * 9, rows=list(range(9)))

    assert spec["buckets"] == [word_bucket("often", N_BUCKETS)]


def test_a_word_repeated_in_one_row_is_one_row(fit_texts):
    (spec,) = fit_texts(note=["echo " * 50, "other"])

    assert spec["buckets"] == []


def test_the_words_of_most_rows_are_kept(fit_texts):
    words = [f"w{at}" for at in range(MAX_BUCKETS + 50)]
    texts = [" ".join(words), " ".join(words[:MAX_BUCKETS])] * MIN_BUCKET_ROWS

    (spec,) = fit_texts(note=texts)

    assert spec["buckets"] == sorted(word_bucket(word, N_BUCKETS) for word in words[:MAX_BUCKETS])


def test_many_text_columns_share_the_places(fit_texts):
    texts = [" ".join(f"w{at}" for at in range(MAX_BUCKETS))] * MIN_BUCKET_ROWS

    four = fit_texts(**{f"c{at}": texts for at in range(4)})
    hundred = fit_texts(**{f"c{at}": texts for at in range(100)})

    assert [len(spec["buckets"]) for spec in four] == [MAX_ALL_BUCKETS // 4] * 4
    assert {len(spec["buckets"]) for spec in hundred} == {MIN_BUCKETS}


def test_a_long_table_gets_fewer_places_for_words():
    n_rows = MAX_TEXT_CELLS // 20
    texts = np.array([None] * n_rows, dtype=object)
    texts[:MIN_BUCKET_ROWS] = " ".join(f"w{at}" for at in range(50))

    learned = fit_column(texts, {"missing_tokens": []}, n_columns=1)

    assert len(learned["buckets"]) == 20


def test_a_missing_text_has_no_words(fit_texts):
    (spec,) = fit_texts(note=NOTES)

    for nothing in (None, "", "  ", "NA", float("nan")):
        assert set(counts(spec, nothing).values()) == {0.0}
    assert spec["n_missing"] == 10
    assert [note.message for note in Encoder([spec]).notes({"note": None})] == [
        "No value for 'note'; taken as a text without words."
    ]
    assert Encoder([spec]).notes({"note": "quite new words"}) == []


def test_the_manifest_holds_numbers_instead_of_words(fit_texts):
    (spec,) = fit_texts(note=["the patient Smith"] * 9 + ["short"])

    text = json.dumps(spec | {"typical": None})
    assert (spec["kind"], spec["typical"]) == ("text", "the patient Smith")
    assert "patient" not in text
    assert "smith" not in text.casefold()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Don't stop", ["don", "t", "stop"], id="signs-part-words"),
        pytest.param("STRASSE Straße", ["strasse", "strasse"], id="case-folded"),
        pytest.param("cafe\u0301 café", ["café", "café"], id="accents-in-parts"),
        pytest.param("日本 ab", ["日", "本", "ab"], id="no-blanks-between-words"),
        pytest.param("ok😀😀", ["ok", "😀", "😀"], id="emoji"),
        pytest.param("Привет, мир", ["привет", "мир"], id="cyrillic"),
        pytest.param("مرحبا، عالم", ["مرحبا", "عالم"], id="arabic-comma"),
        pytest.param("a_b 3.14", ["a", "b", "3", "14"], id="numbers"),
        pytest.param("x\0y \ud800z", ["x", "y", "z"], id="nul-and-half-a-character"),
        pytest.param(" \t\n", [], id="blank"),
    ],
)
def test_texts_are_split_alone_and_together_into_the_same_words(text: str, words: list[str]):
    assert split_words(text) == words
    assert split_texts(["other", text]) == ["other", "\0", *words, "\0"]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["one two"] * (TEXTS_AT_ONCE + 3), id="many"),
        pytest.param(["a", "b " * CHARACTERS_AT_ONCE, "", "c", "d"], id="long"),
        pytest.param([], id="none"),
    ],
)
def test_many_and_long_texts_are_counted_in_runs_like_each_alone(fit_texts, texts: list[str]):
    (spec,) = fit_texts(note=["a b c d one two"] * MIN_BUCKET_ROWS)
    encoder = Encoder([spec])

    found = encoder.encode({"note": texts}, len(texts))

    alone = {text: encoder.encode_rows([{"note": text}])[0].tolist() for text in set(texts)}
    assert found.tolist() == [alone[text] for text in texts]


def test_words_have_the_same_number_everywhere():
    numbers = [word_bucket(word, N_BUCKETS) for word in ("door", "straße", "日")]

    assert numbers == [349229, 1004237, 147130]


@pytest.mark.parametrize("locale", ["C", "tr_TR.UTF-8"])
def test_no_locale_changes_a_word(locale: str):
    script = (
        "from automl_core.bundle.runtime import split_words; print(ascii(split_words('TITLE İI')))"
    )
    environment = {**os.environ, "LC_ALL": locale, "PYTHONHASHSEED": "7"}

    printed = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True
    ).stdout

    assert printed.strip() == ascii(split_words("TITLE İI"))


@pytest.mark.parametrize("value", [[1], {"a": 1}, 10**400])
def test_what_is_no_text_is_refused_in_a_request_and_missing_in_a_table(fit_texts, value: Any):
    (spec,) = fit_texts(note=NOTES)
    encoder = Encoder([spec])

    with pytest.raises(InputError, match="column 'note' expects a text"):
        encoder.encode_rows([{"note": value}])
    assert not encoder.encode({"note": [value]}, 1).any()


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (3, "3"), (2.5, "2.5"), (3.0, "3"), (np.int64(4), "4")]
)
def test_other_values_are_read_as_they_are_written(fit_texts, value: Any, text: str):
    (spec,) = fit_texts(note=NOTES)

    assert counts(spec, value) == counts(spec, text)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"n_buckets": 0}, id="no-buckets"),
        pytest.param({"n_buckets": "many"}, id="no-number"),
        pytest.param({"buckets": [N_BUCKETS]}, id="beyond"),
        pytest.param({"buckets": [7, 7]}, id="twice"),
        pytest.param({"buckets": ["door"]}, id="words"),
    ],
)
def test_a_column_that_does_not_hold_together_is_refused(fit_texts, changes: dict[str, Any]):
    (spec,) = fit_texts(note=NOTES)

    with pytest.raises(BundleError, match="'note'"):
        Encoder([spec | changes])


def test_a_form_asks_for_a_text_as_text(fit_texts):
    (spec,) = fit_texts(note=NOTES)
    job = SimpleNamespace(job_id="j", target_column="t", model_family="lightgbm", bundle_sha256="0")

    info = model_info(job, {"task": "regression", "columns": [spec], "target": {"classes": []}})

    (field,) = info["fields"]
    assert (field["type"], field["input"], field["allowed_values"]) == ("text", "text", [])
    assert field["example"] in NOTES
