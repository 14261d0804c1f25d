"""The recipes of CONTRIBUTING.md, applied to a copy of the package and run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPE = re.compile(r"^## (?P<title>[^\n]+): (?P<files>\d) files?\n(?P<body>.*?)(?=^## |\Z)", re.M | re.S)
BLOCK = re.compile(
    r"^(?:New file `(?P<new>[^`]+)`|After the line `(?P<line>[^`]+)` of `(?P<old>[^`]+)`):\n\n```(?:python|text)\n(?P<code>.*?)^```",
    re.M | re.S,
)
CONSOLE = re.compile(r"^```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)^```", re.M | re.S)
RECIPES = {m["title"]: m for m in RECIPE.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}


def test_the_four_recipes_are_there():
    assert list(RECIPES) == ["A named loss", "A strategy", "A claim", "An output format"]


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_works_as_it_stands(title, tmp_path):
    recipe = RECIPES[title]
    shutil.copytree(ROOT / "closedform", tmp_path / "closedform", ignore=shutil.ignore_patterns("__pycache__"))
    touched = set()
    for block in BLOCK.finditer(recipe["body"]):
        file = tmp_path / (block["new"] or block["old"])
        touched.add(file)
        if block["new"]:
            assert not file.exists()
            file.write_text(block["code"], encoding="utf-8")
            assert len(block["code"].splitlines()) <= 70
        else:
            before = file.read_text(encoding="utf-8")
            line = block["line"] + "\n"
            assert before.count(line) == 1
            file.write_text(before.replace(line, line + block["code"]), encoding="utf-8")
    assert len(touched) == int(recipe["files"])
    commands = list(CONSOLE.finditer(recipe["body"]))
    assert commands
    for shown in commands:
        words = shlex.split(shown["command"])
        start = ["-m", *words] if words[0] == "closedform" else words[1:]
        run = subprocess.run(
            [sys.executable, *start],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        for line in shown["output"].splitlines():
            assert line in run.stdout
