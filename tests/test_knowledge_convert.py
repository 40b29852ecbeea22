"""Each kind of file becomes text and a title, or an error of one line that says what to do."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import DocumentError
from bot.knowledge.convert import convert

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def text_of(folder: Path, name: str, data: bytes) -> tuple[str, str]:
    """(title, text)"""
    (folder / name).write_bytes(data)
    converted = convert(folder / name, max_file_mb=1)
    return converted.title, converted.text


def reason(folder: Path, name: str, data: bytes) -> str:
    with pytest.raises(DocumentError) as raised:
        text_of(folder, name, data)
    said = str(raised.value)
    assert "\n" not in said
    return said


def docx() -> bytes:
    from docx import Document

    document = Document()
    document.add_heading("Travel policy", level=1)
    document.add_paragraph("Trains are booked by Ines.")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(
        [c for row in table.rows for c in row.cells], ("Class", "Limit", "First", "€300"), strict=True
    ):
        cell.text = words
    return saved(document.save)


def pptx() -> bytes:
    from pptx import Presentation

    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text = "Town hall"
    slide.placeholders[1].text = "The new office opens in May."
    return saved(slides.save)


def xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Phones"
    for row in (("Name", "Extension", "Room"), ("Ines", 417, None), ("Rasmus", 418, "B2")):
        book.active.append(row)
    return saved(book.save)


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def pdf(
    page: bytes = b"BT /F1 12 Tf 72 700 Td (The gate closes at 22:00.) Tj ET", trailer: bytes = b""
) -> bytes:
    """One page, as small as a PDF can be."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, trailer, len(data),
    )  # fmt: skip


ENCRYPTED = b"/Encrypt 6 0 R /ID [<4142> <4142>]"


def test_markdown_is_taken_as_it_is(tmp_path: Path) -> None:
    text = "Intro 🦩\r\n\r\n# Annual *leave*\r\n\r\nSix  days.\r\n"
    assert text_of(tmp_path, "a.md", text.encode()) == ("Annual leave", text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert text_of(tmp_path, "a.txt", "Grüße, 東京".encode(encoding)) == ("A", "Grüße, 東京")


def test_windows_text_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes("Caf\xe9 \x93quoted\x94".encode("latin-1"))
    converted = convert(path, max_file_mb=1)
    assert converted.text == "Café “quoted”"
    assert "Windows-1252" in converted.note


def test_a_damaged_utf16_file_and_binary_data_say_so(tmp_path: Path) -> None:
    assert "UTF-16" in reason(tmp_path, "a.txt", b"\xff\xfea")
    assert "binary" in reason(tmp_path, "a.md", bytes(range(32)) * 40)
    assert "binary" in reason(tmp_path, "a.txt", b"MZ\x00\x01\x02 program")


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("x.md", "no heading", "X"),
        ("notice-periods_2024.txt", "text", "Notice periods 2024"),
        ("x.md", "---\ntitle: 'Front'\n---\ntext", "Front"),
        ("x.md", "---\ntitle: Front\n---\n# Head", "Head"),
        ("x.html", "<title>Page\n title</title><p>text", "Page title"),
        ("x.html", "<title>Page</title><h2>Head</h2>text", "Head"),
        ("x.html", "<p>text", "X"),
    ],
)
def test_a_title_is_the_heading_or_what_is_nearest_to_one(
    tmp_path: Path, name: str, text: str, title: str
) -> None:
    assert text_of(tmp_path, name, text.encode())[0] == title


def test_html_loses_its_scripts_and_keeps_its_structure(tmp_path: Path) -> None:
    page = "<html><body><h1>Wi-Fi</h1><script>evil()</script><p>Ask <b>Ines</b>.</p><ul><li>one<li>two</ul>"
    title, text = text_of(tmp_path, "a.html", page.encode())
    assert title == "Wi-Fi"
    assert "# Wi-Fi" in text
    assert "**Ines**" in text
    assert "evil" not in text


