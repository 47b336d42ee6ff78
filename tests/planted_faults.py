"""Plant known faults one at a time, and check that the tests fail for each of them.

    python tests/planted_faults.py

Works on a copy of the tracked files in a temporary folder. A fault with which all tests pass is a gap.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = "simmer"
TOO_SLOW = "workflow"  # the folder of tests/ that runs whole workflows
TIME_LIMIT_S = 600  # of the tests of one fault
PASSED, FAILED = 0, 1  # exit statuses of pytest; any other status means that no test ran
HUNG = -1  # counted as missed, because a hanging test names no cause


class CannotPlant(Exception):
    """A fault of the table has no place or no test in the tree."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake in the library.

    Attributes:
        name: what is wrong, in words.
        original: text that occurs exactly once in the library.
        replacement: the wrong text.
        tests: names of the test functions, or of whole test files, that should fail.
    """

    name: str
    original: str
    replacement: str
    tests: tuple[str, ...]


FAULTS = (
    Fault(
        name="the claims of one of several tickers are adjusted for that alone",
        original='{"tickers": together or len(tickers)}',
        replacement='{"tickers": 1}',
        tests=("test_each_of_several_tickers_has_the_studies_it_has_alone",),
    ),
    Fault(
        name="a pattern searches the VIX, too",
        original="if name != VIX_TICKER and fnmatch",
        replacement="if fnmatch",
        tests=("test_tickers_are_names_and_patterns_in_order_each_once",),
    ),
    Fault(
        name="a campaign of a ticker that is stopped counts as failed",
        original="(stop.is_set() or printed.stopped) and not printed.failed",
        replacement="stop.is_set()",
        tests=("test_an_early_end_is_told_apart_by_what_the_run_printed",),
    ),
    Fault(
        name="any finding on a day that is vouched for is taken, a price of 0 too",
        original="if finding.day is not None and day in choices.exceptions:",
        replacement="if finding.severity == 'error' and choices.exceptions:",
        tests=("test_nobody_can_vouch_for_values_that_cannot_be_right",),
    ),
    Fault(
        name="the span of the snapshot counts and not that of the entry",
        original="file_name=name, choices=choices_of(spec))",
        replacement="file_name=name)",
        tests=("test_the_span_of_the_entry_counts_and_not_that_of_the_snapshot",),
    ),
    Fault(
        name="a date with an offset is the day in UTC",
        original='moments = pd.DatetimeIndex(stamps.instants).tz_localize("UTC").tz_convert(ZoneInfo(zone))',
        replacement='moments = pd.DatetimeIndex(stamps.instants).tz_localize("UTC")',
        tests=("test_a_day_is_that_of_the_exchange_and_not_of_utc",),
    ),
    Fault(
        name="of two possible orders of day and month the first is taken",
        original='    return possible, [(None, "date_format", message)]',
        replacement="    return possible[:1], []",
        tests=("test_what_can_be_read_in_two_ways_is_refused_with_the_keys_to_write",),
    ),
    Fault(
        name="a comma that may separate thousands is taken for a decimal sign",
        original='    if _any(columns, three % ","):\n        return Decimal(possible=(".", ","))',
        replacement='    if _any(columns, three % ","):\n        return Decimal(possible=(",",))',
        tests=("test_what_can_be_read_in_two_ways_is_refused_with_the_keys_to_write",),
    ),
    Fault(
        name="a failed write leaves half of the new file",
        original="write(aside)\n",
        replacement="write(path), aside.write_bytes(path.read_bytes())\n",
        tests=("test_a_failed_write_leaves_the_old_file_and_no_fragment",),
    ),
    Fault(
        name="two processes hold the same lock",
        original="fcntl.LOCK_EX | fcntl.LOCK_NB",
        replacement="fcntl.LOCK_SH | fcntl.LOCK_NB",
        tests=("test_a_free_lock_is_taken_and_a_taken_one_is_not",),
    ),
    Fault(
        name="patches that leave out the newest days are accepted",
        original="if left < 0 or left % self.stride_days:",
        replacement="if left < 0:",
        tests=("test_values_that_contradict_each_other_are_explained",),
    ),
    Fault(
        name="a dividend is divided by the Close of its own day",
        original="np.append(1 - dividends[1:] / before[1:], 1.0)",
        replacement="np.append(1 - dividends[1:] / close[1:], 1.0)",
        tests=("test_prices_before_a_dividend_fall_by_its_part_of_the_close_before",),
    ),
    Fault(
        name="the hash of a table leaves out the names of its columns",
        original='digest.update(f"{name}\\t{dtype}\\n".encode())',
        replacement='digest.update(f"{dtype}\\n".encode())',
        tests=("test_the_digest_depends_on_every_kind_of_change",),
    ),
    Fault(
        name="days that a calendar does not know count as closed",
        original="closed, at_weekend = covered & ~np.isin(days, known.days), ~np.is_busday(days)",
        replacement="closed, at_weekend = ~np.isin(days, known.days), ~np.is_busday(days)",
        tests=("test_bars_after_the_end_of_a_calendar_are_not_judged",),
    ),
    Fault(
        name="a pool with a ticker without volume keeps the features of volume",
        original="volume=all(known))",
        replacement="volume=any(known))",
        tests=("test_a_pool_has_the_columns_that_all_of_its_tickers_have",),
    ),
    Fault(
        name="a weekly indicator uses the end of the current week",
        original="return np.concatenate([[np.nan], weekly])[completed]",
        replacement="return weekly[completed]",
        tests=("test_changing_the_future_changes_no_feature_of_the_past",),
    ),
    Fault(
        name="a label includes the price of the decision day",
        original="future = reached[1 : 1 + labelled]",
        replacement="future = reached[:labelled]",
        tests=("test_today_does_not_count_and_the_last_day_of_the_horizon_does",),
    ),
    Fault(
        name="purging at the split border is off by one day",
        original="max(start, end - horizon_days)",
        replacement="max(start, end - horizon_days + 1)",
        tests=("test_no_label_crosses_a_border_and_every_other_row_is_kept",),
    ),
    Fault(
        name="standardisation uses the rows that are purged from train",
        original='train_rows=rows["train"][-1] + 1',
        replacement="train_rows=borders[0]",
        tests=("test_rows_that_only_train_labels_use_do_not_change_the_standardisation",),
    ),
    Fault(
        name="the label of a pooled window uses the first day of validation",
        original='known = frame[frame["Date"].to_numpy() < before]',
        replacement='known = frame[frame["Date"].to_numpy() <= before]',
        tests=("test_a_window_counts_if_its_label_ends_before_validation_begins",),
    ),
    Fault(
        name="pooled windows are among those of validation",
        original='for part in dataset.pooled if split == "train" else ():',
        replacement='for part in dataset.pooled if split != "test" else ():',
        tests=("test_validation_and_test_have_no_pooled_window",),
    ),
    Fault(
        name="the base rate is that of the pooled tickers too",
        original="pools=False",
        replacement="pools=True",
        tests=("test_all_but_the_base_rate_are_fitted_on_pooled_windows_too",),
    ),
    Fault(
        name="columns of volatility keep bits in which processors differ",
        original="values = values.astype(np.float32).astype(np.float64)",
        replacement="values = values.astype(np.float64)",
        tests=("test_the_last_bits_of_a_logarithm_do_not_reach_the_table",),
    ),
    Fault(
        name="the parameter count forgets the values of attention",
        original="width * 3 * inner + 3 * inner + inner * width + width",
        replacement="width * 2 * inner + 2 * inner + inner * width + width",
        tests=("test_the_default_shape_of_every_scale_meets_its_budget",),
    ),
    Fault(
        name="training resumes from the older of two checkpoints",
        original="return sorted(found, key=lambda one: (one.step, one.path.name), reverse=True)",
        replacement="return sorted(found, key=lambda one: (one.step, one.path.name))",
        tests=("test_the_newest_is_restored_bit_identical_and_two_are_kept",),
    ),
    Fault(
        name="a resumed epoch draws other dropout masks than an uninterrupted one",
        original="self.steps.begin_epoch(progress.epoch)",
        replacement="self.steps.begin_epoch(progress.epoch + progress.step_in_epoch)",
        tests=("test_a_run_stopped_at_every_step_ends_as_an_uninterrupted_one",),
    ),
    Fault(
        name="one critical reading seen twice counts as two",
        original="if taken_at_s > self._counted_at_s:",
        replacement="if taken_at_s >= self._counted_at_s:",
        tests=("test_the_same_sample_seen_again_confirms_nothing",),
    ),
    Fault(
        name="a pause ends as soon as the warning does",
        original="return (signal is None or signal[0] <= signal[1].resume)",
        replacement="return (signal is None or signal[0] <= signal[1].warning)",
        tests=("test_heat_that_the_lowest_duty_does_not_stop_pauses_training",),
    ),
    Fault(
        name="a machine without a reading counts as cool",
        original="if reading is None:\n        return ThermalState.UNKNOWN",
        replacement="if reading is None:\n        return ThermalState.NORMAL",
        tests=("test_no_reading_is_unknown_and_never_normal",),
    ),
    Fault(
        name="preflight passes with half of the memory that is needed",
        original="fix=fix if measured_bytes < needed_bytes else None",
        replacement="fix=fix if 2 * measured_bytes < needed_bytes else None",
        tests=("test_each_fault_is_found_and_has_a_fix",),
    ),
    Fault(
        name="halving continues one trial too many",
        original="return better >= places",
        replacement="return better > places",
        tests=("test_at_a_rung_the_better_half_continues",),
    ),
    Fault(
        name="a suggestion uses the result of a trial that runs at the same time",
        original="max(0, trial - self.parallel_trials + 1)",
        replacement="max(0, trial - self.parallel_trials + 2)",
        tests=("test_a_trial_uses_all_but_the_newest_results",),
    ),
    Fault(
        name="another number of parallel trials makes another study",
        original='del settings["parallel_trials"]',
        replacement='settings["parallel_trials"] += 0',
        tests=("test_only_settings_that_affect_results_are_in_the_fingerprint",),
    ),
    Fault(
        name="trials of different studies are in one table",
        original="if result.fingerprint != expected:",
        replacement="if not result.fingerprint:",
        tests=("test_a_trial_of_another_study_is_refused_with_advice",),
    ),
    Fault(
        name="the winner is the trial with the highest loss",
        original="return min(known, key=lambda trial: (trial.loss, trial.number), default=None)",
        replacement="return max(known, key=lambda trial: (trial.loss, trial.number), default=None)",
        tests=("test_the_winner_is_the_trial_with_the_lowest_loss_the_first_of_equals",),
    ),
    Fault(
        name="all refits of a winner have the same seed",
        original='study.horizon_days, trial, "refit", self.number',
        replacement='study.horizon_days, trial, "refit"',
        tests=("test_refits_differ_by_their_seed_alone",),
    ),
    Fault(
        name="blocks of the bootstrap are shorter than the horizon",
        original="float(max(horizon, math.ceil(n ** (1 / 3))))",
        replacement="float(math.ceil(n ** (1 / 3)))",
        tests=("test_default_block_covers_the_horizon_and_grows_with_the_cube_root",),
    ),
    Fault(
        name="the baseline is the best single try instead of the best average of members",
        original="best = int(np.argmin(averaged))",
        replacement="best = 0",
        tests=("test_a_lucky_first_fit_does_not_win",),
    ),
    Fault(
        name="a scale's average is compared with an average of more members of a baseline",
        original="averaged = model.probabilities[:members]",
        replacement="averaged = model.probabilities",
        tests=("test_averages_of_as_many_members_are_compared_and_single_members_with_single_ones",),
    ),
    Fault(
        name="Holm's factor is one too small",
        original="min(1.0, (comparisons - rank) * difference.p_value)",
        replacement="min(1.0, (comparisons - rank - 1) * difference.p_value)",
        tests=("test_claims_are_about_planned_comparisons_and_adjusted_together",),
    ),
    Fault(
        name="effects twice as large as the practical minimum are called none",
        original="return -size < estimate.low and estimate.high < size",
        replacement="return -2 * size < estimate.low and estimate.high < 2 * size",
        tests=("test_a_significant_change_below_the_practical_minimum_is_no_law",),
    ),
    Fault(
        name="labels that use prices of the sealed test split are returned",
        original="labels=dataset.labels[: first - dataset.label_spec.horizon_days]",
        replacement="labels=dataset.labels[:first]",
        tests=("test_a_sealed_dataset_holds_no_row_of_test",),
    ),
    Fault(
        name="the audit passes a second look at the test split",
        original="fix=None if count == 1 else fix",
        replacement="fix=None if count >= 1 else fix",
        tests=("test_a_second_look_is_counted_and_named",),
    ),
    Fault(
        name="the report leaves out the warnings of the leakage audit",
        original='check["verdict"] in ("WARN", "FAIL") and not',
        replacement='check["verdict"] == "FAIL" and not',
        tests=("test_too_few_trials_too_many_looks_and_a_warning_of_the_audit_are_alarms",),
    ),
    Fault(
        name="a process that has died is shown as running",
        original="found is not None and _is_same(",
        replacement="found is None or _is_same(",
        tests=("test_a_holder_is_named_while_it_lives_and_known_to_be_dead_afterwards",),
    ),
    Fault(
        name="the dashboard gives a trial the number of another one",
        original="[found.get(number, waiting) for number in range(max(found, default=-1) + 1)]",
        replacement="list(found.values())",
        tests=("test_every_trial_keeps_its_number_where_others_have_not_begun",),
    ),
    Fault(
        name="weights are removed before the predictions of the new ones are stored",
        original="self.files.write_predictions(record)\n            weights.remove_others(stored)",
        replacement="weights.remove_others(stored)\n            self.files.write_predictions(record)",
        tests=("test_predictions_and_weights_belong_together_wherever_a_write_is_interrupted",),
    ),
    Fault(
        name="the content of a file of weights is not verified",
        original="stored.bytes and sha256_of_file(path) == stored.sha256",
        replacement="stored.bytes",
        tests=("test_a_file_that_is_not_the_member_of_the_card_is_refused",),
    ),
    Fault(
        name="a race is decided by the loss of the trial alone",
        original="return fsum(known) / len(known) if",
        replacement="return known[0] if",
        tests=("test_race.py",),
    ),
    Fault(
        name="a trial that halving ended early takes part in the race",
        original="trial.loss is not None and trial.state in WHOLE and",
        replacement="trial.loss is not None and",
        tests=("test_trials_that_ended_early_or_repeat_another_do_not_take_part",),
    ),
    Fault(
        name="race runs of different trials share a seed",
        original="""study.horizon_days, trial, "race", self.number)""",
        replacement="""study.horizon_days, "race", self.number)""",
        tests=("test_each_run_of_each_trial_has_a_seed_of_its_own",),
    ),
    Fault(
        name="the last weights are kept instead of their average",
        original="weights=self.state.evaluated.state_dict",
        replacement="weights=self.state.model.state_dict",
        tests=("test_saved_model.py",),
    ),
    Fault(
        name="nested patches begin with the window instead of ending with it",
        original="window[:, -days:]",
        replacement="window[:, :days]",
        tests=("test_patchtst.py",),
    ),
    Fault(
        name="halving judges differences within the margin",
        original="min(losses) - settings.margin",
        replacement="min(losses)",
        tests=("test_a_loss_within_the_margin_is_not_better",),
    ),
)


def main() -> None:
    """Plant every fault; exit with status 1 if one is missed or cannot be planted."""
    try:
        with TemporaryDirectory(prefix="planted-faults-") as folder:
            missed = run_all(Path(folder) / "tree")
    except CannotPlant as error:
        sys.exit(str(error))
    say(f"{len(FAULTS) - missed} of {len(FAULTS)} caught")
    sys.exit(missed > 0)


def run_all(tree: Path) -> int:
    """Copy the tracked files to `tree`, plant all faults there in turn, and return how many were missed."""
    copy_tracked_files(tree)
    planned = plan(tree)
    start = time.monotonic()
    if run_tests(sorted({test for _, _, tests in planned for test in tests}), tree) != PASSED:
        raise CannotPlant(f"the tests fail without any fault; expected them to pass:\n{output(tree)}")
    say(f"passed {time.monotonic() - start:6.1f} s  the same tests without a fault")
    missed = 0
    for fault, place, tests in planned:
        start, sound = time.monotonic(), place.read_text(encoding="utf-8")
        place.write_text(sound.replace(fault.original, fault.replacement), encoding="utf-8")
        status = run_tests(tests, tree, limit_s=TIME_LIMIT_S)
        place.write_text(sound, encoding="utf-8")
        if status not in (PASSED, FAILED, HUNG):
            raise CannotPlant(f"{fault.name}: pytest ended with status {status}:\n{output(tree)}")
        missed += status != FAILED
        verdict = "caught" if status == FAILED else "MISSED"
        say(f"{verdict} {time.monotonic() - start:6.1f} s  {fault.name}")
    return missed


def plan(tree: Path) -> list[tuple[Fault, Path, list[str]]]:
    """Return each fault with the file it goes into and the pytest ids of its tests.

    Raises:
        CannotPlant: naming every fault without a place or a test.
    """
    planned, problems = [], []
    for fault in FAULTS:
        try:
            tests = [found for name in fault.tests for found in find_tests(name, tree)]
            planned.append((fault, place_of(fault.original, tree), tests))
        except CannotPlant as error:
            problems.append(f"{fault.name}: {error}")
    if problems:
        raise CannotPlant("\n".join(problems))
    return planned


def copy_tracked_files(tree: Path) -> None:
    """Copy all files that git tracks, as they are in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():  # a tracked file may be deleted in the working tree
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def place_of(text: str, tree: Path) -> Path:
    """Return the one file of the library that contains a text once.

    Raises:
        CannotPlant: if the text is missing or occurs more than once.
    """
    parts = {path: path.relative_to(tree).parts for path in tree.rglob("*.py")}
    library = [path for path in parts if LIBRARY in parts[path][:-1] and parts[path][0] != "tests"]
    found = [path for path in library for _ in range(path.read_text(encoding="utf-8").count(text))]
    if len(found) != 1:
        where = ", ".join(str(path.relative_to(tree)) for path in found) or "no file"
        raise CannotPlant(f"found {text!r} in {where} of the library; expected it once: fix the table")
    return found[0]


