"""The page in a real browser, opened from disk."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from browser import CHROMIUM, Page, chromium
from reported import CASES, XSS, hostile_run

from assay.bench.report.data import report_of
from assay.bench.report.html import html
from assay.bench.stored import stored
from assay.store import Log

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium (or ASSAY_CHROMIUM=PATH)"),
    pytest.mark.asyncio(loop_scope="module"),
]

READY = "document.querySelectorAll('#heat-body .square').length > 0"
DONE = "document.querySelector('#details .steps') !== null"
FOCUSED = "document.activeElement.dataset.row + ' ' + document.activeElement.dataset.column"


def link(case: str, letter: str) -> str:
    """Escaped as `encodeURIComponent` does it."""
    problem = quote(f"{case}/{XSS}", safe="!'()*~")
    return f"#{problem}/{letter}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(folder: Path) -> AsyncIterator[Page]:
    async with chromium(folder) as page:
        yield page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def report(folder: Path) -> Path:
    path = folder / "report.html"
    run = await hostile_run(folder / "log.db")
    with Log(folder / "log.db") as log:
        path.write_text(html(report_of(log, stored(log, run))), encoding="utf-8")
    return path


async def test_nothing_hostile_runs_and_nothing_is_loaded(page: Page, report: Path) -> None:
    """Catches: a text that becomes HTML, in the page, in a dialog or in the data; a link of theirs;
    a policy that the page itself breaks; a request to anywhere."""
    await page.open(report)
    await page.until(READY)
    for case in CASES:
        for letter in "AB":
            await page.run(f"location.hash = {link(case, letter)!r}; undefined")
            title = f"document.querySelector('#details-title')?.textContent.startsWith('{case}/')"
            await page.until(f"{title} && {DONE}")
            await page.run("[...document.querySelectorAll('details')].forEach(d => d.open = true)")
            assert XSS in await page.run("document.getElementById('details').textContent")
    assert XSS in await page.run("document.querySelector('h1').textContent")
    assert XSS in await page.run("document.querySelector('#about').textContent")
    assert await page.run("window.hacked") is None
    assert await page.run("window.broken") == []
    foreign = "img, iframe, object, embed, base, link, form, a:not([href^='#']), svg[onload]"
    assert await page.run(f'document.querySelectorAll("{foreign}").length') == 0
    assert await page.run("document.scripts.length") == 4
    assert {url for url in page.asked_for() if not url.startswith("file:")} <= {"about:blank"}


async def test_seeds_stand_together(page: Page, folder: Path) -> None:
    """Catches: seeds that are only rivals of one another, a sentence that counts each of them as a
    pair, a name of a group that becomes HTML."""
    path = folder / "seeds.html"
    run = await hostile_run(folder / "seeds.db", finished=True, seeds=(0, 1))
    with Log(folder / "seeds.db") as log:
        path.write_text(html(report_of(log, stored(log, run))), encoding="utf-8")
    await page.open(path)
    await page.until(READY)
    captions = "[...document.querySelectorAll('#summary caption')].map(c => c.textContent)"
    assert "Seeds together, by problem and not by result" in await page.run(captions)
    text = str(await page.run("document.querySelector('#summary').innerText"))
    assert "0: 2 of 4; 1: 2 of 4" in text
    assert "sample minus self_debug" in text
    assert "With all seeds no two differ beyond chance: of 1 pair" in text
    assert await page.run("window.hacked") is None
    assert await page.run("window.broken") == []


async def test_the_policy_stops_what_gets_in(page: Page, report: Path) -> None:
    """Catches: a policy that is written down but does not hold from disk."""
    await page.open(report)
    await page.until(READY)
    await page.run(
        "(() => { const script = document.createElement('script');"
        "try { script.textContent = 'window.hacked = 1'; document.body.append(script); } catch {}"
        "const image = new Image(); image.src = 'https://example.org/x.png'; })()"
    )
    assert await page.run("(() => { try { document.body.innerHTML = 'x'; } catch { return 1 } })()")
    await page.until("window.broken.length >= 2")
    assert await page.run("window.hacked") is None


async def test_by_keyboard(page: Page, report: Path) -> None:
    """Catches: squares that Tab, arrows or Enter do not reach, a dialog that Esc leaves open or
    that forgets where one was."""
    await page.open(report)
    await page.until(READY)
    await page.run("document.querySelector('.controls input').focus()")
    # Order: the scrolling box may be a stop of its own.
    for _ in range(3):
        await page.press("Tab")
        if await page.run("!!document.activeElement.dataset.row"):
            break
    assert await page.run(FOCUSED) == "0 0"
    await page.press("ArrowDown", "ArrowRight")
    assert await page.run(FOCUSED) == "1 1"
    assert await page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.press("ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowDown")
    assert await page.run(FOCUSED) == "1 1"
    await page.press("Enter")
    await page.until(DONE)
    assert await page.run("document.getElementById('details').open")
    assert await page.run("location.hash") == link("mended", "B")
    assert await page.run("document.querySelectorAll('#details .tried').length") == 2
    assert await page.run("document.querySelectorAll('#details .diff .came').length") == 1
    assert await page.run("document.querySelectorAll('#details .diff .went').length") == 1
    await page.press("Escape")
    await page.until("!document.getElementById('details').open")
    assert await page.run(FOCUSED) == "1 1"
    await page.until("!location.hash.includes('/')")


async def test_a_link_opens_what_it_names(page: Page, report: Path) -> None:
    """Catches: a deep link that opens nothing, or the attempts of another cell; texts that are not
    those of the log."""
    await page.open(report, link("cheat", "A"))
    await page.until(DONE)
    shown = await page.run("document.getElementById('details').textContent")
    assert "Passes the visible tests, fails the hidden ones." in shown
    assert "case cheat" in shown
    assert shown.count("Request ") == shown.count("Attempt ") == 1
    await page.open(report, link("late", "A"))
    await page.until("document.getElementById('details').textContent.includes('no result yet')")
    await page.open(report, "#nothing/Z")
    await page.until(READY)
    assert not await page.run("document.getElementById('details').open")


async def test_every_ending_is_told_apart_without_colour(page: Page, report: Path) -> None:
    """Catches: an unmeasured or unfinished problem that looks like a wrong one."""
    await page.open(report)
    await page.until(READY)
    rows = "[...document.querySelectorAll('#heat-body tr')]"
    marks = await page.run(f"{rows}.map(r => [...r.children].slice(1).map(c => c.textContent))")
    assert marks == [
        ["✓", "✓", "2/2"],
        ["✗", "✓", "1/2"],
        ["!", "!", "0/2"],
        ["∅", "∅", "0/2"],
        ["?", "?", "0/0"],
        ["…", "…", "0/0"],
    ]
    said = await page.run("[...document.querySelectorAll('.warning')].map(e => e.textContent)")
    assert len(said) == 1
    assert "is not finished: 10 of 12 results" in said[0]
    gaps = await page.run("[...document.querySelectorAll('#summary .gap')].map(e => e.textContent)")
    shown = ["1 not finished, 1 not measured (1: model: failed </script><script>"]
    assert [gap[: len(shown[0])] for gap in gaps] == shown * 2
    assert all(gap.endswith("…)") for gap in gaps)


async def test_the_grid_sorts_and_filters(page: Page, report: Path) -> None:
    """Catches: a filter that shows the wrong rows, a sort that moves marks to another problem."""
    await page.open(report)
    await page.until(READY)
    choose = (
        "((index, value) => { const select = document.querySelectorAll('.controls select')[index];"
        "select.value = value; select.dispatchEvent(new Event('change')); return "
        "[...document.querySelectorAll('#heat-body th')].map(e => e.textContent.split('/')[0]) })"
    )
    assert await page.run(f"{choose}(0, 'apart')") == ["mended", "right", *CASES[2:], "late"]
    assert await page.run(f"{choose}(0, 'easy')") == ["right", "mended", *CASES[2:], "late"]
    assert await page.run(f"{choose}(1, 'apart')") == ["mended"]
    assert await page.run(f"{choose}(1, 'deceived')") == ["cheat"]
    assert await page.run(f"{choose}(1, 'open')") == ["fault", "late"]
    assert await page.run("document.getElementById('heat-count').textContent") == "2 of 6 problems"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1200])
async def test_it_fits_and_can_be_read(page: Page, report: Path, width: int, dark: bool) -> None:
    """Catches: a page wider than a phone, text without contrast in either scheme."""
    await page.open(report, link("mended", "B"), width=width, dark=dark)
    await page.until(DONE)
    assert await page.run("document.documentElement.scrollWidth") <= width
    assert await page.run("document.getElementById('details').scrollWidth") <= width
    assert await page.run(CONTRAST) == []


# WCAG: the contrast of every text with what lies behind it, of at least 4.5 to 1. Patterns are left
# out: their ground is the colour below them.
CONTRAST = """(() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const skipped = element.closest("script, noscript, title, button:disabled");
    if (!own || skipped || style.display === "none") continue;
    const text = element.ownerSVGElement && style.fill !== "none" ? style.fill : style.color;
    const [a, b] = [light(parts(text)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
})()"""
