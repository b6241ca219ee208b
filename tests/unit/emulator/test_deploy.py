"""Terraform's plug-ins are found where installations put them."""

from __future__ import annotations

from pathlib import Path

import pytest

import deploy


def make_mirror(folder: Path) -> Path:
    (folder / "registry.terraform.io" / "hashicorp" / "aws" / "5.100.0").mkdir(parents=True)
    return folder


def test_the_folder_that_the_environment_names_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(tmp_path))

    assert deploy.find_provider_mirror() == tmp_path


def test_a_mirror_in_terraforms_own_place_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_PLUGIN_MIRROR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    mirror = make_mirror(tmp_path / ".terraform.d" / "plugins")

    assert deploy.find_provider_mirror() == mirror


def test_values_of_the_root_name_an_image_that_is_none(tmp_path: Path) -> None:
    variables = deploy.variables_of(tmp_path, "eu-central-1", ["0" * 64], log_level="debug")

    assert variables["training_image"].endswith("@sha256:" + "0" * 64)
    assert variables["log_level"] == "debug"