def test_html_is_read_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2"><p>Łódź</p>'
    assert "Łódź" in text_of(tmp_path, "a.htm", page.encode("iso-8859-2"))[1]


def test_docx_keeps_headings_and_tables(tmp_path: Path) -> None:
    title, text = text_of(tmp_path, "a.docx", docx())
    assert title == "Travel policy"
    assert "Trains are booked by Ines." in text
    assert "| First | €300 |" in text


def test_pptx_takes_its_first_slides_title(tmp_path: Path) -> None:
    title, text = text_of(tmp_path, "a.pptx", pptx())
    assert title == "Town hall"
    assert "The new office opens in May." in text


def test_xlsx_is_named_by_its_file_and_empty_cells_stay_empty(tmp_path: Path) -> None:
    title, text = text_of(tmp_path, "phone-list.xlsx", xlsx())
    assert title == "Phone list"
    assert "## Phones" in text
    assert "| Ines | 417 |" in text
    assert "NaN" not in text


def test_csv_becomes_a_table(tmp_path: Path) -> None:
    assert "| Ines | 417 |" in text_of(tmp_path, "a.csv", b"Name,Extension\nInes,417\n")[1]


def test_pdf_gives_its_text(tmp_path: Path) -> None:
    assert text_of(tmp_path, "gate.pdf", pdf()) == ("Gate", "The gate closes at 22:00.")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", pdf(trailer=ENCRYPTED), "encrypted"),
        ("a.pdf", pdf(page=b""), "OCR"),
        ("a.pdf", b"<html>not found</html>", "no PDF"),
        ("a.pdf", pdf()[:300], ""),
        ("a.docx", OLE + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.xlsx", OLE + bytes(512), "old office file"),
        ("a.docx", b"PK\x03\x04 torn", "can't be read as DOCX"),
        ("a.pptx", docx(), "can't be read as PPTX"),
        ("a.docx", xlsx(), "can't be read as DOCX"),
        ("a.md", b"", "empty"),
        ("a.md", b" \r\n\t", "empty"),
        ("a.html", b"<html><script>x()</script></html>", "no text"),
        ("a.exe", b"MZ", "'.exe'"),
        ("Makefile", b"all:", "expected Markdown"),
        ("a.doc", OLE, "save it as .docx"),
    ],
)
def test_what_cannot_be_learned_says_why_in_one_line(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    assert said in reason(tmp_path, name, data)


def test_a_zip_that_unpacks_to_far_too_much_is_refused_unopened(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", bytes(40_000_000))
    assert "unpacks to 40 MB" in reason(tmp_path, "a.docx", stream.getvalue())


@pytest.mark.filterwarnings("ignore:HTML document is too deeply nested")
def test_any_bytes_end_in_text_or_in_an_error_of_ours(tmp_path: Path) -> None:
    whole = {
        ".docx": docx(),
        ".pptx": pptx(),
        ".xlsx": xlsx(),
        ".pdf": pdf(),
        ".html": b"<p>" * 1_200,
        ".csv": b'a,"b\n',
    }
    for kind, data in whole.items():
        for torn in (data, data[: len(data) // 2], data[:-30] + bytes(30)):
            path = tmp_path / f"a{kind}"
            path.write_bytes(torn)
            try:
                assert convert(path, max_file_mb=1).text.strip()
            except DocumentError as error:
                assert str(error)


def test_files_that_are_too_large_missing_or_no_files_say_so(tmp_path: Path) -> None:
    assert "expected at most 1" in reason(tmp_path, "a.md", b"x" * 1_000_001)
    for path, said in ((tmp_path / "gone.md", "no such file"), (tmp_path, "no regular file")):
        with pytest.raises(DocumentError, match=said):
            convert(path, max_file_mb=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("secret")
    path.chmod(0)
    with pytest.raises(DocumentError, match="can't be read"):
        convert(path, max_file_mb=1)
