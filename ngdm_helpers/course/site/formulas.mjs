// Typesets formulas under Node: node formulas.mjs KATEX < [[TeX, whether it is displayed], …] > [HTML, …], as JSON.
import fs from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const {default: katex} = await import(pathToFileURL(path.resolve(process.argv[2], "katex.mjs")));
const formulas = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(formulas.map(([tex, displayMode]) => katex.renderToString(tex, {displayMode}))));
