"""Tables larger than memory: every kind of file in blocks, bounded memory, the deadline, what another process gets."""

from __future__ import annotations

import itertools
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from closedform import CallError, InputError, derive
from closedform.ladder import worker
from closedform.reading.data.tables import LARGE_ROWS, read_table
from closedform.reading.streams.clock import reading_until
from closedform.reading.streams.spool import MAX_BYTES

ROWS = LARGE_ROWS + 777


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(ROWS, 3)), rng.integers(-9, 9, size=ROWS)


def whole(table, columns=None):
    return np.concatenate(list(table.chunks(columns)))


@pytest.mark.parametrize("kind", ["stored", "compressed", "by columns", "single", "parts"])
def test_npz_is_read_where_it_lies(tmp_path: Path, rows, kind: str) -> None:
    X, y = rows
    want = np.column_stack([X, y])
    save = np.savez_compressed if kind == "compressed" else np.savez
    arrays = {
        "X": np.asfortranarray(X) if kind == "by columns" else X.astype(np.float32) if kind == "single" else X,
        "y": y,
    }
    if kind == "parts":
        arrays = {"a": X[:, 0], "X": X[:, 1:], "words": np.array(["u"] * ROWS), "y": y > 0, "z": y.astype(">i2")}
    save(tmp_path / "t.npz", **arrays)
    table = read_table(tmp_path / "t.npz")
    if kind == "parts":
        assert table.names == ("a", "x1", "x2", "words", "y", "z")
        assert "<U1, not numbers" in table.faults["words"]
        got = whole(table, ["z", "x2", "a", "y"])
        np.testing.assert_array_equal(got, np.column_stack([y, X[:, 2], X[:, 0], y > 0]))
        return
    assert (table.names, table.target, table.rows) == (("x1", "x2", "x3", "y"), "y", ROWS)
    np.testing.assert_array_equal(whole(table), want.astype(np.float32) if kind == "single" else want)
    np.testing.assert_array_equal(whole(table, ["y", "x2"]), whole(table)[:, [3, 1]])
    again = pickle.loads(pickle.dumps(table))
    np.testing.assert_array_equal(whole(again), whole(table))
    assert len(pickle.dumps(table)) < 5000


def test_npz_that_cannot_be_read_is_one_line(tmp_path: Path, rows) -> None:
    X, y = rows
    path = tmp_path / "t.npz"
    np.savez(path, X=X, y=y[:-1])
    with pytest.raises(InputError, match=f"column y has {ROWS - 1} entries, column x1 has {ROWS}"):
        read_table(path)
    np.savez(path, X=X.reshape(-1, 3, 1), y=y)
    with pytest.raises(InputError, match="array X has 3 dimensions"):
        read_table(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="not an NPZ file"):
        read_table(path)
    np.savez(path, X=np.full((ROWS, 2), "a"), y=np.full(ROWS, "b"))
    with pytest.raises(InputError, match="column x1: the array X has the type <U1, not numbers"):
        read_table(path)
    X = X.copy()
    X[70_000, 1] = np.inf
    np.savez(path, X=X, y=y)
    with pytest.raises(InputError, match="column x2, row 70001: inf is not a finite number"):
        list(read_table(path).chunks())
    X[70_000, 1] = np.nan
    np.savez(path, X=X, y=y)
    assert read_table(path).gaps == {"x2": (70_000,)}


def test_parquet_is_read_in_batches(tmp_path: Path, rows) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y = rows
    columns = {
        "a": X[:, 0],
        "single": X[:, 1].astype(np.float32),
        "whole": pa.array(y, mask=np.arange(ROWS) == 70_003),
        "truth": y > 0,
        "name": ["n"] * ROWS,
        "text": [str(v) for v in y],
        "group": pa.array(y).dictionary_encode(),
        "price": pa.array([f"{v}.25" for v in y]).cast(pa.decimal128(9, 2)),
        "day": pa.array(y.astype("datetime64[D]")),
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=30_000)
    table = read_table(tmp_path / "t.parquet")
    assert table.faults.keys() == {"name", "day"}
    assert "column name, row 1: 'n' is not a number" in table.faults["name"]
    assert table.gaps == {"whole": (70_003,)}
    got = whole(table, ["price", "a", "truth", "text", "group", "single"])
    want = [np.where(y < 0, y - 0.25, y + 0.25), X[:, 0], y > 0, y, y, X[:, 1].astype(np.float32)]
    want[0] = np.array([float(f"{v}.25") for v in y])
    np.testing.assert_array_equal(got, np.column_stack(want))
    wide = {f"c{j}": X[:, j % 3] + j for j in range(30)}  # more columns than are read side by side
    parquet.write_table(pa.table(wide), tmp_path / "w.parquet")
    np.testing.assert_array_equal(whole(read_table(tmp_path / "w.parquet")), np.column_stack(list(wide.values())))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(tmp_path / "t.parquet")


