"""The command line: options in, text out, exit codes; no mathematics.

Commands import what they need when they run, so that help and wrong calls answer at once.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import signal
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import click

from closedform.errors import ON_COMMAND_LINE, CallError, ClosedFormError
from closedform.terminal import check_outputs, colours, complain, progress, say, source_of, write

if TYPE_CHECKING:
    from closedform.losses import Entry
    from closedform.report.model import Report

EXIT = {"closed": 10, "partly_closed": 11, "no_critical_point": 12, "not_closed": 20, "undecided": 30}
REFUSED, UNREADABLE, INTERRUPTED, BROKEN_PIPE, FAULT = 3, 65, 130, 141, 70
ORDER = ("derive", "losses", "demo", "atlas", "cost", "roots", "galois", "radicals", "verify")
COMPLETING = "_CLOSEDFORM_COMPLETE"  # what click's completion scripts set
WELCOME = """closedform: does the answer have a closed form?

  closedform derive "x^4 - x^2"                          a loss as text
  closedform derive ols                                  a loss by name, for all data
  closedform derive logistic --data FILE --target COL    a loss on a table

  closedform losses          the losses that have a name
  closedform demo quintic    a story in one screen; also ols, quartic, logistic, neuron
  closedform --help          all commands; closedform derive --help has every option"""


class MathCommand(click.Command):
    """A command whose arguments may start with a minus sign: ``closedform derive -x^2`` is a loss, not options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        given = [f" {a}" if re.match(r"-[^-]", a) and a != "-h" else a for a in args[:end]]
        return super().parse_args(ctx, given + args[end:])


class ReportCommand(MathCommand):
    """A command with an option for each format of a report: into a file, or on standard output instead of the text."""

    _formats: tuple[click.Option, ...] = ()

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        from closedform.report.formats import FORMATS

        if not self._formats:
            self._formats = tuple(
                click.Option([f"--{name}", f"{name}_file"], metavar="FILE", help=format.help)
                if format.to_file
                else click.Option([f"--{name}", "form"], flag_value=name, help=format.help)
                for name, format in FORMATS.items()
                if name != "text"
            )
        params = super().get_params(ctx)
        index = next(i for i, p in enumerate(params) if p.name == "plot_file")
        return [*params[:index], *self._formats, *params[index:]]


class Commands(click.Group):
    """The commands in the order in which one comes to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="closedform", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Does the answer have a closed form? Derives the gradient of a loss, solves it, and proves the verdict."""
    if context.invoked_subcommand is None:
        say(WELCOME)


def main() -> None:
    """The entry point: runs the command and turns every ending into its exit code and one line."""
    if completing := os.environ.get(COMPLETING):
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, "closedform", COMPLETING, completing))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever waits for a child ends it on the way out
    sys.exit(run(sys.argv[1:]))


def _loss_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of the catalogue, for the shell's completion."""
    from closedform.losses import catalogue

    return [name for name in catalogue() if name.startswith(incomplete)]


def run(arguments: list[str]) -> int:
    """Runs one command; hints then name options as they are written here."""
    token = ON_COMMAND_LINE.set(True)
    try:
        return _run(arguments)
    finally:
        ON_COMMAND_LINE.reset(token)


def _run(arguments: list[str]) -> int:
    try:
        with cli.make_context("closedform", arguments) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as wrong:
        return complain(" ".join(wrong.format_message().split()), wrong.exit_code)
    except ClosedFormError as error:
        return complain(str(error), error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader went away (`| head`): leave without a word
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), UNREADABLE)
    except Exception as error:
        if os.environ.get("CLOSEDFORM_DEBUG"):
            raise
        message = " ".join(str(error).split())[:300]
        return complain(
            f"a fault of closedform itself, {type(error).__name__}: {message} (CLOSEDFORM_DEBUG=1 shows where)", FAULT
        )


# -- derive ---------------------------------------------------------------------------------------------------------


