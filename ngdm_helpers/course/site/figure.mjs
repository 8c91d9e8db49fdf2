// The figures of a static page: painted and played from what was stored when the site was built, until Python has come.
//
// A figure is a set of models, as in Jupyter, of which painter.mjs and goals.mjs show theirs unchanged; controls, marks
// and words are plain HTML. A control that moves asks for a state: what is stored is shown at once, all else is
// Python's, in a worker that all figures of the page share. One question is under way at a time, the newest value wins.

import goals from "./goals.mjs";
import painter from "./painter.mjs";
import votes from "./votes.mjs";

const VIEWS = {Canvas: painter, Goals: goals};
const NEAR = "1000px";  // so far below the screen a figure begins to wait for Python
const PATIENCE = 20_000;  // ms without an answer, after which the reader is asked

const make = (kind, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(...children);
  return element;
};

// --- Python

const figures = [];
let worker = null, news = "Python is loading", question = null;

function start() {
  worker?.terminate();
  [worker, question] = [new Worker(new URL("./worker.mjs", import.meta.url), {type: "module"}), null];
  say("Python is loading");
  worker.onmessage = ({data}) => {
    if (data.failed && !question) return fail(data.failed);
    if (data.news) {
      say(data.news === "ready" ? "" : data.news);
      if (!news) keep(data.files);
      return next();
    }
    const {figure, clock} = question;
    clearTimeout(clock);
    question = null;
    figure.answer(data);
    figure.tell();
    next();
  };
  worker.onerror = event => fail(event.message);
  for (const figure of figures) figure.lost();
}

/** Have the service worker keep what this page needs, for a visit without a network. */
async function keep(files) {
  const loaded = performance.getEntriesByType("resource").map(entry => entry.name);
  await navigator.serviceWorker?.register(new URL("../sw.js", import.meta.url));
  const {active} = await navigator.serviceWorker?.ready ?? {};
  active?.postMessage([location.href.split("#")[0], ...loaded.filter(url => url.startsWith(location.origin)), ...files]);
}

function say(words) {
  news = words;
  for (const figure of figures) figure.tell();
}

function fail(reason) {
  worker.terminate();
  question = null;
  say(`Python has stopped (${reason || "no reason given"}). What is stored still moves.`);
  for (const figure of figures) figure.offer();
}

/** Ask Python the next question that a figure has: what its reader does first, then figures to be made. */
function next() {
  if (news || question) return;
  const [first] = figures.filter(figure => figure.rank() > 0).sort((one, other) => other.rank() - one.rank());
  if (!first) return;
  const [call, ...given] = first.question();
  question = {figure: first};
  question.clock = setTimeout(() => first.offer("Python has not answered for a while."), PATIENCE);
  worker.postMessage({call, given});
  first.tell();
}

// --- data

/** What `store.py` wrote: the head with its buffers, views of one array. */
async function load(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  const bytes = await new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  let at = 4 + length;
  const buffers = head.sizes.map(size => new Uint8Array(bytes, (at += size) - size, size));
  return {...head, buffers};
}

/** Put `buffers` where the messages [id, state, paths] have them: {id: state}. Messages stay as they are. */
function unpacked(messages, buffers) {
  let used = 0;
  return Object.fromEntries(messages.map(([id, state, paths]) => {
    const filled = paths.length ? structuredClone(state) : state;
    for (const path of paths) {
      let inner = filled;
      for (const key of path.slice(0, -1)) inner = inner[key];
      inner[path.at(-1)] = buffers[used++];
    }
    return [id, filled];
  }));
}

/** A model as Jupyter's front-ends hand it to a widget's module; `send` gets what is saved. */
function model(state, send = () => {}, manager) {
  const heard = {}, changed = new Set();
  const fire = name => heard[`change:${name}`]?.forEach(slot => slot());
  return {
    get: name => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      changed.add(name);
      fire(name);
    },
    save_changes: () => {
      send(Object.fromEntries([...changed].map(name => [name, state[name]])));
      changed.clear();
    },
    widget_manager: manager,
    on: (event, slot) => (heard[event] ??= new Set()).add(slot),
    off: (event, slot) => heard[event]?.delete(slot),
    take: fresh => {  // all of it before anyone hears of it
      Object.assign(state, fresh);
      Object.keys(fresh).forEach(fire);
    },
  };
}

// --- a figure

