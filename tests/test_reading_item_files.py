"""Question files: every form is read alike, bad rows are left out and named by their place, strictness stops."""

import csv
import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.errors import DataError
from bot.reading.item_files import ItemFile, read_item_file, read_items
from bot.reading.items import Item, Reference, item_to_json

CONTEXT = "The port is 8080, the host is Größe🎉."
ROW = {
    "id": "a",
    "title": "T",
    "context": CONTEXT,
    "question": "Port?",
    "answers": [{"text": "8080", "start": 12}],
}
ITEM = Item("a", "Port?", CONTEXT, (Reference("8080", 12),), "T")
GOOD = json.dumps({**ROW, "id": "good"})


def write(path: Path, text: str | bytes) -> Path:
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def table(rows: Sequence[Sequence[str]], separator: str = ",") -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue()


def squad(*qas: dict[str, Any], context: str = CONTEXT) -> str:
    paragraphs = [{"context": context, "qas": list(qas)}]
    return json.dumps({"version": "v2.0", "data": [{"title": "T", "paragraphs": paragraphs}]})


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def places(file: ItemFile) -> list[tuple[str, str]]:
    return [(problem.kind, problem.place) for problem in file.problems]


# Every form


@pytest.mark.parametrize("name", ["q.jsonl", "q.jsonl.gz", "q.ndjson", "Q.JSONL"])
def test_json_lines_are_read_plain_and_packed(tmp_path: Path, name: str) -> None:
    silent = {**ROW, "id": "b", "answers": [], "is_impossible": True}
    first, second = read_items(write(tmp_path / name, json.dumps(ROW) + "\r\n\r\n" + json.dumps(silent)))
    assert first == ITEM
    assert not second.answerable


@pytest.mark.parametrize("impossible", [{}, {"is_impossible": False}])
@pytest.mark.parametrize("name", ["q.json", "q.json.gz"])
def test_squad_of_both_versions_is_read(tmp_path: Path, name: str, impossible: dict[str, bool]) -> None:
    port = {
        "id": "a",
        "question": "Port?",
        "answers": [{"text": "8080", "answer_start": 12}] * 3,
        **impossible,
    }
    why = {"id": "b", "question": "Why?", "answers": [], "is_impossible": True, "plausible_answers": []}
    first, second = read_items(write(tmp_path / name, squad(port, why)))
    assert first == ITEM
    assert second.answers == ()


