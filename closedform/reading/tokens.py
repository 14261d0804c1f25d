"""A text as tokens, and the place in it where the reading stands; nothing that is read is ever evaluated."""

from __future__ import annotations

import re
import unicodedata

from closedform.errors import TextFault
from closedform.expression import RELATIONS, Node
from closedform.points import Sense
from closedform.reading.vocabulary import SENSES

MAX_TEXT = 1_000_000  # characters
MAX_NUMBERS = 4_000_000  # bits of the numbers of one sum or product together
LOGIC = RELATIONS | {"and", "or", "not", "true", "false"}

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.(?![*/^T'])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<module>(?:(?:np|numpy)\.(?:linalg\.)?|scipy\.special\.)(?=[^\W\d]))"
    r"|(?P<name>[^\W\d²³¹][^\W²³¹]*)"
    r"|(?P<op>\*\*|\.[*/^]|\.T(?!\w)|\.(?:sum|mean)\(\)|<=|>=|==|!=|\|\||[-+*/^(),;\[\]|'<>=@&~:])"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_UNICODE = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "·": "*",
        "×": "*",
        "⋅": "*",
        "∗": "*",
        "⊙": "∘",
        "’": "'",
        "ᵀ": "'",
        "‖": "∥",
    }
)
_SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "∥": "||", "∘": ".*", "⊤": "'", "²": "^", "³": "^"}

Token = tuple[str, str, int]


def tokens_of(text: str) -> list[Token]:
    out: list[Token] = []
    for match in _TOKEN.finditer(text.translate(_UNICODE)):
        kind, word, at = match.lastgroup or "", match.group(), match.start()
        if kind == "space":
            continue
        if kind == "name":
            if word[0] == "_" and not (out and out[-1][1] == "||" and word in ("_F", "_1", "_2")):
                raise TextFault(text, at, "a name may not start with an underscore")
            word = unicodedata.normalize("NFKC", word)
        elif kind == "other":
            if word not in _SPELLINGS:
                raise TextFault(text, at, *_foreign(word))
            kind = "op"
            if word in "²³":
                out.append(("op", "^", at))
                kind, word = "number", "2" if word == "²" else "3"
            else:
                word = _SPELLINGS[word]
        out.append((kind, word, at))
    out.append(("end", "", len(text)))
    return out


def _foreign(word: str) -> tuple[str, str]:
    if word == ".":
        return (
            "a dot stands where it has no meaning",
            "decimals, .T, .* ./ .^ (entry by entry), .sum() and .mean() have one",
        )
    if word in '"`':
        return "quotation marks have no meaning here", "write the expression without them"
    if word == "!":
        return "! has no meaning here", "write gamma(n + 1) for n!"
    return f"{word!r} has no meaning here", "the language has + - * / ^ ( ) |x| ||v|| X' x[i] and functions"


class Cursor:
    """Where the reading of a text stands. ``names`` are those that are declared, hence neither functions nor constants."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        if len(text) > MAX_TEXT:
            shown = f"{text[:40]} ..."
            raise TextFault(shown, 0, f"the text has {len(text):,} characters, more than the limit of {MAX_TEXT:,}")
        self.text, self.names = text, names
        self.tokens = tokens_of(text)
        self.k: int = 0
        self.numpy = any(kind == "module" or word in ("@", ".sum()", ".mean()") for kind, word, _ in self.tokens)

    def fault(self, at: int, cause: str, hint: str = "") -> TextFault:
        return TextFault(self.text, at, cause, hint)

    def take(self, op: str, why: str) -> None:
        kind, word, at = self.tokens[self.k]
        if kind != "op" or word != op:
            found = "the text ends" if kind == "end" else f"{word!r} stands"
            raise self.fault(at, f"{found} where {op!r} is missing", why)
        self.k += 1

    def sense(self) -> Sense | None:
        """Whether the text starts by saying which optimum is sought; the word is then read."""
        kind, word, _ = self.tokens[self.k]
        after, sign, _ = self.tokens[self.k + 1] if kind == "name" else ("end", "", 0)
        sense = SENSES.get(word.lower())
        if kind != "name" or sense is None or word in self.names or (after == "op" and sign not in "(-+|||"):
            return None
        self.k += 1
        return sense

    def value(self, node: Node) -> Node:
        """The node, if it is a value: not a comparison, not a list."""
        if node.head in LOGIC:
            raise self.fault(max(node.at, 0), "a comparison stands where a number is expected")
        if node.head == "tuple":
            raise self.fault(max(node.at, 0), "a list in parentheses stands where a number is expected")
        return node

    def writable(self, parts: list[Node], at: int) -> None:
        """Refuses numbers that are small enough one by one and together too long to write out."""
        values = [value for part in parts if (value := part.number) is not None]
        if sum(v.numerator.bit_length() + v.denominator.bit_length() for v in values) > MAX_NUMBERS:
            raise self.fault(at, "the numbers before this place are too long to be worked out")
