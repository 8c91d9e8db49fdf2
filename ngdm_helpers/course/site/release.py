"""The official releases that site and slides carry, Pyodide, KaTeX, reveal.js: where they are, that they are these.

release.json holds the sha256 of each file: those of Pyodide's packages as its own lock file (in npm's pyodide 314.0.3)
has them, those of its core, KaTeX and reveal.js as npm has them. A file with another hash is never used.
"""

import functools
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request

RELEASE = json.loads(pathlib.Path(__file__).with_name("release.json").read_text(encoding="utf-8"))
(KATEX,), (REVEAL,) = RELEASE["katex"], RELEASE["reveal"]
CORE = f"pyodide@{RELEASE['version']}"  # npm's package, which has all of it
PACKAGES = f"https://cdn.jsdelivr.net/pyodide/v{RELEASE['version']}/full/"
_WHEELS = {one["file_name"]: one["sha256"] for one in RELEASE["lock"]["packages"].values()}
SHA256 = RELEASE["core"] | RELEASE["katex"] | _WHEELS


def gather(to, folder=None, files=SHA256):
    """Put the release into ``to``, from ``folder`` if one is given, else from the network; what is there stays.

    files: {name: sha256} of those that are wanted.

    Raises ValueError for a file that is missing in ``folder``, or that is not the official one; OSError where the
    network does not give a file.
    """
    to.mkdir(parents=True, exist_ok=True)
    for name, wanted in files.items():
        target = to / name
        if target.exists() and sha256(target.read_bytes()) == wanted:
            continue
        data = _read(folder, name) if folder else fetch(name)
        if sha256(data) != wanted:
            source = folder or _source(name)
            raise ValueError(f"{name} from {source} must have the official sha256 {wanted}, got {sha256(data)}")
        target.write_bytes(data)
    (to / "pyodide-lock.json").write_text(json.dumps(RELEASE["lock"]), encoding="utf-8")
    return to


def _read(folder, name):
    try:
        return (pathlib.Path(folder) / name).read_bytes()
    except FileNotFoundError:
        missing = [one for one in SHA256 if not (pathlib.Path(folder) / one).exists()]
        raise ValueError(
            f"--pyodide must name a folder with Pyodide {RELEASE['version']}, its packages and KaTeX; {folder} lacks "
            f"{', '.join(missing)}"
        ) from None


def _source(name):
    """Where a file is: the core and KaTeX in npm's packages, one of Pyodide's packages at jsDelivr."""
    if name in RELEASE["core"]:
        return CORE
    if name in (KATEX, REVEAL):
        return name.removesuffix(".tgz").replace("-", "@")
    return PACKAGES + name


def fetch(name):
    """A file of the release from its own host, unchecked. OSError where the network does not give it."""
    if (source := _source(name)).startswith("https:"):
        return _download(source)
    tarball = packed(source)
    if name not in RELEASE["core"]:
        return tarball
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        return archive.extractfile(f"package/{name}").read()


@functools.lru_cache(1)
def packed(package):
    """The tarball of an npm package, by the npm that came with Node."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise OSError(f"npm does not give {package} ({error}); --pyodide FOLDER takes a copy at hand") from None
        (tarball,) = pathlib.Path(folder).glob("*.tgz")
        return tarball.read_bytes()


def _download(url):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    except urllib.error.URLError as error:
        raise OSError(f"{url} cannot be fetched ({error.reason}); --pyodide FOLDER takes a copy at hand") from None


def sha256(data):
    return hashlib.sha256(data).hexdigest()
