"""The Dockerfiles hold what the project promises of its containers."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted(
    path
    for path in ROOT.glob("**/Dockerfile*")
    if not {".venv", "node_modules", ".terraform"} & set(path.relative_to(ROOT).parts)
)
TRAINING = ROOT / "training" / "Dockerfile"
PLATFORM = ROOT / "backend" / "Dockerfile"

every_dockerfile = pytest.mark.parametrize(
    "path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT))
)


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    word: str
    text: str

    @property
    def words(self) -> list[str]:
        """What follows the instruction, as a shell or the exec form splits it."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return shlex.split(self.text)


@dataclass
class Stage:
    """One stage of a build."""

    base: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [each for each in self.instructions if each.word == word]

    def last(self, word: str) -> Instruction:
        return self.all(word)[-1]


def read_stages(path: Path) -> list[Stage]:
    """Split a Dockerfile into its stages."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, *named = rest.split()
            stages.append(Stage(base, named[1] if named else None))
        else:
            stages[-1].instructions.append(Instruction(word, rest.strip()))
    return stages


def environment_of(path: Path) -> dict[str, str]:
    """What the final image sets, its own stages below it included."""
    stages = read_stages(path)
    named = {stage.name: stage for stage in stages if stage.name}
    chain = [stages[-1]]
    while chain[-1].base in named:
        chain.append(named[chain[-1].base])
    pairs = [
        pair.partition("=")
        for stage in reversed(chain)
        for instruction in stage.all("ENV")
        for pair in instruction.words
    ]
    return {name: value for name, _, value in pairs}


def test_both_containers_are_there():
    assert {TRAINING, PLATFORM} <= set(DOCKERFILES)


@every_dockerfile
def test_every_base_is_pinned_by_digest_and_names_its_version(path: Path):
    stages = read_stages(path)
    names = {stage.name for stage in stages}

    bases = [stage.base for stage in stages if stage.base not in names]

    assert bases
    for base in bases:
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}", base), base


def test_all_containers_stand_on_the_same_python():
    bases = {
        stage.base
        for path in DOCKERFILES
        for stage in read_stages(path)
        if "/python:" in stage.base
    }

    assert len(bases) == 1
    assert re.search(r"/python:3\.13\.\d+-slim-", bases.pop())


@every_dockerfile
def test_the_user_is_a_number_and_not_root(path: Path):
    user = read_stages(path)[-1].last("USER").text

    # A number: Kubernetes' runAsNonRoot and the like cannot tell who a name is.
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)


@every_dockerfile
def test_what_is_copied_exists_and_is_no_whole_tree(path: Path):
    copies = [
        instruction.words
        for stage in read_stages(path)
        for instruction in stage.all("COPY") + stage.all("ADD")
        if not any(word.startswith("--from=") for word in instruction.words)
    ]
    sources = [word for words in copies for word in words[:-1] if not word.startswith("--")]

    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {".", "./", "/"}.isdisjoint(sources)


@every_dockerfile
def test_packages_come_hash_checked_pinned_and_ready_made(path: Path):
    runs = [run.text for stage in read_stages(path) for run in stage.all("RUN")]
    installs = [
        part
        for run in runs
        for part in re.split(r"&&|;", run)
        if re.search(r"pip\b.* install ", part)
    ]

    foreign = [each for each in installs if "-r requirements/" in each]
    own = [each for each in installs if "-r requirements/" not in each]

    assert foreign
    for each in foreign:
        assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(each.split())
    # Our own members, as wheels made in the build, and from nowhere else.
    for each in own:
        assert {"--no-index", "--no-deps"} <= set(each.split())


@every_dockerfile
def test_no_build_tool_is_left_in_the_image(path: Path):
    stages = read_stages(path)
    final = " ".join(run.text for run in stages[-1].all("RUN"))
    everything = " ".join(run.text for stage in stages for run in stage.all("RUN"))

    assert "pip uninstall" in final
    assert "--without-pip /opt/automl" in everything
    assert not re.search(
        r"apt-get install[^&]*\b(gcc|g\+\+|build-essential|git|curl|wget)\b", everything
    )


def _requirements(path: Path) -> set[str]:
    runs = " ".join(run.text for stage in read_stages(path) for run in stage.all("RUN"))
    return set(re.findall(r"-r requirements/([a-z-]+)\.txt", runs))


def _members(path: Path) -> set[str]:
    runs = " ".join(run.text for stage in read_stages(path) for run in stage.all("RUN"))
    [built] = re.findall(r"pip wheel .*?--wheel-dir wheels\s+((?:\./\w+\s*)+)", runs)
    return set(built.replace("./", "").split())


def test_the_training_container_holds_core_and_training_only():
    assert _requirements(TRAINING) == {"build", "training"}
    assert _members(TRAINING) == {"core", "training"}


def test_the_platform_holds_every_member():
    assert _requirements(PLATFORM) == {"api", "build", "training"}
    assert _members(PLATFORM) == {"core", "training", "backend", "cli"}


def test_the_training_containers_command_is_the_job_definitions():
    terraform = "\n".join(
        path.read_text("utf-8")
        for path in sorted((ROOT / "infrastructure" / "modules" / "training").glob("*.tf"))
    )
    commands = re.findall(r"^\s*command\s*=\s*\[(.+?)\]", terraform, re.MULTILINE)

    assert [re.findall(r'"([^"]+)"', command) for command in commands] == [
        read_stages(TRAINING)[-1].last("CMD").words
    ]
    assert read_stages(TRAINING)[-1].last("CMD").words == ["python", "-m", "automl_training"]


@every_dockerfile
def test_no_entry_point_stands_before_the_command_of_batch(path: Path):
    # Batch replaces the command by `python -m automl_training.confirm` for a large table.
    assert [stage.all("ENTRYPOINT") for stage in read_stages(path) if stage.all("ENTRYPOINT")] == []


def test_the_platform_listens_for_others_and_keeps_everything_in_its_volume():
    final = read_stages(PLATFORM)[-1]

    assert final.last("CMD").words == ["automl", "up", "--host", "0.0.0.0"]
    assert final.last("VOLUME").words == [environment_of(PLATFORM)["AUTOML_DATA_DIR"]]
    assert final.last("EXPOSE").words == [environment_of(PLATFORM)["AUTOML_PORT"]]


def test_the_platforms_health_is_asked_with_python_and_without_a_token(tmp_path):
    [check] = read_stages(PLATFORM)[-1].all("HEALTHCHECK")
    _, _, command = check.text.partition("CMD ")

    assert '["python", "-c", ' in command
    assert "/health/live" in command
    assert "curl" not in command


@every_dockerfile
def test_nothing_is_told_to_the_maker_of_the_model_runtime(path: Path):
    assert environment_of(path).get("ORT_DISABLE_TELEMETRY") == "1"


@every_dockerfile
def test_the_image_says_what_it_is(path: Path):
    labels = " ".join(label.text for label in read_stages(path)[-1].all("LABEL"))

    for name in ("title", "description", "licenses", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_the_build_context_holds_what_is_copied_and_no_secret():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = {
        word
        for path in DOCKERFILES
        for stage in read_stages(path)
        for instruction in stage.all("COPY")
        if not instruction.text.startswith("--from")
        for word in instruction.words[:-1]
    }

    # Everything is shut out first, files whose name begins with a dot once more at the end.
    assert rules[0] == "*"
    assert rules[-1] == "**/.*"
    for source in copied:
        assert any(
            Path(source).match(rule.rstrip("/")) or source.startswith(rule)
            for rule in [*allowed, *(rule.rstrip("/") for rule in allowed)]
        ), source