@pytest.mark.parametrize("wrap", [list, lambda rows: {"version": 1, "data": rows}], ids=["list", "data"])
def test_a_list_of_rows_is_read_as_the_hub_writes_it(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    hub = {**ROW, "answers": {"text": ["8080"], "answer_start": [12]}}
    assert read_items(write(tmp_path / "q.json", json.dumps(wrap([hub])))) == [ITEM]


def test_json_lines_under_the_name_of_json_are_read(tmp_path: Path) -> None:
    assert len(read_items(write(tmp_path / "q.json", json.dumps(ROW) + "\n" + GOOD))) == 2


@pytest.mark.parametrize(
    ("name", "column", "separator"),
    [("q.csv", "text", ","), ("q.tsv", "answer", "\t"), ("q.csv", "Text", ";"), ("q.csv.gz", "text", ",")],
    ids=["comma", "tab", "semicolon", "packed"],
)
def test_tables_find_where_the_answer_stands(tmp_path: Path, name: str, column: str, separator: str) -> None:
    rows = [["Context", "question ", column], [CONTEXT, "Port?", "8080"], [CONTEXT, "Why?", ""], ["", "", ""]]
    first, second = read_items(write(tmp_path / name, table(rows, separator)))
    assert first == Item("line-2", "Port?", CONTEXT, (Reference("8080", 12),))
    assert not second.answerable


def test_cells_of_a_table_stay_the_text_they_are(tmp_path: Path) -> None:
    answers = ["007", "NA", "2024-01-01", "1.50", "null", "True", "=1+1"]
    rows = [["context", "question", "text"], *([f"It is {answer}.", "What?", answer] for answer in answers)]
    assert [item.references for item in read_items(write(tmp_path / "q.csv", table(rows)))] == [
        (answer,) for answer in answers
    ]


def test_repeated_rows_of_a_question_are_its_references(tmp_path: Path) -> None:
    rows = [[CONTEXT, "Port?", "8080"], [CONTEXT, "Host?", "Größe"], [CONTEXT, "Port?", "The port is 8080"]]
    port, host = read_items(write(tmp_path / "q.csv", table([["context", "question", "text"], *rows])))
    assert port.answers == (Reference("8080", 12), Reference("The port is 8080", 0))
    assert host.references == ("Größe",)


def test_a_column_of_answers_holds_json(tmp_path: Path) -> None:
    answers = json.dumps([{"text": "8080", "start": 12}, {"text": "port", "answer_start": 4}])
    rows = [
        ["id", "context", "question", "answers"],
        ["a", CONTEXT, "Port?", answers],
        ["b", CONTEXT, "Why?", "[]"],
    ]
    port, why = read_items(write(tmp_path / "q.csv", table(rows)))
    assert port.answers == (Reference("8080", 12), Reference("port", 4))
    assert why.answers == ()


@pytest.mark.parametrize(
    "answers",
    [{"text": ["8080"], "answer_start": [12]}, [{"text": "8080", "start": 12}]],
    ids=["hub", "list"],
)
def test_parquet_is_read_with_answers_in_either_form(tmp_path: Path, answers: Any) -> None:
    none = {"text": [], "answer_start": []} if isinstance(answers, dict) else []
    rows = [
        {**ROW, "answers": answers, "vector": [1.0]},
        {**ROW, "id": "b", "answers": none, "vector": [2.0]},
    ]
    first, second = read_items(parquet(tmp_path / "q [1].parquet", rows))
    assert first == ITEM
    assert second.answers == ()


def test_the_same_questions_are_read_from_every_form(tmp_path: Path) -> None:
    draw = random.Random(3)
    pieces = [
        "8080",
        "ä",
        "e\u0301",
        "🎉",
        "👩‍🚀",
        "\r\n",
        "\n",
        "\r",
        "\t",
        '"',
        ",",
        ";",
        "\u2028",
        "\x85",
        "\\",
        " a ",
        "中",
    ]
    items = []
    for number in range(60):
        context = "x" + "".join(draw.choices(pieces, k=40)) + "x"
        start = draw.randrange(30)
        answers = (
            (Reference(context[start : start + 9], start),) if context[start : start + 9].strip() else ()
        )
        items.append(Item(f"q{number}", draw.choice(['a "b"?', "ä\r\nü?"]), context, answers, "T,;"))
    rows = [item_to_json(item) for item in items]
    cells = [[r["id"], r["title"], r["context"], r["question"], json.dumps(r["answers"])] for r in rows]
    head = ["id", "title", "context", "question", "answers"]
    nested = [
        {
            "title": r["title"],
            "paragraphs": [
                {"context": r["context"], "qas": [{k: r[k] for k in ("id", "question", "answers")}]}
            ],
        }
        for r in rows
    ]
    files = [
        write(tmp_path / "q.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)),
        write(tmp_path / "crlf.jsonl.gz", "\ufeff" + "\r\n".join(map(json.dumps, rows))),
        write(tmp_path / "q.json", json.dumps({"data": nested})),
        write(tmp_path / "q.csv", "\ufeff" + table([head, *cells])),
        write(tmp_path / "semicolon.csv", table([head, *cells], ";")),
        write(tmp_path / "q.tsv", table([head, *cells], "\t")),
        parquet(tmp_path / "q.parquet", [{**row, "others": None} for row in rows]),
    ]
    for file in files:
        read = read_item_file(file, strict=True)
        assert list(read.items) == items, file.name


def test_whatever_is_read_stands_where_it_says(tmp_path: Path) -> None:
    draw = random.Random(5)
    lines = []
    for _ in range(300):
        context = "".join(draw.choices(["ab", "🎉", " ", "é", "\r\n", "c"], k=30))
        start = draw.randrange(len(context))
        answers = [
            {"text": draw.choice([context[start : start + 3], "abc", ""]), "start": draw.randrange(-2, 70)}
        ]
        lines.append(json.dumps({"context": context, "question": "?", "answers": answers}))
    file = read_item_file(write(tmp_path / "q.jsonl", "\n".join(lines)))
    assert file.mended["wrong start"] > 50
    assert file.left_out["answer not in context"] > 10
    assert len(file.items) + sum(file.left_out.values()) == 300
    for item in file.items:
        for answer in item.answers:
            assert item.context[answer.start : answer.start + len(answer.text)] == answer.text


def test_fields_may_be_very_long(tmp_path: Path) -> None:
    context = "word, " * 100_000 + "end"
    file = write(tmp_path / "q.csv", table([["context", "question", "text"], [context, "Where?", "end"]]))
    assert read_items(file)[0].answers == (Reference("end", 600_000),)


def test_line_separators_inside_a_json_text_break_no_line(tmp_path: Path) -> None:
    context = "one\u2028two\u2029three\x85four\x0bfive"
    row = {**ROW, "context": context, "answers": [{"text": "three", "start": 8}]}
    file = write(tmp_path / "q.jsonl", json.dumps(row, ensure_ascii=False) + "\n" + GOOD)
    assert read_item_file(file, strict=True).items[0].answers == (Reference("three", 8),)


# Mistakes, by kind and place


def test_bad_lines_are_left_out_and_named(tmp_path: Path) -> None:
    bad: list[Any] = [
        "{broken",
        "[1]",
        {**ROW, "id": "b", "answers": [{"text": "9090", "start": 12}]},
        {**ROW, "id": "c", "question": ""},
        {**ROW, "id": "d", "context": " "},
        {"id": "e", "question": "?", "answers": []},
        {**ROW, "id": "f", "answers": 7},
        {**ROW, "id": "good"},
        {**ROW, "id": "g", "answers": [{"text": "8080", "start": 13}]},
        {**ROW, "id": "h", "question": "\ud83d"},
    ]
    text = "\n".join([GOOD, "", *(each if isinstance(each, str) else json.dumps(each) for each in bad)])
    file = read_item_file(write(tmp_path / "q.jsonl", text))
    assert [item.id for item in file.items] == ["good", "g"]
    assert places(file) == [
        ("broken line", "line 3"),
        ("broken structure", "line 4"),
        ("answer not in context", "line 5"),
        ("empty field", "line 6"),
        ("empty field", "line 7"),
        ("missing column", "line 8"),
        ("wrong type", "line 9"),
        ("duplicate id", "line 10"),
        ("wrong start", "line 11"),
        ("wrong encoding", "line 12"),
    ]
    assert file.left_out["empty field"] == 2
    assert file.mended == {"wrong start": 1}


def test_problems_are_told_a_line_a_kind_with_a_few_places(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", GOOD + "\n{" * 9 + "\n[]")
    told = read_item_file(path).lines
    assert told[0] == f"{path}: 1 questions read, 10 left out, 0 mended"
    assert told[1].startswith("  broken line (9): line 2: found Expecting property name")
    assert "line 4: " in told[1] and "line 5" not in told[1]
    assert told[1].endswith("; and 6 more")
    assert told[2] == "  broken structure (1): line 11: found a list, expected a JSON object"


def test_strictness_stops_with_the_same_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "q.jsonl", GOOD + "\n{broken")
    told = read_item_file(path).lines
    with pytest.raises(DataError, match="read strictly") as refused:
        read_item_file(path, strict=True)
    assert str(refused.value).splitlines()[1:] == told


def test_what_was_wrong_is_logged_where_nobody_asks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(read_items(write(tmp_path / "q.jsonl", GOOD + "\n{broken"))) == 1
    assert "broken line (1): line 2" in caplog.text


def test_mistakes_in_squad_are_named_by_their_path(tmp_path: Path) -> None:
    good = {"id": "a", "question": "Port?", "answers": [{"text": "8080", "answer_start": 12}]}
    lost = {"id": "b", "question": "Why?", "answers": [{"text": "so", "answer_start": 12}]}
    articles = [
        {"title": "T"},
        {
            "title": "T",
            "paragraphs": [{"context": CONTEXT, "qas": [good, lost]}, {"qas": [good]}, {"context": "c"}, 7],
        },
        "article",
        {"paragraphs": [{"context": CONTEXT, "qas": [good, 7]}]},
    ]
    file = read_item_file(write(tmp_path / "q.json", json.dumps({"data": articles})))
    assert file.items == (ITEM,)
    assert places(file) == [
        ("broken structure", "data[0]"),
        ("answer not in context", "data[1].paragraphs[0].qas[1]"),
        ("missing column", "data[1].paragraphs[1].qas[0]"),
        ("broken structure", "data[1].paragraphs[2]"),
        ("broken structure", "data[1].paragraphs[3]"),
        ("broken structure", "data[2]"),
        ("duplicate id", "data[3].paragraphs[0].qas[0]"),
        ("broken structure", "data[3].paragraphs[0].qas[1]"),
    ]


def test_mistakes_in_tables_are_named_by_the_line_a_row_begins_on(tmp_path: Path) -> None:
    text = (
        'id,context,question,text\r\n1,"two\r\nlines",q,lines\r\n\r\n2,"three\r\n\r\nlines",q,none\r\n'
        "3,one, two,q,one\r\n1,again,q,again\r\n4,c,,c\r\n5,,q,\r\n6,c,short\r\n"
    )
    file = read_item_file(write(tmp_path / "q.csv", text))
    assert file.items[0] == Item("1", "q", "two\r\nlines", (Reference("lines", 5),))
    assert file.items[1] == Item("6", "short", "c")
    assert places(file) == [
        ("answer not in context", "line 5"),
        ("wrong number of fields", "line 8"),
        ("duplicate id", "line 9"),
        ("empty field", "line 10"),
        ("empty field", "line 11"),
    ]
    assert "found 5 fields, expected 4" in file.lines[2]


def test_a_question_both_answered_and_not_contradicts_itself(tmp_path: Path) -> None:
    rows = [["context", "question", "text"], [CONTEXT, "Port?", "8080"], [CONTEXT, "Port?", ""]]
    file = read_item_file(write(tmp_path / "q.csv", table(rows)))
    assert [item.references for item in file.items] == [("8080",)]
    assert places(file) == [("contradiction", "line 3")]


def test_mistakes_in_parquet_are_named_by_row(tmp_path: Path) -> None:
    rows = [
        {"context": CONTEXT, "question": "Port?", "text": text} for text in ("8080", "9090", "Größe", None)
    ]
    file = read_item_file(parquet(tmp_path / "q.parquet", [*rows, {**rows[0], "question": None}]))
    assert file.items[0].answers == (Reference("8080", 12), Reference("Größe", 30))
    assert places(file) == [
        ("answer not in context", "row 2"),
        ("contradiction", "row 4"),
        ("missing column", "row 5"),
    ]


def test_bytes_that_are_not_utf8_cost_their_own_rows(tmp_path: Path) -> None:
    latin = json.dumps({**ROW, "id": "b"}, ensure_ascii=False).replace("🎉", "!").encode("latin-1")
    plain = GOOD.encode()
    lines = read_item_file(write(tmp_path / "q.jsonl", b"\n".join([plain, latin])))
    rows = b'context,question,text\n"a\nb",q,a\n"a\nGr\xf6\xdfe\nb",q,b\nlast,q,last\n'
    cells = read_item_file(write(tmp_path / "q.csv", rows))
    qas = [{"id": name, "question": name, "answers": []} for name in ("ok", "größe")]
    nested = read_item_file(
        write(tmp_path / "q.json", squad(*qas).replace("gr\\u00f6\\u00dfe", "größe").encode("latin-1"))
    )
    assert [len(file.items) for file in (lines, cells, nested)] == [1, 2, 1]
    assert places(lines) == [("wrong encoding", "line 2")]
    assert places(cells) == [("wrong encoding", "line 4")]
    assert places(nested) == [("wrong encoding", "data[0].paragraphs[0].qas[1]")]
    assert "found byte 0xf6, expected UTF-8" in lines.lines[1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("name", "separator"), [("q.jsonl", ""), ("q.csv", "\t")])
def test_utf16_is_read_and_told(tmp_path: Path, name: str, separator: str, encoding: str) -> None:
    rows = [["id", "title", "context", "question", "text"], ["a", "T", CONTEXT, "Port?", "8080"]]
    text = table(rows, separator) if separator else json.dumps(ROW, ensure_ascii=False)
    file = read_item_file(write(tmp_path / name, text.encode(encoding)))
    assert file.items == (ITEM,)
    assert file.mended == {"wrong encoding": 1}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("q.txt", b"x", "expected a name ending"),
        ("q.gz", b"x", "expected a name ending"),
        ("q.jsonl", b"", "is empty"),
        ("q.csv.gz", b" \n", "is empty"),
        ("q.csv", b"\xff\xfe", "is empty"),
        ("q.jsonl", b"\xff\xfe\xff", "UTF-8"),
        ("q.jsonl", b"{}", "that can be used"),
        ("q.json", b"{}", "no list `data`"),
        ("q.json", b"3", "no list `data`"),
        ("q.json", b'{\n"data": [', "line 2"),
        ("q.json", b'{"data": []}', "that can be used"),
        ("q.json", b'{"data": [{"title": "T"}]}', "data[0]: found no paragraphs"),
        ("q.csv", b"question,text\na,b\n", "line 1: found columns question, text; expected context"),
        ("q.csv", b"\ncontext,question\na,b\n", "line 2: found columns context, question; expected"),
        ("q.csv", b"context,question,text\n", "that can be used"),
        ("q.csv", b'context,question,text\na,b,c\n"never closed,b,c\n', "EOF inside string"),
        ("q.parquet", b"PAR1 not", "expected PARQUET"),
        ("q.parquet", b"", "expected PARQUET"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_stops(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(DataError) as refused:
        read_items(write(tmp_path / name, data))
    assert said in str(refused.value)
    assert name in str(refused.value)


def test_parquet_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found columns passage, question; expected context"):
        read_items(parquet(tmp_path / "q.parquet", [{"passage": "c", "question": "q"}]))


def test_a_packed_file_that_breaks_off_says_where(tmp_path: Path) -> None:
    text = "\n".join(json.dumps({**ROW, "id": str(n), "title": f"{n * 7919}"}) for n in range(3000))
    (tmp_path / "q.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-300])
    with pytest.raises(DataError, match=r"breaks off in line 2\d\d\d"):
        read_items(tmp_path / "q.jsonl.gz")
    (tmp_path / "plain.jsonl.gz").write_text(text)
    with pytest.raises(DataError, match="isn't packed with gzip"):
        read_items(tmp_path / "plain.jsonl.gz")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Found no file"):
        read_items(tmp_path / "none.jsonl")


def test_reading_a_table_leaves_nothing_behind_and_prints_nothing(tmp_path: Path) -> None:
    write(tmp_path / "q.csv", table([["context", "question", "text"], [CONTEXT, "Port?", "8080"]]))
    write(tmp_path / "broken.parquet", b"PAR1 not")
    (tmp_path / "temporary").mkdir()
    code = (
        "from pathlib import Path; from bot.errors import DataError; from bot.reading.item_files import read_items\n"
        "print(len(read_items(Path('q.csv'))))\n"
        "try: read_items(Path('broken.parquet'))\n"
        "except DataError: print('refused')"
    )
    root = str(Path(__file__).resolve().parent.parent)
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path / "temporary"), "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["1", "refused"], "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.parquet", "q.csv", "temporary"]
    assert list((tmp_path / "temporary").iterdir()) == []
