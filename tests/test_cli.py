"""The command line as a user meets it: exit codes, one-line errors, pipes, and how quick a wrong call is answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Context, Decimal

import pytest

from closedform import cli, terminal

COMMAND = [sys.executable, "-m", "closedform"]


def call(*arguments, stdin=None, **environment):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        timeout=120,
        stdin=subprocess.DEVNULL if stdin is None else None,
        env={**os.environ, **environment},
    )


def run(capsys, *arguments):
    code = cli.run(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def quartic(tmp_path_factory):
    """The report of x**4 - x**2 as a file, made once by the command itself."""
    path = tmp_path_factory.getbasetemp() / "quartic.json"
    if not path.exists():
        path.write_text(call("derive", "--json", "x**4 - x**2").stdout)
    return path


# -- wrong calls --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["derive"], 2),
        (["derive", "x^2", "--digits", "0"], 2),
        (["derive", "x^2", "--nonsense"], 2),
        (["derive", "x^2", "--unknowns", "y"], 2),
        (["derive", "x^2", "--plot", "file.txt"], 2),
        (["nonsense"], 2),
        (["losses", "rigde"], 2),
        (["demo", "nothing"], 2),
        (["derive", "3"], 65),
        (["derive", "x +"], 65),
        (["derive", "(" * 300 + "x" + ")" * 300], 65),
        (["derive", "__import__('os').system('id')"], 65),
        (["derive", "ols", "--data", "/nonexistent.csv", "--target", "y"], 65),
    ],
)
def test_a_wrong_call_has_its_code_and_says_it_in_a_line(capsys, arguments, code):
    got, out, err = run(capsys, *arguments)
    assert got == code
    assert out == ""
    lines = err.splitlines()
    assert lines[0].startswith("closedform: ")
    assert "Traceback" not in err
    # a fault in a text adds the text and a caret under the place
    assert len(lines) == 1 or (len(lines) == 3 and lines[2].strip() == "^")


def test_help_and_errors_import_neither_sympy_nor_numpy():
    program = (
        "import sys; from closedform import cli\n"
        "for a in ('--help', 'derive --help', 'derive x+', 'derive', 'verify /nonexistent'): cli.run(a.split())\n"
        "print(sorted({'sympy', 'numpy', 'mpmath', 'scipy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("derive", "ols"),
        ("derive", "x**4 - x**2"),
        ("derive", "x^6/6 - x^2/2 - x", "--json"),
        ("derive", "x^3/3 - 4*x", "--latex"),
        ("roots", "x^5-x-1"),
        ("galois", "x^5-x-1"),
    ],
)
def test_what_an_answer_does_not_use_is_not_imported(tmp_path, arguments):
    assert imported_of({"sympy", "numpy"}, tmp_path, arguments) == ""


@pytest.mark.parametrize(
    ("loss", "labels"), [(["logistic"], (0, 1, 1)), (["logistic", "--no-intercept"], (0, 1, 1)), (["nn"], (0, 1, 0))]
)
def test_exponentials_over_a_small_table_are_answered_without_sympy(tmp_path, loss, labels):
    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip((1, 2, 3), labels, strict=True)))
    unused = {"sympy", "mpmath", "closedform.report.function", "closedform.stationarity.matrix"}
    command = ["derive", *loss, "--data", str(table), "--target", "y"]
    assert imported_of({"numpy", *unused}, tmp_path, command) == "numpy "  # once, for the command and its child


def imported_of(modules, folder, arguments):
    """Which of the modules a command imports, itself or in its child, which has the finder by the fork."""
    heard = folder / "imported"
    heard.write_text("")
    program = (
        "import sys; from pathlib import Path; from closedform import cli\n"
        "class Finder:\n"
        "    @staticmethod\n"
        "    def find_spec(name, *rest):\n"
        f"        if name in {modules!r}: Path({str(heard)!r}).open('a').write(name + ' ')\n"
        "sys.meta_path.insert(0, Finder)\n"
        f"sys.exit(cli.run({list(arguments)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return heard.read_text()


def test_hostile_text_is_not_run(tmp_path):
    marker = tmp_path / "ran"
    run = f"__import__('os').system('touch {marker}')"
    for text in (run, f"open('{marker}', 'w')", "x.__class__.__mro__", "lambda: 1"):
        assert call("derive", text).returncode == 65
    assert not marker.exists()


# -- answers ------------------------------------------------------------------------------------------------------


def test_a_loss_that_starts_with_a_minus_sign_is_a_loss(capsys):
    for arguments in (["derive", "--json", "-x^2"], ["derive", "--json", "--", "-x^2"]):
        code, out, _ = run(capsys, *arguments)
        assert code == 0
        assert json.loads(out)["problem"]["source"] == "-x^2"


def test_a_loss_from_standard_input():
    done = call("derive", "-", "--json", stdin="x**4 - x**2\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["problem"]["source"] == "x**4 - x**2"


def test_answers_go_to_standard_output_without_colour_or_progress():
    done = call("derive", "x**4 - x**2")
    assert done.stdout.startswith("CLOSED\n")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_exit_code_tells_the_verdict_when_asked(capsys):
    assert run(capsys, "derive", "x**4 - x**2")[0] == 0
    assert run(capsys, "derive", "x**4 - x**2", "--exit-code")[0] == 10


def test_forms_and_files(capsys, tmp_path):
    page, certificate = tmp_path / "r.html", tmp_path / "c.json"
    code, out, _ = run(capsys, "derive", "x**4 - x**2", "--html", str(page), "--certificate", str(certificate))
    assert (code, out) == (0, "")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert run(capsys, "verify", str(certificate))[0] == 0
    assert run(capsys, "derive", "x**4 - x**2", "--latex")[1].startswith("\\documentclass")


def test_a_file_that_cannot_be_written_is_a_wrong_call(capsys, tmp_path):
    code, _, err = run(capsys, "derive", "x**4 - x**2", "--html", str(tmp_path / "no" / "r.html"))
    assert code == 2
    assert "cannot be written" in err


def test_the_catalogue_is_listed(capsys):
    assert "ordinary least squares" in run(capsys, "losses")[1]
    assert "||X*a - y||^2" in run(capsys, "losses", "ols")[1]
    assert any(e["name"] == "ols" for e in json.loads(run(capsys, "losses", "--json")[1]))


def test_cost_is_predicted_and_measured(capsys):
    code, out, _ = run(capsys, "cost", "ols", "--n", "2e3", "--k", "5", "--condition", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["order"] == "O(n k^2 + k^3)"
    assert 2 * 2000 * 25 < found["predicted"]["flops"] < 10 * 2 * 2000 * 25  # the Gram matrix, and refinement
    assert found["gradient_descent"]["condition"] == pytest.approx(9)  # of X'X, the square of that of X
    assert found["measured"]["seconds"] > 0
    assert run(capsys, "cost", "logistic", "--n", "100", "--k", "5")[0] == 2


@pytest.mark.parametrize("story", ["ols", "quartic", "logistic", "neuron", "quintic"])
def test_a_demo_tells_its_story_in_a_screen(capsys, story):
    code, out, _ = run(capsys, "demo", story)
    lines = out.strip().splitlines()
    assert code == 0
    assert 15 <= len(lines) <= 46
    assert "did not reach the verdict" not in out


# -- verify -------------------------------------------------------------------------------------------------------


def test_verify_accepts_what_was_written(capsys, quartic):
    code, out, _ = run(capsys, "verify", str(quartic))
    assert code == 0
    assert "REFUSED" not in out


def test_verify_refuses_a_changed_number_even_with_a_new_seal(capsys, quartic, tmp_path):
    document = json.loads(quartic.read_text())
    changed = tmp_path / "changed.json"
    document["critical_points"][0]["loss"] = "-1/3"
    changed.write_text(json.dumps(document))
    assert run(capsys, "verify", str(changed))[0] == 1


def test_verify_calls_a_file_that_is_no_document_unreadable(capsys, tmp_path):
    for content in ("", "not json", "[1, 2]", '"text"'):
        path = tmp_path / "bad.json"
        path.write_text(content)
        assert run(capsys, "verify", str(path))[0] == 2
    assert run(capsys, "verify", str(tmp_path / "absent.json"))[0] == 2


def test_verify_is_the_kernel_alone(quartic):
    program = (
        "import sys; from closedform import cli\n"
        f"code = cli.run(['verify', {str(quartic)!r}])\n"
        "own = {m for m in sys.modules if m.startswith('closedform.') and not m.startswith('closedform.kernel')}\n"
        "print(code, sorted(own), 'sympy' in sys.modules, 'numpy' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.split() == [
        "0",
        "['closedform.cli',",
        "'closedform.errors',",
        "'closedform.terminal']",
        "False",
        "False",
    ]


# -- the terminal -------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_error():
    child = subprocess.Popen([*COMMAND, "losses"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(60) in (0, 141)


def test_ctrl_c_ends_with_130():
    slow = ["derive", "(exp(x)-y)^4 + 100*(y-z)^6 + tan(z-w)^4 + x^8", "--timeout", "60"]
    child = subprocess.Popen([*COMMAND, *slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2.5)  # past the start of Python itself, also on a busy machine
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    if child.returncode != 0:  # it may have been quicker than the signal
        assert child.returncode == 130
        assert "Traceback" not in err


# -- the way in ----------------------------------------------------------------------------------------------------


def test_the_bare_command_welcomes(capsys):
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert out.count("closedform derive") >= 3
    assert "closedform losses" in out
    assert "closedform demo" in out


def test_commands_stand_in_the_order_of_use(capsys):
    _, out, _ = run(capsys, "--help")
    names = [
        line.split()[0]
        for line in out.partition("Commands:")[2].splitlines()
        if line.startswith("  ") and line[2] != " "
    ]
    assert names[:3] == ["derive", "losses", "demo"]
    assert names[-1] == "verify"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes(shell):
    assert "closedform" in call(_CLOSEDFORM_COMPLETE=f"{shell}_source").stdout
    words = {"COMP_WORDS": "closedform derive logi", "COMP_CWORD": "logi" if shell == "fish" else "2"}
    assert "logistic" in call(_CLOSEDFORM_COMPLETE=f"{shell}_complete", **words).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--plot", "x.gif"), "must end in .svg, .png or .pdf"),
        (("--html", "x.pdf"), "must end in .html or .htm"),
        (("--html", "/nonexistent/x.html"), "there is no folder /nonexistent"),
        (("--certificate", "/tmp"), "it is a folder"),
    ],
)
def test_outputs_are_checked_before_the_work(capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(cli, "_derive", lambda *_: pytest.fail("the work was done"))
    code, out, err = run(capsys, "derive", "x^2", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_plot_without_matplotlib_names_the_extra(capsys, monkeypatch):
    monkeypatch.setattr(terminal.importlib.util, "find_spec", lambda _: None)
    code, _, err = run(capsys, "derive", "x^2", "--plot", "x.svg")
    assert code == 2
    assert "closedform[plot]" in err


def test_a_written_file_is_named(capsys, tmp_path):
    code, out, err = run(capsys, "derive", "x^2", "--html", str(tmp_path / "r.html"))
    assert (code, out) == (0, "")
    assert err == f"closedform: wrote {tmp_path / 'r.html'}\n"


def test_full_and_digits_widen_the_text(capsys):
    short, whole = run(capsys, "derive", "x^2 - x^4/7")[1], run(capsys, "derive", "x^2 - x^4/7", "--full")[1]
    assert "What is claimed" in whole
    assert "What is claimed" not in short
    assert "±" not in whole
    assert str(Decimal("3.5").sqrt(Context(prec=34)))[:-1] in run(capsys, "derive", "x^2 - x^4/7", "--digits", "35")[1]
