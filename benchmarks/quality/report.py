"""The tables of docs/benchmarks.md, from results and from nothing else."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.quality.ranking import (
    Cells,
    Duel,
    duel,
    floored,
    gap_closed,
    mean_ranks,
    paired_interval,
)
from benchmarks.quality.results import Result, losses_of
from benchmarks.quality.scoring import LOSS, Task
from benchmarks.quality.systems import OURS, SYSTEMS

BASE, MODEL_BENCH, RIVAL = "flaml", "autogluon", "mljar"

#: What "Done when" of the benchmark asks for.
MIN_WIN_RATE = 0.65
MAX_WORSE = 1.03
MAX_MEMORY_MIB = 3 * 1024
COVERAGE = (0.88, 0.92)
MAX_GAP = {"binary": 1e-5, "multiclass": 1e-5, "regression": 1e-4}

MARK = "quality table"
SECOND: dict[Task, str] = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}


def allowed_s(budget_s: int) -> float:
    """Wall seconds of a whole training that searches ``budget_s``."""
    return 1.10 * budget_s + 15


def cells_of(results: Iterable[Result]) -> dict[tuple[str, int], dict[str, float | None]]:
    """Losses that count, by set and seed."""
    cells: dict[tuple[str, int], dict[str, float | None]] = {}
    for result in results:
        cell = cells.setdefault((result.set_name, result.seed), {})
        cell[result.system] = floored(result.loss, result.guessing)
    return cells


def systems_of(results: Iterable[Result]) -> list[str]:
    """The systems that were run, in the order of the benchmark."""
    found = {result.system for result in results}
    return [name for name in SYSTEMS if name in found]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _number(value: float | None, digits: int = 4) -> str:
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _grouped(results: Iterable[Result]) -> dict[str, dict[str, list[Result]]]:
    """Results by set, then by system; sets in the order in which they were first run."""
    found: dict[str, dict[str, list[Result]]] = {}
    for result in results:
        found.setdefault(result.set_name, {}).setdefault(result.system, []).append(result)
    return found


def by_set(results: Sequence[Result], measure: Callable[[Result], float | None]) -> str:
    """One row a set: the mean of a measure over the seeds, with how many seeds failed."""
    systems = systems_of(results)
    rows = []
    for name, found in _grouped(results).items():
        first = next(iter(found.values()))[0]
        cells = []
        for system in systems:
            runs = found.get(system, [])
            values = [value for value in map(measure, runs) if value is not None]
            failed = sum(run.failure is not None for run in runs)
            cell = _number(statistics.fmean(values)) if values else "–"
            cells.append(f"{cell} ({failed} of {len(runs)} failed)" if failed else cell)
        rows.append([name, first.task, f"{first.n_train:,}", *cells])
    return _table(["set", "task", "rows", *systems], rows)


def by_system(results: Sequence[Result]) -> str:
    """One row a system: rank, failures, our win rate over it, ratio, time, memory, latency."""
    systems, cells = systems_of(results), cells_of(results)
    ranked = mean_ranks(cells, systems)
    rows = []
    for system in systems:
        runs = [result for result in results if result.system == system]
        good = [run for run in runs if run.failure is None]
        met = None if system == OURS else duel(cells, OURS, system)
        latencies = [run.facts["one_row_ms"] for run in good if "one_row_ms" in run.facts]
        worst = "–" if met is None or not met.by_set else _worst(met)
        rows.append(
            [
                system,
                "–" if system not in ranked else f"{ranked[system]:.2f}",
                f"{len(runs) - len(good)} of {len(runs)}",
                "–" if met is None else _share(met.win_rate),
                "–" if met is None else f"{met.ratio:.3f}",
                worst,
                _spread([run.wall_s for run in good], "{:.0f}"),
                _spread([run.cpu_s for run in good], "{:.0f}"),
                _spread([run.peak_mib for run in good], "{:,.0f}"),
                _spread(latencies, "{:.3g}"),
            ]
        )
    head = [
        "system", "mean rank", "failed", "we win", "our loss / its", "our worst set",
        "wall s, median (most)", "CPU s, median (most)", "peak MiB, median (most)",
        "one row ms, median (most)",
    ]  # fmt: skip
    return _table(head, rows)


def _worst(met: Duel) -> str:
    name = max(met.by_set, key=lambda each: met.by_set[each])
    return f"{name} {met.by_set[name]:.3f}"


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return "–"
    return f"{form.format(statistics.median(values))} ({form.format(max(values))})"


def against(results: Sequence[Result], paths: Sequence[Path], other: str) -> str:
    """One row a set: our loss by another system's, with an interval from the test's rows."""
    met = duel(cells_of(results), OURS, other)
    if met is None:
        return ""
    grouped = _grouped(results)
    rows = []
    for name, ratio in sorted(met.by_set.items(), key=lambda item: item[1]):
        interval = _interval(grouped[name], paths, other)
        if interval is None:
            verdict, told = "–", "–"
        else:
            low, high = interval
            told = f"{low:.3f} to {high:.3f}"
            verdict = "better" if high < 1 else "worse" if low > 1 else "even"
        late = " **over 1.03**" if ratio > MAX_WORSE else ""
        rows.append([name, f"{ratio:.3f}{late}", told, verdict])
    return _table(["set", f"our loss / {other}", "95 % interval", "beyond noise"], rows)


def _interval(
    found: dict[str, list[Result]], paths: Sequence[Path], other: str
) -> tuple[float, float] | None:
    theirs = {run.seed: run for run in found.get(other, []) if run.failure is None}
    pairs, floors = [], []
    for run in found.get(OURS, []):
        if run.failure is not None or run.seed not in theirs:
            continue
        one, two = losses_of(paths, run), losses_of(paths, theirs[run.seed])
        if one is None or two is None:
            return None
        pairs.append((one, two))
        floors.append(floored(0.0, run.guessing) or 0.0)
    if not pairs:
        return None
    is_root = LOSS[found[OURS][0].task] == "rmse"
    return paired_interval(pairs, floors=floors, is_root=is_root)


def of_ours(results: Sequence[Result]) -> str:
    """One row a set: what we chose, how it was proven, what its intervals covered."""
    rows = []
    for name, found in _grouped(results).items():
        runs = [run for run in found.get(OURS, []) if run.failure is None]
        if not runs:
            continue
        parities = [run.facts["parity"] for run in runs]
        gaps = [value for value in map(_gap, runs) if value is not None]
        sizes = [run.facts["set_size"] for run in runs if "set_size" in run.facts]
        covered = [run.facts["coverage"] for run in runs if "coverage" in run.facts]
        rows.append(
            [
                name,
                ", ".join(_chosen(run) for run in runs),
                f"{min(run.facts['n_trials'] for run in runs)}",
                f"{max(run.wall_s for run in runs):.0f} ({allowed_s(runs[0].budget_s):.0f})",
                f"{max(run.peak_mib for run in runs):,.0f}",
                f"{max(gaps):.1e}" if gaps else "–",
                f"{sum(parity['label_flips'] or 0 for parity in parities)}",
                f"{statistics.fmean(covered):.3f}" if covered else "–",
                f"{statistics.fmean(sizes):.2f}" if sizes else "–",
                f"{max(run.facts['model_kib'] for run in runs):,.0f}",
            ]
        )
    head = [
        "set", "chosen, by seed", "least trials", "most wall s (allowed)", "peak MiB",
        "parity gap", "flips", "covered by 90 %", "classes a set", "model KiB",
    ]  # fmt: skip
    return _table(head, rows)


def _chosen(run: Result) -> str:
    members = [str(member["family"]) for member in run.facts.get("members", [])]
    kind, model = run.facts.get("kind", "single"), str(run.facts["model"])
    if kind == "single":
        return model
    return f"{kind} of {' + '.join(dict.fromkeys(members)) or model}"


def _gap(run: Result) -> float | None:
    parity = run.facts["parity"]
    name = "max_relative_gap" if run.task == "regression" else "max_probability_gap"
    return None if parity[name] is None else float(parity[name])


def _mean_coverage(results: Sequence[Result]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for run in results:
        if run.system == OURS and "coverage" in run.facts:
            kind = "intervals" if run.task == "regression" else "label sets"
            found.setdefault(kind, []).append(run.facts["coverage"])
    return {kind: statistics.fmean(values) for kind, values in found.items()}


def misses(results: Sequence[Result]) -> list[str]:
    """Name every bound that did not hold; empty without runs of ours."""
    ours = [result for result in results if result.system == OURS]
    cells: Cells = cells_of(results)
    found = []
    for run in ours:
        where = f"{run.set_name}, seed {run.seed}"
        if run.failure is not None:
            found.append(f"{where}: failed, {run.failure}")
            continue
        if run.wall_s > allowed_s(run.budget_s):
            found.append(f"{where}: {run.wall_s:.0f} s of {allowed_s(run.budget_s):.0f} s")
        if run.peak_mib > MAX_MEMORY_MIB:
            found.append(f"{where}: {run.peak_mib:,.0f} MiB of {MAX_MEMORY_MIB:,} MiB")
        gap, parity = _gap(run), run.facts["parity"]
        if not parity["passed"] or parity["label_flips"] or (gap or 0) > MAX_GAP[run.task]:
            found.append(f"{where}: parity {parity}")
    met = duel(cells, OURS, BASE)
    if met is not None:
        if met.win_rate < MIN_WIN_RATE:
            found.append(f"win rate over {BASE} {met.win_rate:.0%}, asked for {MIN_WIN_RATE:.0%}")
        worse = {name: ratio for name, ratio in met.by_set.items() if ratio > MAX_WORSE}
        found += [f"{name}: {ratio:.3f} × the loss of {BASE}" for name, ratio in worse.items()]
    ranked = mean_ranks(cells, [name for name in (OURS, RIVAL) if name in systems_of(results)])
    if RIVAL in ranked and OURS in ranked and ranked[OURS] >= ranked[RIVAL]:
        found.append(f"mean rank {ranked[OURS]:.2f}, not ahead of {RIVAL} ({ranked[RIVAL]:.2f})")
    for kind, share in _mean_coverage(results).items():
        if not COVERAGE[0] <= share <= COVERAGE[1]:
            found.append(f"90 % {kind} cover {share:.1%} on average")
    return found


def _summary(results: Sequence[Result]) -> str:
    cells = cells_of(results)
    seeds = sorted({result.seed for result in results})
    days = sorted({result.at[:10] for result in results})
    days = days[:1] + days[1:][-1:]
    lines = [
        f"{len(_grouped(results))} sets, seeds {', '.join(map(str, seeds))}, "
        f"{results[0].budget_s} s of search, {results[0].threads} threads; {' to '.join(days)} "
        f"(UTC); load average before a run {_spread([r.load for r in results], '{:.1f}')}.",
    ]
    met, strongest = duel(cells, OURS, BASE), duel(cells, OURS, MODEL_BENCH)
    closed = gap_closed(cells, OURS, BASE, MODEL_BENCH)
    if met is not None:
        lines.append(
            f"Over {BASE} we win {met.win_rate:.0%} of {met.n}; loss ratio {met.ratio:.3f}."
        )
    if strongest is not None:
        lines.append(
            f"Over {MODEL_BENCH} we win {strongest.win_rate:.0%} of {strongest.n}; loss ratio "
            f"{strongest.ratio:.3f}; of its lead over {BASE} we have {_share(closed)}."
        )
    for kind, share in _mean_coverage(results).items():
        lines.append(f"90 % {kind} cover {share:.1%} of the test rows on average over the sets.")
    versions: dict[str, set[str]] = {}
    for result in results:
        for name, version in (result.facts.get("versions") or {}).items():
            versions.setdefault(name, set()).add(str(version))
    told = "; ".join(
        f"{name} {' and '.join(sorted(found))}" for name, found in sorted(versions.items())
    )
    return "\n\n".join([" ".join(lines), f"Versions: {told}." if told else ""]).strip()


def read_report(results: Sequence[Result], paths: Sequence[Path]) -> str:
    """Every table as Markdown; a sentence if there is nothing yet."""
    if not results:
        return "No results at this budget yet."
    failures = [
        f"- {run.set_name}, seed {run.seed}, {run.system}: {run.failure}"
        for run in results
        if run.failure is not None
    ]
    missed = misses(results)
    parts = [
        _summary(results),
        "### Systems",
        by_system(results),
        "### Loss (log loss, or RMSE), mean over the seeds",
        by_set(results, lambda run: run.loss),
        "### Second measure (ROC AUC, accuracy or R²), mean over the seeds",
        by_set(results, lambda run: run.measures.get(SECOND[run.task])),
        f"### Against {BASE}, set by set",
        against(results, paths, BASE),
        f"### Against {MODEL_BENCH}, set by set",
        against(results, paths, MODEL_BENCH),
        "### Our jobs",
        of_ours(results),
        "### Failures",
        "\n".join(failures) or "None.",
        "### Bounds missed",
        "\n".join(f"- {each}" for each in missed) or "None.",
    ]
    return "\n\n".join(part for part in parts if part)


def write_into_page(page: Path, table: str) -> None:
    """Put the tables between the page's marks.

    Raises
    ------
    ValueError
        If the page has not exactly one pair of marks.
    """
    text = page.read_text("utf-8")
    marks = rf"(<!-- {MARK} -->\n).*?(<!-- /{MARK} -->)"
    if len(re.findall(marks, text, re.DOTALL)) != 1:
        raise ValueError(f"{page.name} needs one pair of marks <!-- {MARK} --> … <!-- /{MARK} -->")
    made = re.sub(marks, lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text, flags=re.DOTALL)
    page.write_text(made, "utf-8")