def find_tests(name: str, tree: Path) -> list[str]:
    """Return the pytest ids of a test file, such as `test_locks.py`, or of a test function.

    Raises:
        CannotPlant: if no test has that name.
    """
    files = [path.relative_to(tree) for path in sorted((tree / "tests").rglob("test_*.py"))]
    files = [path for path in files if path.parts[1] != TOO_SLOW]
    if name.endswith(".py"):
        found = [str(path) for path in files if path.name == name]
    else:
        begins = re.compile(rf"^def {name}\(", re.MULTILINE)
        found = [f"{path}::{name}" for path in files if begins.search((tree / path).read_text("utf-8"))]
    if not found:
        raise CannotPlant(f"found no test {name} below tests/; expected one: fix the table")
    return found


def run_tests(tests: list[str], tree: Path, limit_s: float | None = None) -> int:
    """Return pytest's exit status, or `HUNG` after the time limit."""
    # Without bytecode: a file planted twice within a second would be taken for the one before.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    with output_file(tree).open("w") as file:
        try:
            return subprocess.run(
                command,
                cwd=tree,
                env=environment,
                stdout=file,
                stderr=file,
                timeout=limit_s,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return HUNG


def output_file(tree: Path) -> Path:
    """Return the file with the output of the last pytest run."""
    return tree.with_suffix(".txt")


def output(tree: Path) -> str:
    """Return the end of the output of the last pytest run."""
    return output_file(tree).read_text(encoding="utf-8", errors="replace")[-4000:]


def say(line: str) -> None:
    """Write a line and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
