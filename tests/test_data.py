"""Tables: exact decimals, every way of handing data over, and faults that name the place."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closedform import problem
from closedform.errors import CallError, InputError
from closedform.reading.tables import LARGE_ROWS, Table, read_table

HALF = Fraction(1, 2)


def write(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_decimals_of_a_file_are_exact(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "\ufeffx, y\r\n0.1,1e-3\r\n-2.50,+3\r\n1/3,.5\r\n\r\n"), target="y")
    assert table.columns["x"] == (Fraction(1, 10), Fraction(-5, 2), Fraction(1, 3))
    assert table.columns["y"] == (Fraction(1, 1000), Fraction(3), HALF)
    assert (table.rows, table.features, table.target, table.exact) == (3, ("x",), "y", True)
    assert pickle.loads(pickle.dumps(table)) == table


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    table = read_table(write(tmp_path, f"a{delimiter}b\n1{delimiter}2\n"))
    assert dict(table.columns) == {"a": (1,), "b": (2,)}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_any_decimal_is_read_exactly(value: object) -> None:
    assert read_table({"x": [str(value)]}).columns["x"] == (Fraction(str(value)),)


def test_names_that_are_not_names_are_made_so(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "GNP deflator,1st,lambda\n1,2,3\n"), target="GNP deflator")
    assert table.names == ("GNP_deflator", "x1st", "lambda")
    assert table.target == "GNP_deflator"
    assert any("GNP deflator" in note for note in table.notes)


def test_a_file_without_header(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "1,2\n3,4\n"))
    assert (table.names, table.rows) == (("x1", "x2"), 2)
    assert "no header" in table.notes[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("x,y\n", "header but no rows"),
        ("x,x\n1,2\n", "two columns named x"),
        ("x,y\n1,2\n3\n", "row 2 has 1 cells, the header has 2"),
        ("x,y\n1,2,3\n", "row 1 has 3 cells"),
        ("x\nabc\n", "column x, row 1: 'abc' is not a number"),
        ("x\n1\nNaN\n", "column x, row 2: NaN is not a finite"),
        ("x\n-inf\n", "is not a finite number"),
        ("x,y\n,\n", "column x, row 1 is empty"),
        (b"x\n\xff\xfe\n", "not UTF-8"),
        ("a b,a_b\n1,2\n", "are both a_b"),
        ("x;y\n1,5;a\n", "write decimals with a point"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_table(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_no_file_a_directory_a_missing_target(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a directory"):
        read_table(tmp_path)
    with pytest.raises(CallError, match="there is no column z; the columns are x, y"):
        read_table(write(tmp_path, "x,y\n1,2\n"), target="z")


def test_text_in_a_column_matters_only_when_it_is_used(tmp_path: Path) -> None:
    path = write(tmp_path, "name,y\nann,1\nbob,3\n")
    assert problem.read("sum(i, 1, n, (y[i] - m)^2)", data=path).unknowns == ("m",)
    with pytest.raises(InputError, match="column name, row 1: 'ann' is not a number"):
        problem.read("ols", data=path, target="y")


def test_arrays_frames_and_pairs() -> None:
    x, y = np.array([[1, 2], [3, 4.5], [5, 6]]), np.array([0.1, 1, 2])
    for data in ((x, y), {"X": x, "y": y}, {"X": x.tolist(), "y": y.tolist()}, {"X": x, "y": y.reshape(-1, 1)}):
        table = read_table(data)
        assert (table.names, table.target, table.rows) == (("x1", "x2", "y"), "y", 3)
        assert table.columns["x2"][1] == Fraction(9, 2)
        assert table.columns["y"][0] == Fraction(1, 10)
    assert read_table(x).names == ("x1", "x2")
    assert read_table({"v": np.float32([0.1])}).columns["v"] == (Fraction(1, 10),)
    assert read_table({"v": np.array([True, False])}).columns["v"] == (1, 0)
    for bad in (
        [1, 2],
        b"x",
        5,
        {},
        {"x": [1], "y": [1, 2]},
        {"x": []},
        {"x": [1j]},
        {"x": [None]},
        {"x": 3},
        {"x": [float("nan")]},
        np.zeros((2, 2, 2)),
    ):
        with pytest.raises(InputError):
            read_table(bad)


class Frame:
    """What pandas and polars have in common."""

    columns = ("x", "y")

    def __getitem__(self, key: str) -> list[float]:
        return {"x": [1.5, 2], "y": [0, 1]}[key]


def test_anything_like_a_data_frame() -> None:
    assert read_table(Frame(), "y").columns["x"] == (Fraction(3, 2), 2)


def test_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.eye(2), y=np.array([1.0, 2.0]))
    assert read_table(tmp_path / "t.npz").names == ("x1", "x2", "y")
    np.savez(tmp_path / "o.npz", x=np.array(["os", None], dtype=object))
    with pytest.raises(InputError, match="not an NPZ file of numbers"):
        read_table(tmp_path / "o.npz")
    with pytest.raises(InputError, match="not an NPZ file"):
        read_table(write(tmp_path, "hello", "bad.npz"))


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"x": [1, 2], "y": [0.5, 1.5]}), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").columns["y"] == (HALF, Fraction(3, 2))
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(write(tmp_path, "hello", "bad.parquet"))


def test_chunks_of_an_exact_table() -> None:
    blocks = list(read_table({"x": [1, 2, 3], "y": ["0.5", 1, 2]}).chunks(["y"], size=2))
    assert [b.tolist() for b in blocks] == [[[0.5], [1.0]], [[2.0]]]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    rows = LARGE_ROWS + 5
    path.write_text("id,x,y\n" + "".join(f"r{j},{j}.5,{j % 7}\n" for j in range(rows)))
    return path


def test_big_tables_are_blocks(big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (2**28, 2**18):  # kept in memory; streamed from the file
        monkeypatch.setattr("closedform.reading.chunks.MAX_BYTES", limit)
        table = read_table(big, target="y")
        assert (table.rows, table.exact, "id" in table.faults) == (LARGE_ROWS + 5, False, True)
        assert "double precision" in table.notes[0]
        blocks = list(table.chunks(["y", "x"], size=30_000))
        assert sum(map(len, blocks)) == table.rows
        assert blocks[-1][-1].tolist() == [(table.rows - 1) % 7, table.rows - 0.5]
        with pytest.raises(InputError, match="too big for exact"):
            table.column("x")
        assert problem.read("sum(i, 1, n, (y[i] - a*x[i])^2)", data=table, unknowns="a").data is not None
    assert len(pickle.dumps(table)) < 5000


def test_big_tables_name_the_bad_row(big: Path, tmp_path: Path) -> None:
    text = big.read_text()
    for cell, says in (("abc", "column x, row 70001: 'abc' is not a number"), ("nan", "column x, row 70001: nan")):
        path = write(tmp_path, text.replace("r70000,70000.5,", f"r70000,{cell},"))
        with pytest.raises(InputError, match=says):
            read_table(path)


def test_big_arrays_stay_arrays() -> None:
    x = np.arange(LARGE_ROWS + 1, dtype=float)
    table = read_table({"x": x, "y": 2 * x}, target="y")
    assert isinstance(table, Table)
    assert next(table.chunks())[3].tolist() == [3.0, 6.0]
    x[17] = np.nan
    with pytest.raises(InputError, match="column x, row 18"):
        problem.read("ols", data={"x": x, "y": x * 0}, target="y")