@cli.command(cls=ReportCommand)
@click.argument("loss", required=False, shell_complete=_loss_names)
@click.option("--equations", metavar="'E1; E2'", help="Estimating equations, each to be zero, instead of a loss.")
@click.option("--unknowns", metavar="A,B", help="What to solve for; otherwise every free name.")
@click.option("--data", metavar="FILE", help="A table: .csv, .npz or .parquet.")
@click.option("--design", metavar="FILE", help="Features without labels: which labels have a closed form?")
@click.option("--target", metavar="COL", help="The column of the data that is to be predicted.")
@click.option("--features", metavar="'A, C(B)'", help="The features, in this order; C(B): indicators of a category.")
@click.option("--drop", metavar="A,B", help="Columns that are no features, such as ids and dates.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark of the data.")
@click.option(
    "--missing", type=click.Choice(["error", "drop"]), help="Refuse missing cells (as without), or drop rows."
)
@click.option("--intercept/--no-intercept", default=None, help="Add a constant feature, or not.")
@click.option("--shapes", metavar="'X=n,k;y=n'", help="Sizes of matrices and vectors.")
@click.option("--assume", "assumptions", multiple=True, metavar="TEXT", help="'p>0', 'S spd', 'm integer'; repeatable.")
@click.option("--maximize", is_flag=True, default=None, help="Seek the maximum; as a text 'maximize LOSS' does.")
@click.option("--set", "values", multiple=True, metavar="'lam=0.1'", help="A number for a parameter; repeatable.")
@click.option("--box", metavar="'w=-10:10,…'", help="The domain: only points in it count.")
@click.option("--start", metavar="'w=1,b=0'", help="Where Newton's method starts.")
@click.option("--hidden", type=click.IntRange(1), help="nn: hidden units.")
@click.option(
    "--activation",
    type=click.Choice(["sigmoid", "tanh", "softplus", "relu", "linear", "quadratic"]),
    help="nn: what a unit computes.",
)
@click.option("--bias/--no-bias", default=None, help="nn: units with a bias, or not.")
@click.option("--layers", type=click.IntRange(1), help="nn: hidden layers.")
@click.option("--digits", type=click.IntRange(1, 100_000), default=30, show_default=True, help="Digits of numbers.")
@click.option("--timeout", type=click.FloatRange(0, 1e6, min_open=True), default=60, show_default=True, help="Seconds.")
@click.option("--plot", "plot_file", metavar="FILE", help="The loss and its critical points: .svg, .png or .pdf.")
@click.option("--full", is_flag=True, help="Every statement, all derivatives, and what was tried.")
@click.option("--steps", is_flag=True, help="Show the way to the answer, step by step.")
@click.option("--certificate", "certificate_file", metavar="FILE", help="Write the certificates alone.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 10 closed, 11 partly closed, 12 no critical point, 20 not closed, 30 undecided.",
)
def derive(loss: str | None, **options: Any) -> int:
    """Derive, solve and judge LOSS: text, a name from `closedform losses`, or - for standard input.

    \b
    closedform derive "x**4 - x**2"
    closedform derive ols
    closedform derive ols --data table.csv --target y
    closedform derive "||X*a - y||^2 + lam*||a||^2" --unknowns a --shapes "X=n,k;y=n" --assume "lam>0"
    """
    if loss is None and options["equations"] is None and options["data"] is None:
        raise CallError("nothing to derive: give a LOSS or --equations; closedform losses lists the names")
    from closedform.report.formats import FORMATS

    form, steps, full = options.pop("form"), options.pop("steps"), options.pop("full")
    pages = [name for name, format in FORMATS.items() if format.to_file]
    files = {f"--{name}": options.pop(f"{name}_file") for name in (*pages, "plot", "certificate")}
    check_outputs(files)
    wants_code = options.pop("exit_code")
    report = _derive(source_of(loss), options)
    for name in pages:
        if files[f"--{name}"]:
            write(files[f"--{name}"], report.render(name, steps=steps).encode())
    if files["--plot"]:
        report.plot(files["--plot"])
        complain(f"wrote {files['--plot']}")
    if files["--certificate"]:
        write(files["--certificate"], _certificates(report))
    if form is not None or not any(files[f"--{name}"] for name in (*pages, "plot")):
        asked = {"colour": colours(), "steps": steps, "full": full, "digits": _asked("digits")}
        say(report.render(form or "text", **asked))
    for objection in report.refused:
        complain(f"our own kernel refused a certificate: {objection}", REFUSED)
    if report.refused:
        return REFUSED
    return EXIT[report.verdict.outcome] if wants_code else 0


