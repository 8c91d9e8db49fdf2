"""What is revealed: one closed fold, whatever is printed and displayed in it."""

import re

import nbformat
import pytest

from ngdm_helpers.course import build
from ngdm_helpers.live import reveal

CELL = """\
# %% id="one-reveal"
from IPython.display import HTML, Markdown

from ngdm_helpers import figures
from ngdm_helpers.live import reveal

figure, ax = figures.new()
with reveal("Where *both* end"):
    print("0 < 1 & 2")
    display(figures.show(figure, "Nothing.", alt="Empty axes."))
    display(HTML("<b>bold</b>"))
    print("the end")
    display([1, 2])
"""


@pytest.fixture
def outputs(tmp_path):
    def run(text):
        path = tmp_path / "tiny.py"
        path.write_text(text)
        (cell,) = nbformat.read(build.build(path), as_version=4).cells
        return cell.outputs

    return run


@pytest.mark.slow
def test_all_that_is_shown_is_in_one_closed_fold(outputs):
    (output,) = outputs(CELL)
    markup = output.data["text/html"]
    assert markup.startswith("<details><summary>Where <em>both</em> end</summary>") and markup.endswith("</details>")
    assert "open" not in re.match("<details[^>]*>", markup)[0]
    inside = [">0 &lt; 1 &amp; 2\nthe end\n</pre>", '<img alt="Empty axes."', "<b>bold</b>", ">[1, 2]</pre>"]
    places = [markup.index(part) for part in inside]
    assert places == sorted(places)
    assert output.data["text/plain"].splitlines() == ["▸ Where *both* end", "0 < 1 & 2", "the end"]


@pytest.mark.slow
def test_warnings_and_what_stands_outside_stay_open(outputs):
    inside = '    print("in", file=sys.stderr)\n    print("fold")\n'
    text = f'import sys\nprint("before")\nwith reveal("x"):\n{inside}print("after")\n'
    text = CELL.partition("figure, ax")[0] + text
    shown = outputs(text)
    assert [output.get("name", "fold") for output in shown] == ["stdout", "stderr", "fold"]
    assert shown[0].text == "before\nafter\n" and ">fold\n</pre>" in shown[2].data["text/html"]


def test_an_error_shows_what_came_before_it(capsys):
    with pytest.raises(ZeroDivisionError), reveal("x"):
        print("so far")
        1 / 0  # noqa: B018
    assert capsys.readouterr().out == "so far\n"


@pytest.mark.parametrize("summary", ["", "  ", None, 3])
def test_a_fold_has_a_name(summary):
    with pytest.raises(ValueError, match="summary must say in words what is folded, got"), reveal(summary):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("png", ["iVBORw==\n", b"\x89PNG"])
def test_a_bare_picture_is_folded_as_a_picture(outputs, png):
    text = CELL.partition("figure, ax")[0] + "from IPython.display import display\n"
    text += f'with reveal("x"):\n    display({{"image/png": {png!r}, "text/plain": "<Figure>"}}, raw=True)\n'
    text += '    display(Markdown("**bold**"))\n'
    (output,) = outputs(text)
    inside = '<img src="data:image/png;base64,iVBORw=="><pre style="font-family: monospace">**bold**</pre></details>'
    assert output.data["text/html"].endswith(inside)


@pytest.mark.slow
def test_a_fold_without_a_display_says_that_it_is_empty(outputs):
    (output,) = outputs(CELL.partition("figure, ax")[0] + 'with reveal("x"):\n    1 + 1\n')
    assert "Nothing was printed or displayed here." in output.data["text/html"]
