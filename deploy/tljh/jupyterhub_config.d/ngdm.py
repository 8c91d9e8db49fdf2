"""A class with the notebooks on one machine: for The Littlest JupyterHub, in /opt/tljh/config/jupyterhub_config.d/.

The numbers come from `python -m benchmarks.classroom`, which loads this file into the JupyterHub that it starts.
"""

import pwd

c = get_config()  # noqa: F821 - JupyterHub's


def runtime_dir(spawner):
    """A folder of the student's own with a short path: a socket's path has at most 107 characters."""
    names = {"USERNAME": spawner.user.name, "USERID": spawner.user.id}
    account = getattr(spawner, "username_template", "{USERNAME}").format(**names)
    return f"{pwd.getpwnam(account).pw_dir}/.jupyter-run"


# A server has 135 MB, a kernel 145 with the core of notebook 3 open and 580 once it has trained a network: room for two
# notebooks. The Littlest JupyterHub enforces it (and sets SystemdSpawner's own limit from tljh-config, None, before).
c.Spawner.mem_limit = c.SystemdSpawner.mem_limit = "1.5G"
# Run All of one student leaves a core to the others' sliders
c.Spawner.cpu_limit = c.SystemdSpawner.cpu_limit = 1.0
# a class that arrives at once: 40 servers on 2 cores take a minute or two
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.Spawner.environment = {
    # as many threads as cores, for each of 40 students, get in each other's way
    "OMP_NUM_THREADS": "1",
    # glibc gives freed arrays back; left alone, it raises both thresholds with use, and keeps them
    "MALLOC_MMAP_THRESHOLD_": "2097152",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "JUPYTER_RUNTIME_DIR": runtime_dir,
}
c.Spawner.args = [
    # kernels listen on sockets in that folder; on TCP every account of the machine may read what they print
    "--KernelManager.transport=ipc",
    # sliders are answered some 30 ms sooner: see the module
    "--ServerApp.kernel_websocket_connection_class=ngdm_helpers.course.server.Prompt",
]
