"""The table of tricky offsets as it comes out: each question, the characters that answer it, and where they begin and end in
the document as it was learned.

    python tests/bench/show_offsets.py [--adapter DIR] [--json]

Characters that can't be seen are written as their names' code points. "exact": the reader chose just the characters that
answer the question; whatever it chose, it is a cut of the document (`whole`), between characters as people see them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parents[1]))

from tricky_offsets import Told, Tricky, read_table, tell

from bot.reading.graphemes import clusters
from bot.reading.readers import load_reader

SHIPPED = Path(__file__).parents[2] / "adapters" / "reader-minilm-l6-seed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--adapter", type=Path, default=SHIPPED)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    reader = load_reader(chosen.adapter)
    with tempfile.TemporaryDirectory(prefix="lorebot-offsets-") as folder:
        rows = [row(case, tell(case, reader, Path(folder))) for case in read_table()]
    if chosen.json:
        print(json.dumps({"adapter": reader.adapter, "rows": rows}, ensure_ascii=False))
        return
    table = Table("", "question", "answer, as it stands in the document", "at", "exact", "whole")
    for i, each in enumerate(rows, 1):
        said = [Text(each["question"]), Text(seen(each["answer"])), f"{each['start']}-{each['end']}"]
        table.add_row(str(i), *said, *("yes" if each[name] else "no" for name in ("exact", "whole")))
    out = Console(width=140)
    out.print(table)
    exact, whole = (sum(each[name] for each in rows) for name in ("exact", "whole"))
    out.print(
        f"{reader.adapter}: {exact} of {len(rows)} exact, {whole} of {len(rows)} whole cuts of their document"
    )


def row(case: Tricky, told: Told) -> dict[str, Any]:
    start, end = told.offset, told.offset + len(told.span)
    borders = {0, len(told.text), *(at for at, _ in clusters(told.text))}
    return {
        "kind": case.kind,
        "question": case.question,
        "answer": told.span,
        "start": start,
        "end": end,
        "exact": told.span == case.answer and start == case.place(told.text)[0],
        "whole": told.text[start:end] == told.span != "" and {start, end} <= borders,
    }


def seen(text: str) -> str:
    """The text with what has no shape of its own written out."""
    unseen = {"Cc", "Cf", "Zl", "Zp"}
    return "".join(
        (f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}")
        if unicodedata.category(c) in unseen or (c.isspace() and c != " ")
        else c
        for c in text
    )


if __name__ == "__main__":
    main()
