"""HTML that prints: Markdown formulas as SVG, a font of its own, PDF by Chromium. No network in any of it."""

import base64
import functools
import html
import importlib.resources
import io
import pathlib
import re
import shutil
import subprocess
import tempfile

import bs4
import jinja2
import markupsafe
import matplotlib
import ziamath
from fontTools import subset, ttLib
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from ngdm_helpers.live import words

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# STIX (SIL Open Font License) comes with matplotlib: narrow, with the signs of mathematics. With a font of its own a
# page breaks in the same places on any machine.
_FACES = {"STIXGeneral": "", "STIXGeneralItalic": "font-style: italic;", "STIXGeneralBol": "font-weight: bold;"}
_PIXELS = 13  # of formulas, beside text of 10 pt
_TOUCHES = re.compile(r"[^\s<>]*<svg.*?</svg>[^\s<>]*", re.DOTALL)
# Where ziamath spaces otherwise than TeX: a sign is no difference after an opening bracket, and words need room.
_SPACES = (
    (r"([\[(,]\s*)-", r"\1{-}"),
    (r"\\bmod\b", r"\\;\\mathrm{mod}\\;"),
    (r"(?<=[\w)}])\\(max|min)\b", r"\\,\\\1"),
)
ziamath.config.svg2 = False  # paths: what it defines for reuse would bear the same ids in every formula
ziamath.config.precision = 2


def page(template, **values):
    """A page of its own from a template of this folder: nothing that it shows is fetched."""
    loader = jinja2.PackageLoader(__package__)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["inline"] = _inline
    body = environment.get_template(f"{template}.html").render(**values)
    style = importlib.resources.files(__package__).joinpath("templates/paper.css").read_text(encoding="utf-8")
    shown = set(html.unescape(re.sub(r"<[^>]*>", "", body)))
    return environment.get_template("page.html").render(
        body=markupsafe.Markup(body), style=markupsafe.Markup(_fonts(shown) + style), title=values["title"]
    )


def _inline(text):
    """Words with Unicode formulas as HTML; no line ends beside a sign of relation or after a slash."""
    kept = re.sub(r" ([=<≤]) ", "\u00a0\\1\u00a0", text).replace("/", "/\u2060")
    return markupsafe.Markup(words.inline(kept))


def rendered(markdown):
    """Markdown of a notebook as HTML, its formulas as SVG; what touches one, as a full stop does, stays with it."""
    markup = MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(markdown)
    return markupsafe.Markup(_TOUCHES.sub(r'<span class="together">\g<0></span>', markup))


def unfolded(markdown):
    """``markdown`` without its folds; if there is nothing else, what the first of them holds."""
    outside = re.sub(r"<details>.*?</details>", "", markdown, flags=re.DOTALL).strip()
    inside = re.search(r"<details><summary>(.*?)</summary>(.*?)</details>", markdown, re.DOTALL)
    return outside or f"**{inside[1]}.** {inside[2].strip()}"


def pictures(outputs):
    """The pictures that stored outputs show, with their alt texts, as [{"src", "alt"}]."""
    soups = (bs4.BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser") for output in outputs)
    return [{"src": image["src"], "alt": image["alt"]} for soup in soups for image in soup.find_all("img")]


def browser():
    """The Chromium or Chrome that prints; FileNotFoundError, which says what to do, if there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise FileNotFoundError(f"--pdf needs one of {', '.join(BROWSERS)} on the PATH, got none; without --pdf, open "
                                "the HTML in any browser and print it on A4")  # fmt: skip
    return found


def pdf(markup, folder):
    """What the HTML text ``markup`` prints, as the bytes of a PDF; OSError if the browser makes none.

    folder: where it may work for that time; Ubuntu's Chromium has a /tmp of its own.
    """
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as temporary:
        source, target = (pathlib.Path(temporary, f"paper.{kind}").resolve() for kind in ("html", "pdf"))
        source.write_text(markup, encoding="utf-8")
        # Without a sandbox, which root and most containers cannot have: the page is ours and runs no script.
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={target}"]
        options.append(f"--user-data-dir={target.parent / 'profile'}")
        try:
            done = subprocess.run([browser(), *options, source.as_uri()], capture_output=True, timeout=300)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{browser()} has not printed the page in {error.timeout:.0f} s") from None
        if not target.exists():
            raise OSError(f"{browser()} printed nothing: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return target.read_bytes()


class _Renderer(IPythonRenderer):
    """Markdown as nbconvert reads it, with formulas as pictures that look alike on any machine."""

    def inline_math(self, body):
        return _formula(body, True)

    def block_math(self, body):
        # where a displayed formula leaves much room it may go on in the next line
        parts = re.split(r"(?:\\qquad)+", body)
        return f'<p class="math">{" ".join(_formula(part, False) for part in parts)}</p>'

    def latex_environment(self, name, body):
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


@functools.lru_cache(maxsize=1024)
def _formula(tex, inline):
    spaced = functools.reduce(lambda text, rule: re.sub(*rule, text), _SPACES, tex.strip())
    drawn = ziamath.Latex(spaced, size=_PIXELS, inline=inline).svg()
    top, height = (float(number) for number in re.search(r'viewBox="\S+ (\S+) \S+ (\S+)"', drawn).groups())
    label = html.escape(tex.strip())
    return drawn.replace(
        "<svg", f'<svg role="img" aria-label="{label}" style="vertical-align: {-(top + height):.2f}px"', 1
    )


def _fonts(shown):
    """The rules for the font's faces, cut down to the characters ``shown``."""
    return "".join(_font(name, rule, frozenset(shown)) for name, rule in _FACES.items())


@functools.lru_cache
def _font(name, rule, shown):
    font = ttLib.TTFont(pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"))
    cut = subset.Subsetter(subset.Options(drop_tables=["FFTM", "PfEd"], notdef_outline=True))
    cut.populate(unicodes=map(ord, shown))
    cut.subset(font)
    file = io.BytesIO()
    font.save(file)
    data = base64.b64encode(file.getvalue()).decode()
    return f'@font-face {{ font-family: Paper; {rule} src: url("data:font/ttf;base64,{data}"); }}\n'
