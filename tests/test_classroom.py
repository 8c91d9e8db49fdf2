"""A class on one server, for real: no student reads another's files or runs as another; what is shipped is loaded."""

import asyncio
import json
import os
import pwd
import re
import urllib.parse

import psutil
import pytest
import yaml
from traitlets.config.loader import PyFileConfigLoader

from tests import hub, lab

DEPLOY = lab.ROOT / "deploy"
README = (lab.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_hub_s_configuration_loads():
    loaded = PyFileConfigLoader(hub.CONFIG.name, str(hub.CONFIG.parent)).load_config()
    spawner = loaded["Spawner"]
    assert "--KernelManager.transport=ipc" in spawner["args"] and spawner["environment"]["OMP_NUM_THREADS"] == "1"
    for value in (loaded["SystemdSpawner"]["mem_limit"], spawner["mem_limit"]):
        assert re.fullmatch(r"[\d.]+[KMGT]", value)


# What values.schema.yaml of the chart says of the keys that we use: a type, or what lies below.
SCHEMA = {
    "singleuser": {
        "image": {"name": str, "tag": str},
        "defaultUrl": str,
        "memory": {"guarantee": str, "limit": str},
        "cpu": {"guarantee": (int, float), "limit": (int, float)},
        "startTimeout": int,
        "extraEnv": dict.fromkeys(("OMP_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str),
        "storage": {"type": str},
    },
    "hub": {"concurrentSpawnLimit": int, "config": {"JupyterHub": {"authenticator_class": str}}},
    "cull": {"enabled": bool, "timeout": int, "every": int},
    "prePuller": {"hook": {"enabled": bool}, "continuous": {"enabled": bool}},
    "scheduling": {
        "userScheduler": {"enabled": bool},
        "podPriority": {"enabled": bool},
        "userPlaceholder": {"enabled": bool, "replicas": int},
    },
}


def _check(values, schema, where="values"):
    assert set(values) <= set(schema), f"{where} has {set(values) - set(schema)}, which the chart has not"
    for key, below in schema.items():
        if isinstance(below, dict):
            _check(values[key], below, f"{where}.{key}")
        else:
            assert isinstance(values[key], below), f"{where}.{key} must be {below}, got {values[key]!r}"


def test_the_cluster_s_values_have_the_chart_s_keys_and_types():
    values = yaml.safe_load((DEPLOY / "z2jh/values.yaml").read_text(encoding="utf-8"))
    _check(values, SCHEMA)
    assert values["singleuser"]["storage"]["type"] in ("dynamic", "static", "none")


def test_the_link_of_nbgitpuller_opens_a_notebook_of_the_clone():
    (link,) = re.findall(r"https://HUB/\S+", README)
    address = urllib.parse.urlsplit(link)
    asked = dict(urllib.parse.parse_qsl(address.query, strict_parsing=True))
    assert address.path == "/hub/user-redirect/git-pull" and set(asked) == {"repo", "branch", "urlpath"}
    folder = asked["repo"].rpartition("/")[2].removesuffix(".git")
    start, name, path = asked["urlpath"].partition(folder)
    path, _, query = path.partition("?")
    assert (start, name, query) == ("lab/tree/", folder, "autodecode") and (lab.ROOT / path.lstrip("/")).exists()


classroom = pytest.mark.classroom


@pytest.fixture(scope="module")
def room():
    """A hub with two students whose servers run, each with an open notebook; and their pages."""
    if why := hub.missing():
        if os.environ.get("NGDM_REQUIRE_HUB"):
            pytest.fail(why)
        pytest.skip(why)
    from benchmarks.classroom import Student

    async def opened(class_):
        students = [Student(class_, name) for name in class_.tokens]
        for student in students:
            hub.give(student.name, "secret.txt", f"of {student.name}")
        await asyncio.gather(*(student.open() for student in students))
        return students

    loop, names = asyncio.new_event_loop(), [f"{hub.PREFIX}{name}" for name in ("ada", "emmy")]
    with hub.running(names) as class_:
        uids = {hub.home(name).stat().st_uid for name in names}
        yield class_, loop.run_until_complete(opened(class_)), loop
    loop.close()
    # no account, home or process is left
    assert not {entry.pw_name for entry in pwd.getpwall()} & set(names) and class_.process.poll() is not None
    assert not [p for p in psutil.process_iter(["uids"]) if p.info["uids"] and p.info["uids"].real in uids]


def _in_kernel(room, student, code):
    """What Python code of a student leaves in ``x``."""
    _, _, loop = room
    loop.run_until_complete(student.run([code]))
    return loop.run_until_complete(student.evaluate("x"))


@classroom
def test_each_student_runs_under_an_account_of_their_own(room):
    class_, students, _ = room
    uids = set()
    for student in students:
        found = class_.processes(student.name)
        assert len(found["server"]) == len(found["kernel"]) == 1
        uid = hub.home(student.name).stat().st_uid
        assert all(set(process.uids()) == {uid} for kind in found.values() for process in kind) and uid != 0
        assert _in_kernel(room, student, "import os; x = os.getresuid(), os.getgroups()")[0] == (uid, uid, uid)
        uids.add(uid)
    assert len(uids) == 2


@classroom
def test_no_student_reaches_another_s_server(room):
    class_, (ada, emmy), _ = room
    for path in ("api/status", "api/contents/secret.txt", "api/kernels", "api/sessions", "files/secret.txt"):
        assert class_.ask(f"user/{emmy.name}/{path}", emmy.token)[0] == 200, path
        assert class_.ask(f"user/{emmy.name}/{path}", ada.token)[0] == 403, path
    assert class_.ask(f"user/{emmy.name}/api/kernels", ada.token, {}, "POST")[0] == 403
    for path in ("", "/tokens", "/server"):
        method = "POST" if path else "GET"
        assert class_.ask(f"hub/api/users/{emmy.name}{path}", ada.token, {} if path else None, method)[0] in (403, 404)
    assert class_.ask("hub/api/users", ada.token)[0] == 403


@classroom
def test_no_student_reads_another_s_files_nor_listens_to_another_s_kernel(room):
    class_, (ada, emmy), _ = room
    secret, home = hub.home(emmy.name) / "secret.txt", hub.home(emmy.name)
    (kernel,), (server,) = (class_.processes(emmy.name)[kind] for kind in ("kernel", "server"))
    (connection,) = (home / ".jupyter-run").glob("kernel-*.json")
    ports = json.loads(connection.read_text())
    assert ports["transport"] == "ipc" and (home.stat().st_mode & 0o777) == 0o700
    assert _in_kernel(room, emmy, f"x = open({str(secret)!r}).read()") == f"of {emmy.name}"
    for attempt in (
        f"open({str(secret)!r}).read()",
        f"open({str(secret)!r}, 'w')",
        f"__import__('os').listdir({str(home)!r})",
        f"open({str(connection)!r}).read()",
        f"open('/proc/{server.pid}/environ').read()",  # the server's token stands there
        f"open('/proc/{kernel.pid}/mem', 'rb')",
        f"__import__('os').kill({kernel.pid}, 9)",
        f"__import__('os').setuid({home.stat().st_uid})",
        f"__import__('socket').socket(1).connect({ports['ip'] + '-' + str(ports['iopub_port'])!r})",
    ):
        code = f"try:\n    x = repr({attempt})\nexcept PermissionError:\n    x = 'closed'"
        assert _in_kernel(room, ada, code) == "closed", attempt
    assert kernel.is_running() and secret.read_text() == f"of {emmy.name}"


@classroom
def test_a_move_brings_its_draw_list_and_no_move_is_lost(room):
    _, (ada, _), loop = room
    code = "from ngdm_helpers.course import explorers\norbit = explorers.l1_orbit()\nsaw = explorers.residue_sawtooth()"
    loop.run_until_complete(ada.run([code]))
    moved = set()
    for turn in range(3):
        assert loop.run_until_complete(ada.play(4, 0, turn)) == (4, 0, 0) and len(ada.times) == 4
        assert all(size > 1000 for size in ada.bytes)
        moved.add(ada.control)
    assert len(moved) == 2  # of two figures, in turn
