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


c.Spawner.default_url = "/lab/tree/ngdm-notebooks/notebooks/03_lasso.ipynb"
c.Spawner.environment = {
    # as many threads as cores, for each of 40 students, get in each other's way
    "OMP_NUM_THREADS": "1",
    # the kernel's threads share one heap: 40 MB less a kernel
    "MALLOC_ARENA_MAX": "1",
    "JUPYTER_RUNTIME_DIR": runtime_dir,
}
c.Spawner.args = [
    # kernels listen on sockets in that folder; on TCP every account of the machine may read what they print
    "--KernelManager.transport=ipc",
]