def _asked(name: str) -> Any:
    """The value of an option that was given on this command line, None where the default stands."""
    context = click.get_current_context()
    given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    return context.params[name] if given else None


def _derive(loss: str | None, options: dict[str, Any]) -> Report:
    """As ``closedform.derive``; the text is read before anything is imported that only an answer needs."""
    from closedform import problem
    from closedform.ladder import worker
    from closedform.reading.streams.clock import reading_until

    budget = {key: options.pop(key) for key in ("timeout", "digits")}
    started = time.monotonic()
    worker.prepare()
    with reading_until(started + budget["timeout"]):
        asked = problem.read(loss, **{k: v for k, v in options.items() if v is not None})

    if asked.catalogue is None and loss is not None and len(loss) > 2 and loss.isidentifier():
        complain(f"{loss} is not in the catalogue (closedform losses lists it); it is read as a variable", 0)

    from closedform.budget import Budget
    from closedform.derive import answer

    with progress(budget["timeout"]) as show:
        return answer(asked, Budget(started + budget["timeout"], budget["digits"]), progress=show)


def _certificates(report: Report) -> bytes:
    from closedform.report.formats.sealed import certificates

    if not report.certificates:
        complain("the report has no certificate: nothing in it is proved by the kernel", 0)
    return certificates(report).encode()


# -- polynomials ----------------------------------------------------------------------------------------------------


