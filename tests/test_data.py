"""Tables: exact decimals, every way of handing data over, and faults that name the place."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from closedform import problem
from closedform.errors import ON_COMMAND_LINE, CallError, InputError
from closedform.reading.data.cells import exact
from closedform.reading.data.tables import LARGE_ROWS, Table, read_table

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
        ("x,y\n1,2\n3\n", "row 2 has 1 cell, the header has 2"),
        ("x,y\n1,2,3\n", "row 1 has 3 cells"),
        ("x\nabc\n", "column x, row 1: 'abc' is not a number"),
        ("x\n-inf\n", "is not a finite number"),
        ("x,y\n,\n", "header but no rows"),
        (b"x\n\0\1\n", "not a text table"),
        ("a b,a_b\n1,2\n", "are both a_b"),
        ("x;y\n1,500;a\n", "1,500 may be 1500 or 1.500; decimal='.' reads the first, decimal=',' the second"),
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
        monkeypatch.setattr("closedform.reading.streams.spool.MAX_BYTES", limit)
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
    path = write(tmp_path, text.replace("r70000,70000.5,", "r70000,abc,"))
    with pytest.raises(InputError, match="column x, row 70001: 'abc' is not a number"):
        read_table(path)
    for cell in ("nan", "", "NA"):
        table = read_table(write(tmp_path, text.replace("r70000,70000.5,", f"r70000,{cell},")), missing="drop")
        assert table.gaps == {"x": (70000,)}
        left = table.completed(["x"])
        assert left.rows == table.rows - 1
        assert sum(len(block) for block in left.chunks(["x"])) == left.rows


def test_big_arrays_stay_arrays() -> None:
    x = np.arange(LARGE_ROWS + 1, dtype=float)
    table = read_table({"x": x, "y": 2 * x}, target="y")
    assert isinstance(table, Table)
    assert next(table.chunks())[3].tolist() == [3.0, 6.0]
    x[17] = np.nan
    with pytest.raises(InputError, match="column x, row 18"):
        problem.read("ols", data={"x": x, "y": x * 0}, target="y")


# -- tables as people have them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "columns"),
    [
        ("x;y\n1,5;2\n2,25;3\n", {}, {"x": (Fraction(3, 2), Fraction(9, 4)), "y": (2, 3)}),
        ("x;y\n1.234,5;2\n", {"decimal": ","}, {"x": (Fraction(2469, 2),), "y": (2,)}),
        ("x;y\n1,500;2\n", {"decimal": ","}, {"x": (Fraction(3, 2),), "y": (2,)}),
        ('x,y\n"1,500",2\n', {"decimal": "."}, {"x": (1500,), "y": (2,)}),
        ('x,y\n"1,234,567",0.5\n', {}, {"x": (1234567,), "y": (HALF,)}),
        ("x,y\n1 234,2\n", {}, {"x": (1234,), "y": (2,)}),
        ("x,y\n1'234.5,2\n", {}, {"x": (Fraction(2469, 2),), "y": (2,)}),
        ("x,y\n50%,2\n12.5 %,3\n", {}, {"x": (HALF, Fraction(1, 8)), "y": (2, 3)}),
        ("sep=;\nx;y\n1;2\n", {}, {"x": (1,), "y": (2,)}),
        ("x,y,\n1,2,\n3,4,\n", {}, {"x": (1, 3), "y": (2, 4)}),
        ("x,y\n1,2\n,\n,\n", {}, {"x": (1,), "y": (2,)}),
        ("x,y\nTRUE,2\nfalse,3\n", {}, {"x": (1, 0), "y": (2, 3)}),
        ("größe,y\n1,2\n".encode("cp1252"), {}, {"größe": (1,), "y": (2,)}),
        ("x\ty\n1\t2\n".encode("utf-16"), {}, {"x": (1,), "y": (2,)}),
    ],
)
def test_odd_files_are_read_exactly(
    tmp_path: Path, text: str | bytes, options: dict[str, str], columns: dict[str, tuple[object, ...]]
) -> None:
    table = read_table(write(tmp_path, text), **options)
    assert {key: table.columns[key] for key in columns} == columns


def test_what_is_recognised_is_said(tmp_path: Path) -> None:
    for text, says in (
        ("x;y\n1,5;2\n", "decimal comma"),
        ("größe,y\n1,2\n".encode("cp1252"), "Windows-1252"),
        ("x,y\n50%,1\n", "in percent"),
        ("x,y\ntrue,1\n", "true is read as 1"),
    ):
        assert any(says in note for note in read_table(write(tmp_path, text)).notes)


ODD = "id,day,age,group,y\nA1,2024-01-05,20,a,1\nA2,2024-01-06,,b,2\nA3,2024-01-07,40,a,4\nA4,2024-01-08,50,c,5\n"


def test_features_and_categories(tmp_path: Path) -> None:
    path = write(tmp_path, ODD)
    asked = problem.read("ols", data=path, target="y", features="age, C(group)", missing="drop")
    assert asked.unknowns == ("intercept", "age", "group_c")  # row 2, the only one in b, misses its age
    asked = problem.read("ols", data=path, target="y", features="y ~ C(group)")
    assert asked.unknowns == ("intercept", "group_b", "group_c")
    assert asked.data is not None
    assert asked.data.columns["group_b"] == (0, 1, 0, 0)
    assert any("a is the reference" in note for note in asked.notes)
    asked = problem.read("ols", data=path, target="y", features=["C(group)"], intercept=False)
    assert asked.unknowns == ("group_a", "group_b", "group_c")
    asked = problem.read("ols", data=path, target="y", drop="id,day,group", missing="drop")
    assert asked.unknowns == ("intercept", "age")
    assert "1 of 4 rows miss a cell and are left out" in asked.notes


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "column id, row 1: 'A1' is not a number; drop='id' leaves the column out$"),
        (
            {"drop": "id,day", "missing": "drop"},
            r"column group, row 1: 'a' is not a number; drop='group' leaves the column out, features='..., C\(group\)'",
        ),
        ({"drop": "id"}, "column day, row 1: '2024-01-05' is a date and not a number; drop='day' leaves"),
        ({"features": "age"}, "column age, row 2 is missing; missing='drop' leaves such rows out"),
        ({"features": "agge"}, "features=: there is no column agge"),
        ({"drop": "agge"}, "drop=: there is no column agge"),
        ({"drop": "y"}, "y is the target and cannot be dropped"),
        ({"features": "y, age"}, "y is the target and cannot be a feature"),
        ({"features": "age, age"}, "names age twice"),
        ({"features": "age", "drop": "age"}, "age is both a feature and dropped"),
        ({"decimal": ";"}, "the decimal mark is"),
        ({"missing": "ignore"}, "error or drop"),
    ],
)
def test_refusals_name_the_column_the_row_and_the_option(tmp_path: Path, options: dict[str, str], says: str) -> None:
    with pytest.raises((CallError, InputError), match=says) as caught:
        problem.read("ols", data=write(tmp_path, ODD), target="y", **options)
    assert "\n" not in str(caught.value)


def test_hints_are_in_the_spelling_of_the_caller(tmp_path: Path) -> None:
    token = ON_COMMAND_LINE.set(True)
    try:
        with pytest.raises(InputError, match=r"--drop 'group' leaves the column out, --features '..., C\(group\)'"):
            problem.read("ols", data=write(tmp_path, ODD), target="y", drop="id,day")
    finally:
        ON_COMMAND_LINE.reset(token)


@pytest.mark.parametrize(
    ("labels", "ones", "says"),
    [
        (["yes", "no", "yes"], (1, 0, 1), "'yes' counts as 1"),
        (["dead", "alive", "dead"], (1, 0, 1), "'dead' counts as 1"),
        (["True", "False", "False"], (1, 0, 0), "true is read as 1"),
        ([True, False, True], (1, 0, 1), ""),
    ],
)
def test_labels_in_words(labels: list[object], ones: tuple[int, ...], says: str) -> None:
    asked = problem.read("logistic", data={"x": [1, 2, 3], "y": labels}, target="y")
    assert asked.data is not None
    assert asked.data.columns["y"] == ones
    assert not says or any(says in note for note in asked.notes)


def test_labels_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match=r"column y, row 1: 'a' is not a label.*3 different"):
        problem.read("logistic", data={"x": [1, 2, 3], "y": ["a", "b", "c"]}, target="y")
    with pytest.raises(InputError, match="column y, row 2 is missing"):
        problem.read("logistic", data={"x": [1, 2, 3], "y": ["a", None, "b"]}, target="y")
    classes = problem.read("softmax", data={"x": [1, 2, 3], "y": ["a", "b", "c"]}, target="y")
    assert classes.unknowns == ("intercept_1", "x_1", "intercept_2", "x_2")


def test_a_column_that_a_text_loss_uses_may_miss_cells() -> None:
    data = {"x": [1, None, 3], "z": [None, None, 1]}
    with pytest.raises(InputError, match="column x, row 2 is missing"):
        problem.read("sum(i, 1, n, (x[i] - m)^2)", data=data)
    asked = problem.read("sum(i, 1, n, (x[i] - m)^2)", data=data, missing="drop")
    assert asked.data is not None
    assert asked.data.columns["x"] == (1, 3)


def test_chunks_are_a_table(tmp_path: Path) -> None:
    parts = ({"x": [k, k + 1], "y": ["0.1", "0.2"]} for k in range(3))
    table = read_table(parts, target="y")
    assert (table.rows, table.columns["y"][0]) == (6, Fraction(1, 10))
    rows = read_table([{"x": 1, "y": 2}, {"x": 3, "y": None}])
    assert (rows.columns["x"], rows.gaps) == ((1, 3), {"y": (1,)})
    big = (np.full((50_000, 2), k) for k in range(4))
    table = read_table(big)
    assert (table.rows, table.exact, table.names) == (200_000, False, ("x1", "x2"))
    assert [block[0, 0] for block in table.chunks(["x1"], 50_000)] == [0, 1, 2, 3]
    with pytest.raises(InputError, match="the chunks differ in their columns"):
        read_table(iter([{"x": [1]}, {"z": [1]}]))


def test_matrices_of_sympy_are_tables() -> None:
    table = read_table(sympy.Matrix([[1, sympy.Rational(1, 3)], [2, 5]]))
    assert dict(table.columns) == {"x1": (1, 2), "x2": (Fraction(1, 3), 5)}
    with pytest.raises(InputError, match="is not a number"):
        read_table(sympy.Matrix([[sympy.Symbol("a")]]))


@given(st.lists(st.sampled_from("0123456789.,-+%eE '\u00a0/naN"), max_size=9).map("".join))
def test_any_cell_is_a_number_missing_or_refused(cell: str) -> None:
    """What is read as a number in one mark is that number when its groups are taken away."""
    for mark in (".", ","):
        value = exact(cell, mark)
        if value is None or "/" in cell or "%" in cell:
            continue
        plain = cell.strip().replace("," if mark == "." else ".", "").replace(",", ".")
        assert value == Fraction(plain.translate(str.maketrans("", "", " '\u00a0")))
