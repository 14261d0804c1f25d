"""Expressions as LaTeX and as MathML.

Whatever is to be shown is read back from its text by our own reader (so the typeset form cannot say anything else than
the text does) and laid out once, as fractions, scripts and fences, in both notations side by side.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from html import escape

from closedform.errors import InputError
from closedform.expression import RELATIONS, Node
from closedform.frozen import record
from closedform.reading.language import parse_defined
from closedform.report.document.blocks import Answer, Document, Equation, Math
from closedform.report.expressions import text_of

LONGEST = 3_000  # characters of text that are typeset; of anything longer only the size is said

_SYMBOL = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ϵ",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Upsilon": "Υ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
_RELATION = {
    "<=": ("\\le", "≤"),
    ">=": ("\\ge", "≥"),
    "!=": ("\\ne", "≠"),
    "=": ("=", "="),
    "<": ("<", "<"),
    ">": (">", ">"),
}
_BIG = {"sum": ("\\sum", "∑"), "prod": ("\\prod", "∏")}


@record
class Typeset:
    """A piece of typeset mathematics in both notations, and how tightly it binds."""

    latex: str
    mathml: str
    level: int = 4


SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
MINUS = "<mrow><mo>−</mo>"  # how the MathML of a negative term starts


def latex_of(value: object) -> str:
    """LaTeX of an expression, without the dollar signs.

    >>> latex_of("inv(X'*X)*X'*y")
    '\\\\left(X^{\\\\top} X\\\\right)^{-1} X^{\\\\top} y'
    """
    node = _node(value)
    return "\\texttt{" + latex_escape(_cut(text_of(value))) + "}" if node is None else _layout(node).latex


def mathml_of(value: object) -> str:
    """The content of a MathML ``<math>`` element."""
    node = _node(value)
    return f"<mtext>{escape(_cut(text_of(value)))}</mtext>" if node is None else _layout(node).mathml


def inline_latex(part: Math | Equation) -> str:
    """An expression or an equation of a document as LaTeX, without dollar signs."""
    if isinstance(part, Math):
        return latex_of(part.value)
    out = " = ".join(latex_of(s) for s in (part.left, part.right) if s is not None)
    if part.decimal:
        out += f" \\approx {_decimal(part.decimal).latex}"
    if part.radius:
        out += f" \\pm {_decimal(part.radius).latex}"
    return out


def inline_mathml(part: Math | Equation) -> str:
    """The same as a MathML element."""
    if isinstance(part, Math):
        return f'<math displaystyle="true">{mathml_of(part.value)}</math>'
    out = "<mo>=</mo>".join(mathml_of(s) for s in (part.left, part.right) if s is not None)
    if part.decimal:
        out += f"<mo>≈</mo>{_decimal(part.decimal).mathml}"
    if part.radius:
        out += f"<mo>±</mo>{_decimal(part.radius).mathml}"
    return f'<math displaystyle="true">{out}</math>'


def answer_latex(document: Document) -> str:
    """The equations of the answer (the formula, or where the minimum is) under each other; else the outcome."""
    answers = [b for b in document.blocks if isinstance(b, Answer)]
    found = [p for a in answers for line in a.lines for p in line if isinstance(p, Equation)]
    if not found:
        return f"\\text{{{latex_escape(answers[0].outcome.replace('_', ' ') if answers else '')}}}"
    rows = [inline_latex(e) for e in found]
    return "\\begin{gathered} " + " \\\\ ".join(rows) + " \\end{gathered}" if len(rows) > 1 else rows[0]


def _decimal(text: str) -> Typeset:
    mantissa, _, exponent = text.lower().partition("e")
    if not exponent:
        return Typeset(mantissa, f"<mn>{escape(mantissa)}</mn>")
    power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>"
    return Typeset(f"{mantissa} \\cdot 10^{{{int(exponent)}}}", f"<mn>{escape(mantissa)}</mn><mo>·</mo>{power}")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:200]} … ({len(text):,} characters; whole in the JSON)"


def latex_escape(text: str) -> str:
    """Plain text as LaTeX.

    >>> latex_escape("a_1 & 50%")
    'a\\\\_1 \\\\& 50\\\\%'
    """
    table = {
        "\\": "\\textbackslash{}",
        "^": "\\^{}",
        "~": "\\~{}",
        "<": "\\ensuremath{<}",
        ">": "\\ensuremath{>}",
        "≈": "\\ensuremath{\\approx}",
        "±": "\\ensuremath{\\pm}",
        "…": "\\ldots{}",
        "×": "\\ensuremath{\\times}",
        "−": "-",
        "≤": "\\ensuremath{\\le}",
        "≥": "\\ensuremath{\\ge}",
        "|": "\\ensuremath{|}",
    }
    greek = {symbol: f"\\ensuremath{{\\{name}}}" for name, symbol in _SYMBOL.items()}

    def one(c: str) -> str:
        if c in "_&%$#{}":
            return "\\" + c
        if c in table or c in greek or ord(c) < 0x180:  # what T1 fonts have
            return table.get(c) or greek.get(c) or c
        return unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode() or "?"

    return "".join(map(one, text))


def _node(value: object) -> Node | None:
    if isinstance(value, Node):
        return value
    text = text_of(value)
    if len(text) > LONGEST:
        return None
    try:
        main, meant = parse_defined(text)
    except InputError:
        return None
    return Node("where", (main, *(Node("=", (Node("name", (n,)), e)) for n, e in meant.items()))) if meant else main


# -- layout ---------------------------------------------------------------------------------------------------------


def _fenced(box: Typeset, left: str = "(", right: str = ")") -> Typeset:
    tall = "\\left" + left, "\\right" + right
    mathml = f"<mrow><mo>{escape(left)}</mo>{box.mathml}<mo>{escape(right)}</mo></mrow>"
    return Typeset(f"{tall[0]}{box.latex}{tall[1]}", mathml, ATOM)


def _at_least(box: Typeset, level: int) -> Typeset:
    return box if box.level >= level else _fenced(box)


def _name(text: str) -> Typeset:
    stem, _, index = text.partition("_")
    match = re.fullmatch(r"([A-Za-z]+?)(\d+)", stem)
    if match and not index:
        stem, index = match[1], match[2]
    head_latex = f"\\{stem}" if stem in _SYMBOL else stem if len(stem) == 1 else f"\\mathrm{{{latex_escape(stem)}}}"
    head_mathml = f"<mi>{escape(_SYMBOL.get(stem, stem))}</mi>"
    if not index:
        return Typeset(head_latex, head_mathml)
    index_latex = index.replace("_", ",")
    return Typeset(f"{head_latex}_{{{index_latex}}}", f"<msub>{head_mathml}<mtext>{escape(index_latex)}</mtext></msub>")


def _number(value: Fraction) -> Typeset:
    if value < 0:
        inner = _number(-value)
        return Typeset(f"-{inner.latex}", f"{MINUS}{inner.mathml}</mrow>", SUM)
    if value.denominator == 1:
        return Typeset(str(value), f"<mn>{value}</mn>")
    top, bottom = str(value.numerator), str(value.denominator)
    return Typeset(f"\\frac{{{top}}}{{{bottom}}}", f"<mfrac><mn>{top}</mn><mn>{bottom}</mn></mfrac>", PRODUCT)


def _layout(node: Node) -> Typeset:
    if node.number is not None:
        return _number(node.number)
    if node.name is not None:
        return _name(node.name)
    head, args = node.head, node.children
    if head == "+":
        return _sum(args)
    if head == "*":
        return _product(args)
    if head == "^":
        return _power(_layout(args[0]), args[1])
    if head == "hadamard" and len(args) == 2 and args[1].head == "./" and args[1].children[0].number == 1:
        return _layout(Node("./", (args[0], args[1].children[1])))
    if head == "./":
        return _separated_boxes([_at_least(_layout(a), POWER) for a in args], " \\oslash ", "⊘", PRODUCT)
    if head == "hadamard":
        return _separated_boxes([_at_least(_layout(a), POWER) for a in args], "\\odot ", "⊙", PRODUCT)
    if head == "transpose":
        return _raised(_at_least(_layout(args[0]), ATOM), Typeset("\\top", "<mo>⊤</mo>"))
    if head == "inv":
        return _raised(_at_least(_layout(args[0]), ATOM), Typeset("-1", "<mn>-1</mn>"))
    if head == "norm":
        return _norm(_layout(args[0]))
    if head == "abs":
        return _fenced(_layout(args[0]), "|", "|")
    if head == "sqrt":
        inner = _layout(args[0])
        return Typeset(f"\\sqrt{{{inner.latex}}}", f"<msqrt>{inner.mathml}</msqrt>")
    if head == "@":
        base, index = _layout(args[0]), _separated_boxes([_layout(a) for a in args[1:]], ",", ",", ATOM)
        return Typeset(f"{{{base.latex}}}_{{{index.latex}}}", f"<msub>{base.mathml}<mrow>{index.mathml}</mrow></msub>")
    if head in _STATISTIC:
        return _STATISTIC[head](_layout(args[0]))
    if head in _BIG:
        return _big(head, args)
    if head in ("eye", "ones") and len(args) == 1:
        size = _layout(args[0])
        letter = (
            Typeset("I", "<mi>I</mi>") if head == "eye" else Typeset("\\mathbf{1}", '<mn mathvariant="bold">1</mn>')
        )
        return _below(letter, size)
    if head == "zeros" and len(args) == 2:
        return _below(Typeset("0", "<mn>0</mn>"), _separated_boxes([_layout(a) for a in args], " \\times ", "×", ATOM))
    if head == "positive_part":
        return _below(_fenced(_layout(args[0]), "(", ")"), Typeset("+", "<mo>+</mo>"))
    if head == "truncated_svd" and len(args) == 2:
        return _below(_fenced(_layout(args[0]), "[", "]"), _layout(args[1]))
    if head == "kron":
        return _separated_boxes([_at_least(_layout(a), POWER) for a in args], " \\otimes ", "⊗", PRODUCT)
    if head in ("sqrtm", "invsqrt") and len(args) == 1:
        half = "1/2" if head == "sqrtm" else "-1/2"
        return _raised(_at_least(_layout(args[0]), ATOM), Typeset(half, f"<mn>{half}</mn>"))
    if head == "where":
        first, *rest = (_layout(a) for a in args)
        where = _separated_boxes(rest, ",\\ ", ",", 0)
        return Typeset(
            f"{first.latex} \\quad\\text{{where }} {where.latex}",
            f"<mrow>{first.mathml}<mtext> where </mtext>{where.mathml}</mrow>",
            0,
        )
    if head in RELATIONS:
        return _separated_boxes([_layout(a) for a in args], f" {_RELATION[head][0]} ", _RELATION[head][1], 0)
    if head == "piecewise":
        return _cases(args)
    return _call(head, args)


def _below(base: Typeset, index: Typeset) -> Typeset:
    return Typeset(f"{base.latex}_{{{index.latex}}}", f"<msub>{base.mathml}{index.mathml}</msub>")


def _mean(inner: Typeset) -> Typeset:
    bar = f"<mover>{inner.mathml}<mo>¯</mo></mover>"
    return Typeset(f"\\overline{{{inner.latex}}}", bar)


def _total(inner: Typeset) -> Typeset:
    body = _at_least(inner, PRODUCT)
    return Typeset(f"\\sum {body.latex}", f"<mrow><mo>∑</mo>{body.mathml}</mrow>", PRODUCT)


_STATISTIC = {"average": _mean, "total": _total}


def _norm(inner: Typeset) -> Typeset:
    return Typeset(f"\\left\\|{inner.latex}\\right\\|", f"<mrow><mo>‖</mo>{inner.mathml}<mo>‖</mo></mrow>")


def _sum(args: tuple[Node, ...]) -> Typeset:
    text, mathml = "", ""
    for i, a in enumerate(args):
        box = _at_least(_layout(a), SUM)
        negative = box.latex.startswith("-")
        text += box.latex if i == 0 else f" {box.latex[:1]} {box.latex[1:]}" if negative else f" + {box.latex}"
        if i and box.mathml.startswith(MINUS):
            mathml += f"<mo>−</mo><mrow>{box.mathml.removeprefix(MINUS)}"
        else:
            mathml += f"<mo>+</mo>{box.mathml}" if i else box.mathml
    return Typeset(text, f"<mrow>{mathml}</mrow>", SUM)


def _separated_boxes(boxes: list[Typeset], latex_mark: str, mathml_mark: str, level: int) -> Typeset:
    mark = f"<mo>{escape(mathml_mark)}</mo>"
    return Typeset(latex_mark.join(b.latex for b in boxes), f"<mrow>{mark.join(b.mathml for b in boxes)}</mrow>", level)


def _product(args: tuple[Node, ...]) -> Typeset:
    """Numbers first, divisions by scalars under a fraction bar, the order of the rest kept."""
    top, bottom, sign = list[Node](), list[Node](), ""
    for a in args:
        exponent = a.children[1].number if a.head == "^" else None
        if exponent is not None and exponent < 0:
            base = a.children[0]
            bottom.append(base if exponent == -1 else Node("^", (base, Node("num", (-exponent,)))))
        elif a.number is not None:
            if a.number < 0:
                sign = "" if sign else "-"
            value = abs(a.number)
            if value.numerator != 1:
                top.append(Node("num", (Fraction(value.numerator),)))
            if value.denominator != 1:
                bottom.append(Node("num", (Fraction(value.denominator),)))
        else:
            top.append(a)
    box = _row(top)
    if bottom:
        under = _row(bottom)
        box = Typeset(f"\\frac{{{box.latex}}}{{{under.latex}}}", f"<mfrac>{box.mathml}{under.mathml}</mfrac>", PRODUCT)
    if sign:
        box = _at_least(box, PRODUCT)
        return Typeset(f"-{box.latex}", f"{MINUS}{box.mathml}</mrow>", SUM)
    return box


def _row(factors: list[Node]) -> Typeset:
    if not factors:
        return _number(Fraction(1))
    if len(factors) == 1:
        return _layout(factors[0])
    text, mathml = "", ""
    for i, f in enumerate(factors):
        box = _at_least(_layout(f), PRODUCT)
        digits = i > 0 and box.latex[:1].isdigit()
        text += ("" if i == 0 else " \\cdot " if digits else " ") + box.latex
        mathml += ("" if i == 0 else "<mo>·</mo>" if digits else "<mo>&#x2062;</mo>") + box.mathml
    return Typeset(text, f"<mrow>{mathml}</mrow>", PRODUCT)


def _power(base: Typeset, exponent: Node) -> Typeset:
    value = exponent.number
    if value is not None and value == Fraction(1, 2):
        return Typeset(f"\\sqrt{{{base.latex}}}", f"<msqrt>{base.mathml}</msqrt>")
    if value is not None and value.numerator == 1 and value.denominator > 2:
        k = value.denominator
        return Typeset(f"\\sqrt[{k}]{{{base.latex}}}", f"<mroot><mrow>{base.mathml}</mrow><mn>{k}</mn></mroot>")
    if value is not None and value < 0:
        under = base if value == -1 else _power(base, Node("num", (-value,)))
        return Typeset(f"\\frac{{1}}{{{under.latex}}}", f"<mfrac><mn>1</mn>{under.mathml}</mfrac>", PRODUCT)
    return _raised(_at_least(base, ATOM), _layout(exponent))


def _raised(base: Typeset, exponent: Typeset) -> Typeset:
    if "^{" in base.latex and not base.latex.startswith("\\left"):
        base = Typeset(f"{{{base.latex}}}", f"<mrow>{base.mathml}</mrow>")
    return Typeset(f"{base.latex}^{{{exponent.latex}}}", f"<msup>{base.mathml}{exponent.mathml}</msup>", POWER)


def _big(head: str, args: tuple[Node, ...]) -> Typeset:
    index, low, high, body = (_layout(a) for a in args)
    sign = _BIG[head]
    body = _at_least(body, PRODUCT)
    return Typeset(
        f"{sign[0]}_{{{index.latex}={low.latex}}}^{{{high.latex}}} {body.latex}",
        f"<mrow><munderover><mo>{sign[1]}</mo><mrow>{index.mathml}<mo>=</mo>{low.mathml}</mrow>{high.mathml}"
        f"</munderover>{body.mathml}</mrow>",
        PRODUCT,
    )


def _cases(pieces: tuple[Node, ...]) -> Typeset:
    rows = [tuple(_layout(c) for c in p.children) for p in pieces]
    inner = " \\\\ ".join(f"{e.latex} & {c.latex}" for e, c in rows)
    table = "".join(f"<mtr><mtd>{e.mathml}</mtd><mtd>{c.mathml}</mtd></mtr>" for e, c in rows)
    return Typeset(f"\\begin{{cases}}{inner}\\end{{cases}}", f"<mrow><mo>{{</mo><mtable>{table}</mtable></mrow>")


def _call(head: str, args: tuple[Node, ...]) -> Typeset:
    if not args:
        return _name(head)
    known = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det"}
    shown = f"\\{head}" if head in known else f"\\operatorname{{{latex_escape(head)}}}"
    inner = _separated_boxes([_layout(a) for a in args], ", ", ",", 0)
    fence = _fenced(inner)
    return Typeset(shown + fence.latex, f"<mrow><mi>{escape(head)}</mi>{fence.mathml}</mrow>", ATOM)
