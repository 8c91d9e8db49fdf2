// Python in a worker of the page: loads Pyodide and the bundle, then answers {call, given} with {text, buffers}.
// Answers come in the order of the questions: Python does one thing at a time.
import {loadPyodide} from "./pyodide.mjs";

const here = name => new URL(name, import.meta.url).href;

const ready = (async () => {
  const bundle = fetch(here("bundle.zip")).then(answer => answer.arrayBuffer());
  const python = await loadPyodide({indexURL: here("."), stdLibURL: here("stdlib.zip"), packages: []});
  postMessage({news: "Python is unpacked"});
  python.unpackArchive(await bundle, "zip", {extractDir: python.runPython("import site; site.getsitepackages()[0]")});
  const kernel = python.pyimport("ngdm_helpers.course.site.kernel");
  kernel.install();
  python.runPython("from ngdm_helpers.course import explorers");
  const files = [import.meta.url, ...performance.getEntriesByType("resource").map(entry => entry.name)];
  postMessage({news: "ready", files});
  return {python, kernel};
})();
ready.catch(error => postMessage({failed: error.message}));

onmessage = async ({data: {call, given}}) => {
  const {python, kernel} = await ready;
  try {
    const answer = kernel[call](...given.map(one => python.toPy(one)));
    const [text, buffers] = call === "make" ? ["[]", []] : answer.toJs();
    answer.destroy();
    postMessage({text, buffers}, buffers.map(one => one.buffer));
  } catch (error) {
    postMessage({failed: error.message});
  }
};