@cli.command(cls=MathCommand)
@click.argument("poly")
@click.option("--digits", type=click.IntRange(1, 100_000), default=30, show_default=True, help="Digits of each root.")
@click.option("--plot", "plot_file", metavar="FILE", help="The roots in the complex plane: .svg, .png or .pdf.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def roots(poly: str, digits: int, plot_file: str | None, as_json: bool) -> None:
    """All complex roots of POLY, each with a proved radius."""
    from closedform.polynomials import roots as find

    check_outputs({"--plot": plot_file})
    found = find(source_of(poly), digits=digits)
    if plot_file is not None:
        found.plot(plot_file)
        complain(f"wrote {plot_file}")
    _result(found, as_json)


@cli.command(cls=MathCommand)
@click.argument("poly")
@click.option("--steps", is_flag=True, help="The whole argument, sentence by sentence.")
@click.option("--plot", "plot_file", metavar="FILE", help="With one parameter: how its loops move the roots.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def galois(poly: str, steps: bool, plot_file: str | None, as_json: bool) -> None:
    """Is POLY solvable by radicals? Its Galois group, factor by factor, with a certificate."""
    from closedform.polynomials import galois as decide

    check_outputs({"--plot": plot_file})
    source = source_of(poly)
    if plot_file is not None:
        from closedform.polynomials import monodromy
        from closedform.report.pictures.tracks import tracks

        tracks(monodromy(source)).save(plot_file)
        complain(f"wrote {plot_file}")
    found = decide(source)
    say(found.to_json() if as_json else found.to_text(steps))


@cli.command(cls=MathCommand)
@click.argument("poly")
@click.option(
    "--form",
    type=click.Choice(["real", "radicals"]),
    default="real",
    show_default=True,
    help="Three real roots of a cubic by cosines, or by complex cube roots.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--latex", "as_latex", is_flag=True, help="A LaTeX document on standard output.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page that stands alone.")
def radicals(poly: str, form: str, as_json: bool, as_latex: bool, html_file: str | None) -> None:
    """The roots of POLY in explicit radicals, or a proof that there are none."""
    from closedform.polynomials import radicals as solve

    check_outputs({"--html": html_file})
    found = solve(source_of(poly), form=form)
    if html_file is not None:
        write(html_file, found.to_html().encode())
    if as_latex:
        say(found.to_latex())
    else:
        _result(found, as_json)


def _result(result: Any, as_json: bool) -> None:
    say(result.to_json() if as_json else result.to_text())


# -- verify ---------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("file", required=False)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=60, show_default=True, help="Seconds.")
@click.option("--format", "about", is_flag=True, help="What a certificate is, kind by kind, instead.")
def verify(file: str | None, timeout: float, about: bool) -> int:
    """Check FILE with the small kernel alone, certificates and headlines: 0 proved, 1 refused, 2 unreadable."""
    from closedform.kernel.__main__ import FORMAT, report

    if about:
        say(FORMAT.read_text(encoding="utf-8"))
        return 0
    if file is None:
        raise CallError("there is nothing to verify: name a file")
    return report(file, timeout)


# -- what is there to ask -------------------------------------------------------------------------------------------


@cli.command()
@click.argument("name", required=False, shell_complete=_loss_names)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def losses(name: str | None, as_json: bool) -> None:
    """The catalogue of named losses, or one of them in full."""
    from closedform.losses import catalogue, find

    if name is None:
        entries = list(catalogue().values())
        described = [_described(e) for e in entries]
        say(json.dumps(described, ensure_ascii=False, indent=2) if as_json else _listed(entries))
        return
    entry = find(name)
    if entry is None:
        near = difflib.get_close_matches(name, list(catalogue()), 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else "closedform losses lists the names"
        raise CallError(f"there is no loss {name[:60]} in the catalogue; {hint}")
    about = _described(entry)
    if as_json:
        say(json.dumps(about, ensure_ascii=False, indent=2))
        return
    shown = "\n".join(f"  {k:12} {v if isinstance(v, str) else ', '.join(v)}" for k, v in about.items() if v)
    say(f"{entry.title}\n{shown}\n\n{textwrap.fill(entry.explanation, 96)}\n\nclosedform derive {entry.name}")


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "family": entry.family,
        "loss": entry.draft.loss,
        "unknowns": list(entry.draft.unknowns),
        "shapes": entry.draft.shapes,
        "assumptions": list(entry.draft.assumptions),
        "aliases": list(entry.aliases),
        "options": list(entry.options),
        "data": "takes --data" if entry.on_data is not None else "symbols only",
    }


def _listed(entries: list[Entry]) -> str:
    lines, family = list[str](), ""
    wide = max(len(e.name) for e in entries)
    for e in entries:
        if e.family != family:
            family = e.family
            lines += ["", family] if lines else [family]
        lines.append(f"  {e.name:{wide}}  {e.title}")
    return "\n".join(lines)


@cli.command()
@click.argument("name", shell_complete=_loss_names)
@click.option("--n", "rows", type=float, required=True, help="Rows.")
@click.option("--k", "columns", type=float, required=True, help="Features.")
@click.option("--condition", type=click.FloatRange(1), default=1e3, show_default=True, help="Condition number of X.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def cost(name: str, rows: float, columns: float, condition: float, as_json: bool) -> None:
    """What NAME costs in closed form and by gradient descent: predicted, and measured here."""
    from closedform.stories.cost import cost as compare

    with progress() as show:
        _result(compare(name, rows, columns, condition, show), as_json)


@cli.command()
@click.argument("names", nargs=-1, shell_complete=_loss_names)
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=30, show_default=True, help="Seconds a loss."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--html", "html_file", metavar="FILE", help="A page that works offline.")
def atlas(names: tuple[str, ...], timeout: float, as_json: bool, html_file: str | None) -> None:
    """Which models have a closed form for all data: every loss of the catalogue, or NAMES, decided live."""
    from closedform.stories.atlas import atlas as decide

    check_outputs({"--html": html_file})
    with progress() as show:
        decided = decide(names or None, seconds=timeout, progress=show)
    if html_file is not None:
        write(html_file, decided.to_html().encode())
    else:
        say(decided.to_json() if as_json else decided.to_text(colour=colours()))


@cli.command()
@click.argument("story", type=click.Choice(["ols", "quartic", "logistic", "neuron", "quintic"]))
def demo(story: str) -> None:
    """A story in one screen, computed live: do models need training at all?"""
    from closedform.stories.demo import demo as tell

    with progress() as show:
        shown = tell(story, show)
    say(shown.to_text(colour=colours()))
