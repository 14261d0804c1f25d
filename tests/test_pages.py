"""Pages in a real browser at the widths of a telephone, a tablet and a desk: nothing is wider than the screen or cut."""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape, unescape

import pytest

import closedform as cf

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
WIDTHS = (390, 768, 1280)
LABELS = {"x": [1, 2, 3], "y": [0, 1, 1]}
CASES = {
    "quartic": ("x**4 - x**2", {"digits": 60}),
    "sextic": ("x^6/6 - x^2/2 - x", {}),
    "ols": ("ols", {}),
    "logistic": ("logistic", {"data": LABELS, "target": "y", "intercept": False, "digits": 60}),
    "equations": (None, {"equations": ["x^2 + y - 1", "x - y^2"], "unknowns": ["x", "y"]}),
    "regression": ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"unknowns": ["a", "b"]}),
}
MEASURE = """<script>
onload = () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, wide = frame.clientWidth;
    const scrolls = ".math, .scroll, pre";
    const cut = [...page.querySelectorAll("body *")].filter(e =>
      e.getBoundingClientRect().right > wide + 1 && !e.closest(scrolls)).map(e => e.outerHTML.slice(0, 80));
    const still = [...page.querySelectorAll(scrolls)].filter(e =>
      e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "auto" && !e.parentElement.closest(scrolls));
    return {wide, page: page.documentElement.scrollWidth, cut, still: still.length};
  });
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script>"""


def measured(page, folder):
    """What the browser says of the page in frames of each width."""
    frames = "".join(f'<iframe style="width:{w}px;border:0" srcdoc="{escape(page)}"></iframe>' for w in WIDTHS)
    file = folder / "frames.html"
    file.write_text(f'<!DOCTYPE html><body style="width:2000px">{frames}{MEASURE}</body>')
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom", file.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(unescape(dom.partition('<pre id="found">')[2].partition("</pre>")[0]))


@pytest.mark.skipif(BROWSER is None, reason="no browser here")
@pytest.mark.parametrize("name", CASES)
def test_no_page_is_wider_than_the_screen(name, tmp_path):
    source, options = CASES[name]
    for found in measured(cf.derive(source, **options).to_html(steps=True), tmp_path):
        assert found["page"] <= found["wide"], found
        assert found["cut"] == [], found
        assert found["still"] == 0, found


def test_a_page_says_what_its_words_mean_and_when_it_was_made():
    page = cf.derive("x^2").to_html()
    assert "a small kernel checked a certificate" in page
    assert "prefers-color-scheme: dark" in page
    assert f"closedform {cf.__version__}, 20" in page


def test_the_card_has_no_tables_and_its_mathematics_in_dollars():
    card = cf.derive("x**4 - x**2")._repr_html_()
    assert "<table" not in card
    assert "<math" not in card
    assert card.count("$") >= 6
    assert "why one may believe it" in card