async function open(box) {
  const name = box.dataset.explorer, folder = new URL(`./play/${name}/`, import.meta.url);
  const stored = await load(new URL("opening.bin", folder));
  const {controls, marks, boxes} = stored, known = new Map([[stored.states, stored.buffers]]);
  const models = new Map(Object.entries(unpacked(stored.opening[0], stored.opening[1].map(k => stored.buffers[k])))
    .map(([id, state]) => [id, model(state, change => saved(id, change), {get_model: async one => models.get(one)})]));
  const get = (id, key) => models.get(id).get(key);
  const place = id => get(id, "index") ?? get(id, "value");
  const places = () => Object.fromEntries(Object.entries(controls).map(([key, id]) => [key, place(id)]));
  const words = id => `${get(id, "description")} = ${get(id, "_options_labels")?.[place(id)] ?? place(id)}`;
  const opening = places();

  // What Python has to do before it follows every move, then the moves. wish: the setting for which the reader waits.
  const restore = () => ["restore", name, places()];
  const takeOver = [() => ["make", name, devicePixelRatio, boxes], restore];
  let steps = [...takeOver], actions = [], wish = null, broken = "";

  const apply = states => {
    for (const [id, state] of Object.entries(states)) {
      const waits = actions.some(action => action.id === id && Object.keys(action.state ?? {}).some(key => key in state));
      if (!waits) models.get(id)?.take(state);  // the hand is ahead of the answer
    }
  };
  /** Show the state at which the controls stand, if it is stored. */
  const recall = () => {
    const key = Object.values(places()).join();
    const [states, buffers] = [...known].find(([states]) => key in states) ?? [];
    if (states) apply(unpacked(states[key][0], states[key][1].map(k => buffers[k])));
    return Boolean(states);
  };
  /** The controls have moved while Python is not there: it will begin where they then stand. */
  const settle = () => {
    wish = recall() ? null : Object.values(controls).map(words).join(", ");
    figure.tell();
    next();
  };
  const act = (id, state, content) => {
    const last = actions.at(-1);
    if (last?.id === id && last.state && state) last.state = {...last.state, ...state};
    else actions.push({id, state, content});
    next();
  };
  function saved(id, change) {
    if (!steps.length) act(id, change);
    else if (Object.values(controls).includes(id)) settle();
  }
  const go = wanted => {
    for (const [key, at] of Object.entries(wanted)) {
      models.get(controls[key]).take({[get(controls[key], "index") === undefined ? "value" : "index"]: at});
    }
    if (!steps.length) steps = [restore];
    settle();
  };
  const click = id => (steps.length ? go(marks[id]) : act(id, undefined, {event: "click"}));

  const status = make("div", {className: "status"});
  const again = make("button", {type: "button", hidden: true}, "Start Python again");
  status.setAttribute("role", "status");
  again.onclick = start;
  const figure = {
    tell: said => {
      const works = box.querySelector(".live-play")?.offsetParent ? "play and marks work" : "marks work";
      const then = wish ? `; then it draws ${wish}` : `; ${works} already`;
      const waiting = news.startsWith("Python is") ? `${news}${then} …` : news || "Python draws this figure …";
      status.textContent = said ?? (broken || (steps.length ? waiting : ""));
      box.dataset.state = steps.length ? "stored" : actions.length || question?.figure === figure ? "busy" : "live";
    },
    offer: said => {
      figure.tell(said);
      again.hidden = false;
    },
    lost: () => {
      [steps, actions, again.hidden] = [[...takeOver], [], true];
      figure.tell();
    },
    rank: () => (broken ? 0 : steps.length ? (wish ? 2 : 1) : actions.length && 3),
    question: () => {
      if (steps.length) return steps[0]();
      const {id, state, content} = actions.shift();
      return ["receive", id, state, content];
    },
    answer: ({text, buffers, failed}) => {
      if (failed) broken = `Python cannot draw this figure here (${failed.trim().split("\n").at(-1)}).`;
      if (failed) return;
      if (steps.shift() === restore && !steps.length) wish = null;
      again.hidden = true;
      apply(unpacked(JSON.parse(text), buffers));
    },
  };

  const view = id => {
    const kind = get(id, "_model_name"), show = VIEWS[get(id, "_anywidget_id")?.split(".").at(-1)];
    if (show) {
      const el = make("div", {className: kind});
      show.render({model: models.get(id), el});
      return el;
    }
    if (kind === "HTMLModel") {
      const el = make("div", {className: "words"}), read = () => { el.innerHTML = get(id, "value"); };
      models.get(id).on("change:value", read);
      read();
      return el;
    }
    if (kind === "ButtonModel") {
      return make("button", {type: "button", title: get(id, "tooltip") ?? "", onclick: () => click(id)}, get(id, "description"));
    }
    const inner = get(id, "children");
    if (inner) {
      const el = make("div", {className: kind === "VBoxModel" ? "figure" : "row"});
      el.append(...inner.map(one => view(one.replace("IPY_MODEL_", ""))).filter(Boolean));
      return el;
    }
    return get(id, "description") === undefined ? null : control(models.get(id), () => words(id));
  };
  const shown = view(stored.root);
  const share = make("button", {type: "button"}, "Share"), link = make("input", {readOnly: true, hidden: true});
  link.setAttribute("aria-label", "link to this setting");
  share.onclick = async () => {
    const moved = Object.entries(places()).filter(([key, at]) => at !== opening[key]);
    const hash = moved.map(([key]) => `${key}=${encodeURIComponent(words(controls[key]).split(" = ").at(-1))}`).join("&");
    [link.value, link.hidden] = [new URL(`../play/${name}/${hash && "#"}${hash}`, import.meta.url), false];
    link.select();
    if (box.dataset.page) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    await navigator.clipboard?.writeText(link.value).then(() => figure.tell("The link is copied."), () => {});
  };
  box.replaceChildren(status, again, shown, make("div", {className: "row"}, share, link));
  figures.push(figure);

  const visit = () => {  // #eta=0.1&lam=3, by what the controls read, or the nearest number
    const wanted = {};
    for (const [key, text] of new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"))) {
      if (!(key in controls)) continue;
      const labels = get(controls[key], "_options_labels"), number = Number(text);
      const [low, high] = ["min", "max"].map(end => get(controls[key], end));
      if (!labels) wanted[key] = Math.min(high, Math.max(low, Math.round(number) || low));
      else if (labels.includes(text)) wanted[key] = labels.indexOf(text);
      else if (isFinite(number)) wanted[key] = nearest(labels.map(Number), number);
    }
    if (Object.keys(wanted).length) go({...opening, ...wanted});
  };
  if (box.dataset.page) {
    addEventListener("hashchange", visit);
    visit();
  }
  next();
  if (stored.more) {
    const {states, buffers} = await load(new URL("states.bin", folder));
    known.set(states, buffers);
    if (wish && steps.length) settle();
  }
}

