"""How the cores look in JupyterLab at 1280×720: how many screens, and what stands open below a vote.

Votes and sliders are run; of the other cells the stored outputs are looked at, which are as tall as live ones.
"""

import re

import nbformat
import pytest

from tests import lab
from tests.test_notebooks import SOURCES

pytestmark = pytest.mark.pages
SCREEN = 620  # pixels of notebook that the window shows
MOST_SCREENS = 25

# Runs the cells with these ids and lays out every cell, near the page or not. Gives {id: [top, bottom, tops of what
# stands open of its outputs]} in pixels of the notebook, of the cells before `stop-here`.
LAYOUT = """async ids => {
    const {content, context} = jupyterapp.shell.currentWidget;
    content.notebookConfig = {...content.notebookConfig, windowingMode: 'none'};
    const number = content.widgets.findIndex(cell => cell.model.id === 'stop-here');
    for (const id of ids) {
        content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === id);
        await jupyterapp.commands.execute('notebook:run-cell');
    }
    const core = content.widgets.slice(0, number);
    const heights = () => core.map(cell => cell.node.isConnected ? cell.node.getBoundingClientRect().height : 0);
    const sliders = ids.filter(id => /-(play|map)$/.test(id)).length;
    const settled = async () => {
        let last = [];
        for (const end = performance.now() + PATIENCE; performance.now() < end
            && (document.querySelectorAll('canvas.live-canvas[data-frame]').length < sliders
                || last.some(height => !height) || `${last}` !== `${heights()}`);) {
            last = heights();
            await new Promise(done => setTimeout(done, 1000));
        }
    };
    await settled();
    const zero = core[0].node.getBoundingClientRect().top;
    return Object.fromEntries(core.map(cell => {
        const box = cell.node.getBoundingClientRect();
        const outputs = [...cell.node.querySelectorAll('.jp-OutputArea-output')].filter(
            output => !output.querySelector('details:not([open])'));
        const tops = outputs.map(output => output.getBoundingClientRect().top - zero);
        return [cell.model.id, [box.top - zero, box.bottom - zero, tops]];
    }));
}""".replace("PATIENCE", str(1000 * lab.PATIENCE))


def role(name):
    return name.rpartition("-")[2]


def to_run(notebook):
    """The ids of the votes and sliders of the core, and of the cells whose results a slider is given."""
    cells = {cell.id: cell.source for cell in notebook.cells}
    core = list(cells)[: list(cells).index("stop-here")]
    wanted = {"imports", *(name for name in core if role(name) in ("predict", "play", "map"))}
    for name in core:
        if role(name) == "play" and not re.search(r"explorers\.\w+\(\)", cells[name]):
            idea = name.removesuffix("play")
            wanted |= {f"{idea}{before}" for before in ("measure", "table") if f"{idea}{before}" in cells}
    return [name for name in core if name in wanted]


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: path.stem)
def layout(request, jupyter, chromium):
    path = request.param.with_suffix(".ipynb")
    screenshot = lab.ROOT / "tests" / "screenshots" / f"screens_{path.stem}.png"
    with lab.opened(jupyter, chromium, path, screenshot, viewport=(1280, 720)) as notebook:
        layout = notebook.page.evaluate(LAYOUT, to_run(nbformat.read(path, as_version=4)))
        assert notebook.errors() == []
    return layout


def test_the_core_is_no_longer_than_a_class(layout):
    screens = {name: round((bottom - top) / SCREEN, 1) for name, (top, bottom, _) in layout.items()}
    total = (max(bottom for _, bottom, _ in layout.values())) / SCREEN
    assert total <= MOST_SCREENS, (total, sorted(screens.items(), key=lambda item: -item[1])[:12])


def test_nothing_below_a_vote_gives_its_answer_away(layout):
    """Sliders aside, which are there to find out, no output stands open within a screen below a vote."""
    names, faults = list(layout), []
    for place, name in enumerate(names):
        if role(name) != "predict":
            continue
        for later in names[place + 1 :]:
            if role(later) == "claim":
                break
            near = [top for top in layout[later][2] if top < layout[name][1] + SCREEN]
            if near and role(later) not in ("play", "map", "predict"):
                faults.append((name, later, round(near[0] - layout[name][1])))
    assert faults == []
