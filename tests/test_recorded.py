"""Records: rows with provenance, replaced by key, written atomically."""

import json
import math
import os
import subprocess
import sys

import pytest

from ngdm_helpers.course import recorded

ROW = {"library": "NumPy", "device": "cpu", "seconds": {"1": 0.5}}


def test_written_rows_load_with_provenance(tmp_path):
    assert recorded.load("machines", tmp_path) == []
    recorded.write("machines", [ROW], "a command", key=("library", "device"), folder=tmp_path)
    (row,) = recorded.load("machines", tmp_path)
    assert {key: row[key] for key in ROW} == ROW
    assert row["provenance"]["command"] == "a command" and set(row["provenance"]["versions"]) == {"numpy", "torch"}


def test_provenance_names_what_is_installed(tmp_path, monkeypatch):
    version = recorded.importlib.metadata.version

    def without_torch(package):
        if package == "torch":
            raise recorded.importlib.metadata.PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr(recorded.importlib.metadata, "version", without_torch)
    recorded.write("machines", [ROW], "a command", key=("library", "device"), folder=tmp_path)
    assert recorded.load("machines", tmp_path)[0]["provenance"]["versions"] == {"numpy": version("numpy")}


def test_a_row_replaces_the_one_with_its_key_and_keeps_the_others(tmp_path):
    gpu = {**ROW, "device": "gpu"}
    for rows in ([ROW, gpu], [{**ROW, "seconds": {"1": 0.25}}]):
        recorded.write("machines", rows, "a command", key=("library", "device"), folder=tmp_path)
    assert [row["seconds"]["1"] for row in recorded.load("machines", tmp_path)] == [0.25, 0.5]


def test_a_failing_write_leaves_the_old_record(tmp_path):
    path = recorded.write("machines", [ROW], "a command", key=("library",), folder=tmp_path)
    before = path.read_text()
    with pytest.raises(TypeError):
        recorded.write("machines", [{**ROW, "seconds": object()}], "a command", key=("library",), folder=tmp_path)
    with pytest.raises(ValueError, match="rows must have the fields nation, got one without nation"):
        recorded.write("machines", [ROW], "a command", key=("nation",), folder=tmp_path)
    assert path.read_text() == before and [entry.name for entry in tmp_path.glob("[!.]*")] == ["machines.json"]


def test_the_shipped_records_are_readable():
    for path in recorded.FOLDER.glob("*.json"):
        for row in json.loads(path.read_text())["rows"]:
            assert row["provenance"]["command"].startswith(("python -m ", "ngdm record "))


def test_writers_wait_for_one_another(tmp_path):
    code = """
import sys
from ngdm_helpers.course import recorded

for k in range(20):
    recorded.write("shared", [{"who": sys.argv[1], "k": k}], "a command", ("who", "k"), sys.argv[2])
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, who, str(tmp_path)]) for who in ("a", "b")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert len(recorded.load("shared", tmp_path)) == 40


def test_what_json_does_not_know_is_refused(tmp_path):
    recorded.write("kept", [{"k": 1, "value": 1.0}], "a command", ("k",), tmp_path)
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not JSON compliant"):
            recorded.write("kept", [{"k": 1, "value": value}], "a command", ("k",), tmp_path)
    assert recorded.load("kept", tmp_path)[0]["value"] == 1.0


def test_a_record_is_read_once_and_again_after_a_write(tmp_path, monkeypatch):
    recorded.write("kept", [{"k": 1, "value": 1.0}], "a command", ("k",), tmp_path)
    reads, parse = [], recorded.json.loads
    monkeypatch.setattr(recorded.json, "loads", lambda text: (reads.append(1), parse(text))[1])
    first = recorded.load("kept", tmp_path)
    first.append("what a caller adds to its list")
    assert len(recorded.load("kept", tmp_path)) == 1 and len(reads) == 1
    recorded.write("kept", [{"k": 2, "value": 2.0}], "a command", ("k",), tmp_path)
    assert [row["k"] for row in recorded.load("kept", tmp_path)] == [1, 2]


def test_no_row_is_lost_that_another_wrote_within_a_tick_of_the_clock(tmp_path):
    path = recorded.write("shared", [{"k": 1}], "a command", ("k",), tmp_path)
    modified, others = path.stat(), path.read_text().replace('"k": 1', '"k": 2')
    assert [row["k"] for row in recorded.load("shared", tmp_path)] == [1]
    path.write_text(others)  # by another process: this one has read the record before
    os.utime(path, ns=(modified.st_atime_ns, modified.st_mtime_ns))
    recorded.write("shared", [{"k": 3}], "a command", ("k",), tmp_path)
    assert [row["k"] for row in recorded.load("shared", tmp_path)] == [2, 3]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 3}', '{"rows": ["a"]}', "\xff"])
def test_a_damaged_record_is_named(tmp_path, text):
    (tmp_path / "kept.json").write_bytes(text.encode("latin-1"))
    for call in (recorded.load, lambda name, folder: recorded.write(name, [{"k": 1}], "a command", ("k",), folder)):
        with pytest.raises(ValueError, match=r"kept\.json must be a record"):
            call("kept", tmp_path)
    assert (tmp_path / "kept.json").read_bytes() == text.encode("latin-1")


def test_numbers_are_rounded_to_significant_digits():
    assert recorded.rounded(123456.789) == 123460.0 and recorded.rounded(1234.56789, ".3f") == 1234.568
    assert recorded.rounded(math.nan) is None and recorded.rounded(-math.inf) is None
