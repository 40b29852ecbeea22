"""Rows of question files that are tables: CSV, TSV and Parquet, through `datasets`.

`datasets` reads a copy in a temporary folder, which holds its cache too: nothing stays, nothing is fetched, and a
file's name is never taken for a pattern. Every cell of CSV stays text (an answer "007" is no number, "NA" is not
missing). JSON doesn't come this way: the `datasets` reader guesses a type for each column, so that answers which
are dates come back as dates, and gives a file up at its first broken line.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import DataError
from bot.reading.items import RowError

if TYPE_CHECKING:
    from datasets.arrow_dataset import Dataset

Row = tuple[str, Mapping[str, Any] | RowError]  # its place in the file, and what stands there

ANSWERS = ("answers", "text", "answer")
COLUMNS = {"id", "title", "context", "question", *ANSWERS, "start", "answer_start", "is_impossible", "others"}
SPARE = 50  # further cells a CSV row may have and still cost only itself
_BREAK = re.compile(r"\r\n|\r|\n")


def csv_rows(path: Path, text: str, wrong: Mapping[int, str]) -> Iterator[Row]:
    """The rows of CSV text, by the line each begins on; `wrong` says what is wrong with a line's bytes.

    The separator (comma, semicolon or tab) is the one that the first line has most of. A row with fewer cells than
    columns is taken as having empty ones. Raises DataError where the columns don't suffice or a quote isn't closed.
    """
    first = next(line for line in io.StringIO(text, newline=None) if line.strip())
    separator = max(",;\t", key=first.count)
    width = len(next(csv.reader([first], delimiter=separator))) + SPARE
    header: list[str] = []
    line = 1
    for record in _csv(path, text, separator, width):
        cells = [cell or "" for cell in record.values()]
        begun, line = line, line + 1 + sum(len(_BREAK.findall(cell)) for cell in cells)
        bad = next((wrong[n] for n in range(begun, line) if n in wrong), None)
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip().lower() for cell in cells[: width - SPARE]]
            _check_columns(path, header, f" line {begun}")
        elif bad:
            yield f"line {begun}", RowError("wrong encoding", bad)
        elif any(cells[len(header) :]):
            found = max(n for n, cell in enumerate(cells, 1) if cell)
            said = f"found {found} fields, expected {len(header)}: quote a field that holds the separator"
            yield f"line {begun}", RowError("wrong number of fields", said)
        else:
            yield f"line {begun}", dict(zip(header, cells, strict=False))


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, by their numbers from 1. Raises DataError where it isn't one, or lacks columns."""
    table = _load("parquet", path, lambda copy: shutil.copyfile(path, copy))
    _check_columns(path, table.column_names, "")
    for number, row in enumerate(table.select_columns([c for c in table.column_names if c in COLUMNS]), 1):
        yield f"row {number}", row


def _csv(path: Path, text: str, separator: str, width: int) -> Dataset:
    from datasets.features import Features, Value

    names = [str(n) for n in range(width)]
    columns: Any = {name: Value("string") for name in names}
    return _load(
        "csv",
        path,
        lambda copy: copy.write_text(text, encoding="utf-8", newline=""),
        features=Features(columns),  # type: ignore[no-untyped-call]
        names=names,
        header=None,
        index_col=False,
        na_filter=False,
        skip_blank_lines=False,
        sep=separator,
    )


def _load(kind: str, path: Path, write: Callable[[Path], object], **options: Any) -> Dataset:
    """What `datasets` reads in the copy that `write` makes, held in memory."""
    from datasets.arrow_dataset import Dataset
    from datasets.exceptions import DatasetGenerationError

    with tempfile.TemporaryDirectory(prefix="lorebot-questions-") as folder, _quietly():
        copy = Path(folder) / f"rows.{kind}"
        write(copy)
        try:
            table: Dataset = getattr(Dataset, f"from_{kind}")(
                str(copy), cache_dir=folder, keep_in_memory=True, **options
            )
        except (DatasetGenerationError, ValueError, OSError) as error:
            found = " ".join(str(error.__cause__ or error).split())
            raise DataError(
                f"{path} can't be read ({found}); expected {kind.upper()}: save it again."
            ) from error
    return table


@contextmanager
def _quietly() -> Iterator[None]:
    """No progress bars, and no messages beside our own."""
    from datasets.utils.logging import get_verbosity, set_verbosity
    from datasets.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    level, hidden = get_verbosity(), are_progress_bars_disabled()
    set_verbosity(logging.CRITICAL + 1)
    disable_progress_bars()
    try:
        yield
    finally:
        set_verbosity(level)
        if not hidden:
            enable_progress_bars()


def _check_columns(path: Path, found: list[str], where: str) -> None:
    if not {"context", "question"} <= set(found) or not set(ANSWERS) & set(found):
        raise DataError(
            f"{path}{where}: found columns {', '.join(found) or 'none'}; "
            "expected context, question, text (or answer, or answers)."
        )