const nearest = (numbers, wanted) => numbers.reduce((best, number, k) =>
  (Math.abs(number - wanted) < Math.abs(numbers[best] - wanted) ? k : best), 0);

/** A slider or a list of choices, with the words that it reads. */
function control(model, words) {
  const labels = () => model.get("_options_labels"), list = model.get("_model_name") === "DropdownModel";
  const key = model.get("index") === undefined ? "value" : "index";
  const [low, high, step] = labels() ? [0, labels().length - 1, 1] : ["min", "max", "step"].map(one => model.get(one));
  const input = list ? make("select", {}, ...labels().map((text, at) => make("option", {value: at}, text)))
    : make("input", {type: "range", min: low, max: high, step});
  const reading = make("output", {}), name = model.get("description");
  input.setAttribute("aria-label", name);
  const read = () => {
    input.value = model.get(key);
    if (list) return;
    input.setAttribute("aria-valuetext", words());
    reading.textContent = words().slice(name.length + 3);
  };
  input.oninput = () => {
    model.set(key, Number(input.value));
    model.save_changes();
  };
  for (const one of [key, "_options_labels"]) model.on(`change:${one}`, read);
  read();
  return make("label", {title: model.get("tooltip") ?? ""}, make("span", {}, name), input, ...(list ? [] : [reading]));
}

// --- the page

if (new URLSearchParams(location.search).has("embed")) document.documentElement.classList.add("embed");
for (const box of document.querySelectorAll("[data-vote]")) {
  const state = JSON.parse(box.dataset.vote);
  box.replaceChildren();
  votes.render({model: model(state), el: box});
}
/** Wait until a figure is painted, or for about a second: the start of Python takes all processors that there are. */
async function painted(box) {
  for (let k = 0; k < 60 && !box.querySelector(".live-canvas[data-frame]"); k++) {
    await new Promise(requestAnimationFrame);
  }
}

const shown = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries) {
    if (!isIntersecting) continue;
    shown.unobserve(target);
    open(target).catch(error => {
      target.append(make("p", {className: "status"}, `This figure could not be loaded: ${error.message}`));
    }).then(() => painted(target)).then(() => worker ?? start());
  }
}, {rootMargin: NEAR});
for (const box of document.querySelectorAll("[data-explorer]")) shown.observe(box);
