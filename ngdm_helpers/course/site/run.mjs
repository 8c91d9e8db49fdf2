// Runs a Python script in Pyodide under Node: node run.mjs RELEASE STAGE OUT SCRIPT [ARGUMENT …]
//
// RELEASE: Pyodide and the wheels of its lock file. STAGE: pure Python packages, put beside them. OUT: a folder that the
// script sees as /out, its first argument.
import fs from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const [release, stage, out, script, ...names] = process.argv.slice(2).map((one, k) => (k < 4 ? path.resolve(one) : one));
const {loadPyodide} = await import(pathToFileURL(path.join(release, "pyodide.mjs")));
const python = await loadPyodide({indexURL: release + path.sep});
await python.loadPackage(["numpy", "matplotlib", "pillow"], {messageCallback() {}});
for (const [inside, outside] of [["/stage", stage], ["/out", out]]) {
  python.FS.mkdirTree(inside);
  python.mountNodeFS(inside, outside);
}
python.globals.set("arguments", python.toPy(["/out", ...names]));
python.globals.set("script", fs.readFileSync(script, "utf8"));
try {
  await python.runPythonAsync(`
import shutil, sys, sysconfig
shutil.copytree("/stage", sysconfig.get_paths()["purelib"], dirs_exist_ok=True)
sys.argv = ["script", *arguments]
from ngdm_helpers.course.site import kernel
kernel.install()
exec(compile(script, "script", "exec"), {"__name__": "__main__"})
`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
process.exit(0);  // Pyodide would keep Node waiting
