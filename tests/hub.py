"""A JupyterHub for a class, for the test and the benchmark: real accounts, ended and removed afterwards.

    with hub.running(["ada", "emmy"]) as class_:
        token = class_.tokens["ada"]

It needs root, for every student is an account of the system with a home of its own, and the jupyterhub package with
configurable-http-proxy (npm). It reads the configuration that is shipped, `CONFIG`.
"""

import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import psutil

from tests import lab

CONFIG = lab.ROOT / "deploy/tljh/jupyterhub_config.d/ngdm.py"
PREFIX = "ngdm-class-"  # of the accounts, so that none of somebody else's is touched
_TOOLS = ("configurable-http-proxy", "useradd", "userdel")


def missing():
    """Why no hub can be started here; an empty string if it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "needs root: every student is an account of the system"
    if importlib.util.find_spec("jupyterhub") is None:
        return "jupyterhub is not installed: pip install jupyterhub"
    for path in (lab.ROOT / "tests", pathlib.Path(os.path.realpath(sys.executable))):
        if closed := [folder for folder in path.parents if not folder.stat().st_mode & 0o001]:
            return f"other accounts cannot reach {path}: {closed[0]} is closed to them"
    lacking = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"{', '.join(lacking)} not on the PATH (npm install -g configurable-http-proxy)" if lacking else ""


@dataclasses.dataclass(frozen=True)
class Class:
    """A running hub: its address, its students' names and tokens, their common password, the hub's process."""

    url: str
    tokens: dict[str, str]
    password: str
    process: subprocess.Popen
    admin: str

    def ask(self, path, token, data=None, method=None):
        """(status, answer) of a request to the hub or to a student's server; ``token`` says who asks."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=lab.PATIENCE) as answer:
                text = answer.read()
                is_json = "json" in answer.headers.get("Content-Type", "")
                return answer.status, json.loads(text) if text and is_json else text
        except urllib.error.HTTPError as error:
            return error.code, None

    def processes(self, *names):
        """{"server" or "kernel": [processes]} of these students, by the accounts that they run under."""
        found, uids = {"server": [], "kernel": []}, {pwd.getpwnam(name).pw_uid for name in names}
        for process in psutil.process_iter(["uids", "cmdline"]):
            owner, line = process.info["uids"], " ".join(process.info["cmdline"] or [])
            if owner is not None and owner.real in uids:
                kind = "kernel" if "ipykernel_launcher" in line else "server" if "jupyterhub.singleuser" in line else ""
                if kind:
                    found[kind].append(process)
        return found


def home(name):
    return pathlib.Path(pwd.getpwnam(name).pw_dir)


def give(name, path, text):
    """Write a file into a student's home, as the student's."""
    account, path = pwd.getpwnam(name), home(name) / path
    path.write_text(text, encoding="utf-8")
    os.chown(path, account.pw_uid, account.pw_gid)
    return path


def _config(here, class_, names):
    """A `jupyterhub_config.py` for a machine without systemd; what is shipped is loaded last."""
    proxy, own = lab._free_port(), lab._free_port()
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment["PYTHONPATH"] = lab.kernel_environment()["PYTHONPATH"]
    lines = {
        "JupyterHub.bind_url": class_.url,
        "JupyterHub.hub_port": own,
        "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{proxy}",
        "JupyterHub.db_url": f"sqlite:///{here}/hub.sqlite",
        "JupyterHub.cookie_secret_file": f"{here}/cookie_secret",
        "ConfigurableHTTPProxy.pid_file": f"{here}/proxy.pid",
        "JupyterHub.authenticator_class": "shared-password",
        "SharedPasswordAuthenticator.user_password": class_.password,
        "Authenticator.allowed_users": set(names),
        "Spawner.cmd": [sys.executable, "-m", "jupyterhub.singleuser"],
        "JupyterHub.services": [{"name": "class", "api_token": class_.admin}],
        "JupyterHub.load_roles": [
            {"name": "class", "services": ["class"], "scopes": ["admin:users", "tokens", "admin:servers"]}
        ],
    }
    text = "".join(f"c.{key} = {value!r}\n" for key, value in lines.items())
    shown = "c.Spawner.args += ['--LabApp.expose_app_in_browser=True']\n"  # the page has window.jupyterapp
    return f"{text}load_subconfig({str(CONFIG)!r})\nc.Spawner.environment |= {environment!r}\n{shown}"


@contextlib.contextmanager
def running(names, log=None):
    """Make an account for each of ``names``, start JupyterHub and give each a token of their own; yields a `Class`.

    log: where to keep what the hub and all servers printed.
    """
    with contextlib.ExitStack() as stack:
        # whoever is asked to end (timeout does) removes the accounts first
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)))
        # not a TemporaryDirectory: homes lie in it, which every account has to reach
        here = pathlib.Path(tempfile.mkdtemp(prefix="hub-"))
        stack.callback(shutil.rmtree, here, ignore_errors=True)
        here.chmod(0o711)
        for name in names:
            _account(name, here, stack)
        class_ = Class(f"http://127.0.0.1:{lab._free_port()}", {}, secrets.token_hex(8), None, secrets.token_hex(16))
        config = here / "jupyterhub_config.py"
        config.touch(mode=0o600)
        config.write_text(_config(here, class_, names))
        command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        output = stack.enter_context(open(log or here / "log", "wb"))
        os.chmod(output.name, 0o600)
        process = subprocess.Popen(command, cwd=here, stdout=output, stderr=output, start_new_session=True)
        stack.callback(_end, process, names)
        class_ = dataclasses.replace(class_, process=process)
        lab._wait(lambda: process.poll() is not None or _answers(class_), "JupyterHub to answer")
        if process.poll() is not None:
            text = pathlib.Path(output.name).read_text()
            raise RuntimeError(f"JupyterHub ended with status {process.returncode}:\n{text}")
        for name in names:
            class_.ask(f"hub/api/users/{name}", class_.admin, {}, "POST")
            _, made = class_.ask(f"hub/api/users/{name}/tokens", class_.admin, {}, "POST")
            class_.tokens[name] = made["token"]
        yield class_


def _answers(class_):
    with contextlib.suppress(OSError):
        return class_.ask("hub/api/", class_.admin)[0] == 200
    return False


def _account(name, here, stack):
    if not name.startswith(PREFIX):
        raise ValueError(f"names must begin with {PREFIX!r}, got {name!r}")
    subprocess.run(
        ["useradd", "--create-home", "--home-dir", here / name, "--user-group", "--shell", "/bin/bash", name],
        check=True,
        capture_output=True,
    )
    stack.callback(subprocess.run, ["userdel", "--force", name], capture_output=True)
    home(name).chmod(0o700)


def _end(process, names):
    """End the hub, which ends its servers and they their kernels; then for certain whatever these accounts run."""
    lab._end(process, 60)
    uids = {pwd.getpwnam(name).pw_uid for name in names}
    for left in [p for p in psutil.process_iter(["uids"]) if p.info["uids"] and p.info["uids"].real in uids]:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()
            left.wait(10)