def test_arrays_in_memory_go_to_a_file_and_not_through_the_pipe(rows) -> None:
    X, y = rows
    wide = np.tile(X, (1, 1 + MAX_BYTES // X.nbytes))
    table = read_table((wide, y))
    path = Path(table.blocks.source.path)
    assert len(pickle.dumps(table)) < 5000
    np.testing.assert_array_equal(whole(table)[:, -1], y)
    pickle.loads(pickle.dumps(table))  # a copy elsewhere does not take the file with it
    assert path.exists()
    del table
    assert not path.exists()


def test_a_full_disk_is_said_or_done_without(rows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("closedform.reading.streams.spool.MAX_BYTES", 1 << 16)
    monkeypatch.setattr("closedform.reading.streams.spool.Temporary.__init__", full)
    X, y = rows
    np.testing.assert_array_equal(whole(read_table((X, y))), np.column_stack([X, y]))
    np.savetxt(tmp_path / "t.csv", X, delimiter=",", header="a,b,c", comments="", fmt="%.17g")
    np.testing.assert_array_equal(whole(read_table(tmp_path / "t.csv")), X)  # parsed again in each pass
    with pytest.raises(InputError, match="set TMPDIR to a folder that has"):
        read_table({"x": X[i : i + 5000, 0]} for i in range(0, ROWS, 5000))


def test_chunks_name_the_row_of_a_fault(rows) -> None:
    X, y = rows
    words = y.astype(object)
    words[90_000] = "abc"
    parts = ({"x": X[i : i + 10_000, 0], "y": words[i : i + 10_000]} for i in range(0, ROWS, 10_000))
    assert "column y, row 90001: 'abc' is not a number" in read_table(parts).faults["y"]


def test_dask_blocks_are_rows_whatever_their_columns(rows) -> None:
    da = pytest.importorskip("dask.array")
    X, y = rows
    by_columns = da.from_array(X, chunks=(40_000, 2))
    table = read_table((by_columns, da.from_array(y, chunks=25_000)))
    np.testing.assert_array_equal(whole(table), np.column_stack([X, y]))
    table = read_table({"X": by_columns, "y": da.from_array(y, chunks=-1)})
    np.testing.assert_array_equal(whole(table), np.column_stack([X, y]))
    with pytest.raises(InputError, match="rows; they need the same number"):
        read_table((by_columns, da.from_array(y[:-1], chunks=1000)))


def test_an_offset_costs_a_streamed_fit_nothing(rows) -> None:
    X, y = rows
    X = np.round(X * 2**20) / 2**20
    near, far = (derive("ols", data={"u": X[:, 0] + c, "v": X[:, 1], "y": y}, target="y").solution for c in (0.0, 1e8))
    assert far["u"] == pytest.approx(near["u"], rel=1e-12)
    assert far["v"] == pytest.approx(near["v"], rel=1e-12)


def test_words_beside_the_columns_of_a_large_text_loss_do_not_matter(rows) -> None:
    X, y = rows
    data = {"id": np.array(["u"] * ROWS), "x": X[:, 0], "y": y}
    report = derive("sum(i, 1, n, (y[i] - a - b*x[i])^2)", unknowns="a, b", data=data)
    want = np.linalg.lstsq(np.column_stack([np.ones(ROWS), X[:, 0]]), y, rcond=None)[0]
    np.testing.assert_allclose([report.solution["a"], report.solution["b"]], want, rtol=1e-10)


def test_the_deadline_covers_reading(tmp_path: Path, rows) -> None:
    X, y = rows
    started = time.monotonic()
    with pytest.raises(InputError, match=r"was not read in time: [0-9,]+ rows were; a longer timeout= reads it all"):
        derive("ols", data=({"x": X[:500, 0], "y": y[:500]} for _ in itertools.count()), target="y", timeout=1)
    assert time.monotonic() - started < 3
    np.savez_compressed(tmp_path / "t.npz", X=X, y=y)
    np.savetxt(tmp_path / "t.csv", X, delimiter=",", header="a,b,c", comments="")
    for name in ("t.npz", "t.csv"):
        with reading_until(time.monotonic() - 1), pytest.raises(InputError, match=f"{name} was not read in time"):
            read_table(tmp_path / name)


def test_the_deadline_covers_reading_on_the_command_line(tmp_path: Path) -> None:
    line = "".join(f"{i % 17},{i % 5}\n" for i in range(100_000)).encode()
    with (tmp_path / "t.csv").open("wb") as file:
        file.write(b"x,y\n")
        for _ in range(100):  # 10,000,000 rows: many times what is read in the time
            file.write(line)
    command = [sys.executable, "-m", "closedform", "derive", "ols", "--data", str(tmp_path / "t.csv"), "--target", "y"]
    run = subprocess.run([*command, "--timeout", "0.3"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 65
    assert "t.csv was not read in time" in run.stderr
    assert "a longer --timeout reads it all" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_child_may_use_a_share_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert worker.memory_limit() >= 2 * 2**30
    (tmp_path / "memory.max").write_text(f"{64 * 2**30}\n")
    monkeypatch.setattr(worker, "_CONTAINER", tmp_path / "memory.max")
    monkeypatch.setattr(worker.os, "sysconf", lambda key: 2**24 if key == "SC_PHYS_PAGES" else 2**14)  # 256 GiB
    assert worker.memory_limit() == 32 * 2**30
    (tmp_path / "memory.max").write_text("max\n")
    assert worker.memory_limit() == 128 * 2**30


def test_a_child_multiplies_in_one_thread_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = worker.Job("os", "getenv", ("OPENBLAS_NUM_THREADS",))
    for given, want in ((None, "1"), ("3", "3")):
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        if given:
            monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
        child = worker.Worker()
        assert list(child.run(asked, time.monotonic() + 30)) == [want]
        child.kill()


MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
import closedform as cf
import closedform.derive
from closedform.ladder import worker
from closedform.reading.streams import archive, columnar, spool, text

def peak(process="self"):  # ru_maxrss would count what the parent held when it started this process
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

path, kind = sys.argv[1:]
if kind == "parquet":
    import pyarrow.parquet
if __name__ == "__main__":
    x = np.arange(120_000.0)
    cf.derive("ols", data={"x": x % 7, "y": x % 5}, target="y")
    before, child = peak(), peak(worker._spare._child.pid)
    data = path
    if kind == "chunks":
        def chunks():
            for seed in range(100):
                X = np.random.default_rng(seed).normal(size=(20_000, 19))
                yield {"X": X, "y": X @ np.arange(19.0)}
        data = chunks()
    report = cf.derive("ols", data=data, target="y", timeout=500)
    print(json.dumps({
        "rows": report.problem.data.rows,
        "last": report.solution["x19"],
        "parent": peak() - before,
        "child": peak(worker._spare._child.pid) - child,
    }))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("kind", ["npz", "parquet", "csv", "chunks"])
def test_memory_stays_bounded(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(20_000, 19)) for _ in range(100)]  # 2,000,000 rows of 20 columns: 320 MB
    if kind == "npz":
        X = np.concatenate(parts)
        np.savez(path, X=X, y=X @ np.arange(19.0))
    elif kind == "parquet":
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        X = np.concatenate(parts)
        parquet.write_table(pa.table({**{f"x{j + 1}": X[:, j] for j in range(19)}, "y": X @ np.arange(19.0)}), path)
    elif kind == "csv":
        lines = "".join(",".join(f"{v:.9g}" for v in [*x, x @ np.arange(19.0)]) + "\n" for x in parts[0][:10_000])
        with path.open("w") as file:
            file.write(",".join([f"x{j + 1}" for j in range(19)]) + ",y\n")
            while file.tell() < 300e6:
                file.write(lines)
    run = subprocess.run([sys.executable, "-c", MEASURE, str(path), kind], capture_output=True, text=True)
    told = json.loads(run.stdout)
    assert told["rows"] >= 1_000_000
    assert told["last"] == pytest.approx(18, rel=1e-6)
    assert 0 < told["parent"] < 300  # of the issue; some 100 here
    assert told["child"] < 100


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"assumptions": ["b > 3"]}),
        ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"assumptions": ["a + b = 1"]}),
        ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"box": "b=3:4"}),
        ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"assumptions": ["b integer"]}),
        ("sum(i, 1, n, (y[i] - a - b*x[i])^2) subject to a + b = 1", {}),
        ("sum(i, 1, 3, (y[i] - a - b*x[i])^2)", {}),
        ("sum(i, 2, n, (y[i] - a - b*x[i])^2)", {}),
        ("sum(i, 1, n, (y[i] - a - b*x[i + 1])^2)", {}),
        ("sum(i, 1, n, (y[i] - a - b*i)^2)", {}),
        ("-sum(i, 1, n, (y[i] - a - b*x[i])^2)", {}),
    ],
)
def test_another_question_is_not_answered_by_the_fit_to_all_rows(rows, loss, options) -> None:
    X, y = rows
    try:
        report = derive(loss, unknowns="a, b", data={"x": X[:, 0], "y": y}, **options)
    except (InputError, CallError):
        return
    assert report.verdict.outcome == "undecided"
    with pytest.raises(CallError, match="these are the statistics of linear least squares, and"):
        report.statistics()


def test_a_sum_to_be_maximised_has_statistics_too(rows) -> None:
    X, y = rows
    data = {"x": X[:50, 0].tolist(), "y": y[:50].tolist()}
    up = derive("maximize -sum(i, 1, n, (y[i] - a - b*x[i])^2)", unknowns="a, b", data=data).statistics()
    down = derive("sum(i, 1, n, (y[i] - a - b*x[i])^2)", unknowns="a, b", data=data).statistics()
    np.testing.assert_array_equal(up.standard_errors, down.standard_errors)


def test_a_wide_large_table_of_low_rank() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(800, 40)) @ rng.normal(size=(40, 260)), rng.normal(size=800)
    report = derive("ols", data={"X": X, "y": y}, target="y", intercept=False, timeout=50)
    assert (report.verdict.outcome, report.verdict.minimiser) == ("closed", "undecided")
    point = [float(v) for v in report.critical_points[0].numeric.values()]
    np.testing.assert_allclose(point, np.linalg.lstsq(X, y, rcond=None)[0], atol=1e-9)
    assert "and 37 more columns" in report.to_text(full=True)
