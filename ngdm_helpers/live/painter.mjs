// The page's half of `live`: paints a draw list (see drawlist.py) over a background, on a canvas.
//
// An anywidget module without imports. Nothing is fetched: text comes as outlines, so there is no font to load either.

const MOVE = 1, LINE = 2, QUADRATIC = 3, CUBIC = 4, CLOSE = 79;  // matplotlib's codes
const CAPS = {butt: "butt", projecting: "square", round: "round"};
// Agg cuts a corner that is longer than this, in line widths.
const MITER_LIMIT = 4;

/**
 * Paint `frame` over `ground`, an image or canvas of the whole figure. `width`: of the figure in its own pixels.
 * `step`: of the runs in it, the last that is shown; null for the whole picture, as it is at their last step.
 */
export function paint(context, ground, frame, width, step = null) {
  const scale = ground.width / width;
  const numbers = floats(frame.numbers);
  context.drawImage(ground, 0, 0);
  context.save();
  context.scale(scale, scale);
  context.miterLimit = MITER_LIMIT;
  // Enlarged by a whole number, the cells of a field keep their edges.
  context.imageSmoothingEnabled = !Number.isInteger(scale);
  const runs = step === null || step >= frame.play?.last ? [] : frame.play?.lines ?? [];
  for (const [at, [kind, ...op]] of JSON.parse(frame.ops).entries()) {
    const run = runs.find(({ops: [first, end]}) => first <= at && at < end);
    context.save();
    clip(context, numbers, op.pop());
    if (run) {
      unfold(context, numbers, run, step, kind, op);
    } else if (kind === "image") {
      const [index, columns, rows, left, top] = op;
      context.drawImage(picture(frame.images[index], columns, rows), left, top);
    } else {
      const [fill, pen] = [op.pop(), op.pop()];
      const shape = trace(numbers, op[0]);
      if (fill) context.fillStyle = fill;
      if (pen) take(context, pen);
      if (kind === "path") {
        draw(context, shape, pen, fill);
      } else {
        const [start, count] = op[1];
        for (let at = start; at < start + 2 * count; at += 2) {
          context.translate(numbers[at], numbers[at + 1]);
          draw(context, shape, pen, fill);
          context.translate(-numbers[at], -numbers[at + 1]);
        }
      }
    }
    context.restore();
  }
  // Heads lie over everything: they are what one follows.
  for (const run of runs) head(context, numbers, run, step);
  context.restore();
}

const TAIL = 6;  // steps that stand out behind the head
const OLD = 0.35;  // how much of its colour an older step of a path in the plane keeps

/** The index of the last point of a run that belongs to `step`; below 0 where the run has not begun. */
const point = ({first, every}, step) => (step - first) * every;

/** Point i of a run: [x, y], or null where it has none. */
function place(numbers, {points: [start, count]}, i) {
  const at = start + 2 * i;
  return i >= 0 && i < count && isFinite(numbers[at] + numbers[at + 1]) ? [numbers[at], numbers[at + 1]] : null;
}

/** One op of a run, a line or its markers, up to `step`: older steps pale in a plane, and a tail behind the head. */
function unfold(context, numbers, run, step, kind, op) {
  const [fill, pen] = [op.pop(), op.pop()];
  const end = Math.min(point(run, step), run.points[1] - 1), tail = Math.max(end - TAIL * run.every, 0);
  if (fill) context.fillStyle = fill;
  if (pen) take(context, pen);
  if (kind === "path" && pen) {
    context.globalAlpha = run.plane ? OLD : 1;
    context.stroke(course(numbers, run, 0, run.plane ? tail : end));
    context.setLineDash([]);
    for (let i = tail; run.plane && i < end; i++) {
      const fresh = (i + 1 - tail) / (end - tail);
      context.globalAlpha = OLD + (1 - OLD) * fresh;
      context.lineWidth = Math.max(pen[1], 1) * (1 + fresh);
      context.stroke(course(numbers, run, i, i + 1));
    }
  } else if (kind === "stamp") {
    const shape = trace(numbers, op[0]);
    const places = new Map();  // once each, the newest: a cycle would paint the pale ones ever darker
    for (let i = 0; i <= end; i++) {
      const at = place(numbers, run, i)?.map(number => Math.floor(number + 0.5));
      if (!at) continue;
      places.delete(String(at));
      places.set(String(at), [at, run.plane && i <= tail ? OLD : 1]);
    }
    for (const [[x, y], alpha] of places.values()) {
      context.globalAlpha = alpha;
      context.translate(x, y);
      draw(context, shape, pen, fill);
      context.translate(-x, -y);
    }
  }
}

/** The line through points i to j of a run. */
function course(numbers, run, i, j) {
  const path = new Path2D();
  let drawing = false;
  for (; i <= j; i++) {
    const at = place(numbers, run, i);
    if (at) path[drawing ? "lineTo" : "moveTo"](...at);
    drawing = at !== null;
  }
  return path;
}

/** A dot on the step, and in a plane the way to the next one, an arrow of its true length. */
function head(context, numbers, run, step) {
  const at = point(run, step), here = place(numbers, run, at);
  const next = run.plane && place(numbers, run, at + run.every);
  if (!here) return;
  [context.fillStyle, context.strokeStyle] = [run.color, run.color];
  context.globalAlpha = 1;
  context.setLineDash([]);
  if (next) {
    const [x, y] = place(numbers, run, at + run.every - 1) ?? here;  // where its last segment begins
    const [dx, dy] = [next[0] - x, next[1] - y], length = Math.hypot(dx, dy);
    context.lineWidth = 2;
    context.stroke(course(numbers, run, at, at + run.every));
    if (length > 3) {
      const size = Math.min(9, length / 2), [ux, uy] = [dx / length * size, dy / length * size];
      const [left, top] = [next[0] - ux, next[1] - uy];
      const wings = new Path2D();
      wings.moveTo(...next);
      wings.lineTo(left - uy / 2, top + ux / 2);
      wings.lineTo(left + uy / 2, top - ux / 2);
      context.fill(wings);
    }
  }
  context.beginPath();
  context.arc(...here, 5, 0, 2 * Math.PI);
  context.fill();
  [context.strokeStyle, context.lineWidth] = ["white", 1.5];
  context.stroke();
}

function draw(context, shape, pen, fill) {
  if (fill) context.fill(shape);
  if (pen) context.stroke(shape);
}

function take(context, [colour, width, cap, join, dashes, offset]) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineCap = CAPS[cap];
  context.lineJoin = join;
  context.setLineDash(dashes);
  context.lineDashOffset = offset;
}

function clip(context, numbers, box) {
  if (!box) return;
  const [left, top, width, height, outline] = box;
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  if (outline) context.clip(trace(numbers, outline));
}

/** The outline [first number, points, first code or −1] as a Path2D. */
function trace(numbers, [start, points, codes]) {
  const path = new Path2D();
  const x = point => numbers[start + 2 * point], y = point => numbers[start + 2 * point + 1];
  for (let p = 0; p < points; p++) {
    const code = codes < 0 ? (p ? LINE : MOVE) : numbers[codes + p];
    if (code === MOVE) path.moveTo(x(p), y(p));
    else if (code === LINE) path.lineTo(x(p), y(p));
    else if (code === QUADRATIC) path.quadraticCurveTo(x(p), y(p), x(++p), y(p));
    else if (code === CUBIC) path.bezierCurveTo(x(p), y(p), x(++p), y(p), x(++p), y(p));
    else if (code === CLOSE) path.closePath();
  }
  return path;
}

/** RGBA bytes as what drawImage takes: putImageData would overwrite what lies below. */
function picture(bytes, columns, rows) {
  const sheet = new OffscreenCanvas(columns, rows);
  const pixels = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  sheet.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return sheet;
}

/** A view of the buffer that came, or a copy where it does not start at a multiple of four bytes. */
function floats({buffer, byteOffset, byteLength}) {
  if (byteOffset % 4) return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/**
 * A model whose reader does not wait for Python: where the controls come to stand as they do in a frame that is here,
 * that is the frame, until Python's own has come. Here are the last two, and the one "near" the last that Python has
 * drawn ahead for those who go on.
 */
function foreseeing(model) {
  const slots = new Set(), controls = new Map();
  let [frame, ground] = [model.get("frame"), model.get("ground")], past, near, ahead, stopped = false;
  const tell = () => slots.forEach(slot => slot());
  const place = name => controls.get(name)?.get("index") ?? controls.get(name)?.get("value");
  const fits = one => one?.at && Object.entries(one.at).every(([name, at]) => place(name) === at);
  /** Show the frame that fits, if there is one, or else Python's own if it has just come. */
  const look = fresh => {
    const found = [frame, past, near].find(fits) ?? (fresh && frame), before = ahead;
    if (found) ahead = found === frame ? null : {...found, count: frame.count + 1};
    if (fresh || ahead?.ops !== before?.ops) tell();
  };
  const moved = () => look(false);
  const follow = async ([name, id]) => {
    try {
      const control = await model.widget_manager.get_model(id);
      if (stopped) return;
      controls.set(name, control);
      for (const key of ["index", "value"]) control.on(`change:${key}`, moved);
    } catch {
      // a host that hands over no other models: there, every frame is Python's own
    }
  };
  const come = () => {
    const same = ground === model.get("ground");  // over another background, what was drawn before is another picture
    [past, near] = same ? [frame, near] : [];
    [frame, ground] = [model.get("frame"), model.get("ground")];
    look(true);
  };
  const hint = () => { near = model.get("near"); };
  model.on("change:frame", come);
  model.on("change:near", hint);
  for (const control of Object.entries(model.get("controls") ?? {})) follow(control);
  return {
    widget_manager: model.widget_manager,
    get: key => (key === "frame" ? ahead ?? frame : model.get(key)),
    set: (key, value) => model.set(key, value),
    save_changes: () => model.save_changes(),
    on: (event, slot) => (event === "change:frame" ? slots.add(slot) : model.on(event, slot)),
    off: (event, slot) => (event === "change:frame" ? slots.delete(slot) : model.off(event, slot)),
    /** Python's own frame is on the page: where a step has led to it, Python may look ahead. */
    painted: () => {
      if (ahead || !frame.onward || model.get("painted") === frame.count) return;
      model.set("painted", frame.count);
      model.save_changes();
    },
    stop: () => {
      stopped = true;
      model.off("change:frame", come);
      model.off("change:near", hint);
      for (const control of controls.values()) for (const key of ["index", "value"]) control.off(`change:${key}`, moved);
    },
  };
}

/** Whether two frames look alike. */
function alike(one, other) {
  const [left, right] = [one, other].map(frame => [frame.numbers, ...frame.images].map(({buffer, byteOffset, byteLength}) =>
    new Uint8Array(buffer, byteOffset, byteLength)));
  return one.ops === other.ops && left.length === right.length
    && left.every((bytes, k) => bytes.length === right[k].length && bytes.every((byte, at) => byte === right[k][at]));
}

function render({model: given, el}) {
  const model = foreseeing(given);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("alt"));
  canvas.className = "live-canvas";
  // As wide as the figure, narrower where the page is, and no higher than leaves room for the controls of a zoomed one
  // (within a frame, which may be as high as what it holds, the window's height tells nothing). The figure's ground is
  // white in any theme.
  const stage = document.createElement("div");
  const high = `calc(var(--live-high, max(200px, 50vh)) * ${model.get("width") / model.get("height")})`;
  const maxWidth = window === window.top ? `min(100%, ${high})` : "100%";
  Object.assign(stage.style, {position: "relative", width: `${model.get("width")}px`, maxWidth});
  Object.assign(canvas.style, {width: "100%", display: "block"});
  stage.append(canvas);
  const lost = document.createElement("p");
  lost.setAttribute("role", "status");
  lost.style.cssText = "margin: 0; font-weight: bold";
  el.append(stage, lost);
  const player = play(model);
  const teller = announce(model);
  el.append(player.bar, teller.region);

  let shown, ground, last;
  const repaint = async () => {
    const [bytes, frame] = [model.get("ground"), model.get("frame")];
    if (!bytes.byteLength) return;
    if (shown !== bytes) {
      ground = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
      shown = bytes;
    }
    if (canvas.width !== ground.width || canvas.height !== ground.height) {
      [canvas.width, canvas.height] = [ground.width, ground.height];
    }
    const step = model.get("step");
    const foreseen = last?.bytes === bytes && last.step === step && alike(last.frame, frame);
    if (!foreseen) paint(context, ground, frame, model.get("width"), step);
    last = {bytes, step, frame};
    canvas.dataset.frame = frame.count;
    canvas.dataset.step = step ?? "";
  };

  // One picture at a time, right before the screen's next frame: of what came by then, the newest. Until then the page
  // is free, and the slider's next message is already on its way.
  let wanted = false, busy = false;
  const ask = async () => {
    wanted = true;
    if (busy) return;
    busy = true;
    try {
      while (wanted) {
        await new Promise(requestAnimationFrame);
        wanted = false;
        await repaint();
      }
      model.painted();
    } finally {
      busy = false;
    }
  };
  const news = ["change:ground", "change:frame", "change:step"];
  for (const event of news) model.on(event, ask);

  const stopHands = hands(model, stage);
  const stopRatio = followRatio(model);
  const stopKernel = followKernel(model, words => { lost.textContent = words; });
  ask();
  return () => {
    for (const event of news) model.off(event, ask);
    model.stop();
    player.stop();
    teller.stop();
    stopHands();
    stopRatio();
    stopKernel();
  };
}

// Milliseconds without a new picture, after which a move has come to rest: a hand that drags past a goal has not found it.
const REST = 600;

/** Once a move has come to rest, say those titles that it has changed, and tell Python, which knows the goals. */
function announce(model) {
  const region = document.createElement("div");
  region.className = "live-said";
  region.setAttribute("aria-live", "polite");
  const titles = () => model.get("frame").titles ?? [];
  let said = titles(), timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const news = titles().filter((title, k) => title !== said[k]).join("; ");
      if (news) region.textContent = news;
      said = titles();
      if (!model.get("frame").goals) return;
      model.set("rested", model.get("rested") + 1);
      model.save_changes();
    }, REST);
  };
  model.on("change:frame", wait);
  return {
    region,
    stop: () => {
      clearTimeout(timer);
      model.off("change:frame", wait);
    },
  };
}

const REACH = 15;  // CSS pixels around the point, within which it is taken where it is; elsewhere it comes to the hand
// A ring with arrows, 30 pixels wide, and a line to be dragged across; on any ground, and unlike any marker of a figure.
const VIOLET = "#8e3b73";
const RING = `url('data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30">
  <g fill="${VIOLET}" stroke="white" stroke-width="3" paint-order="stroke">
    <path d="M15 9a6 6 0 1 0 .01 0z" fill="none" stroke-width="4.5"/>
    <path d="M15 9a6 6 0 1 0 .01 0z" fill="none" stroke="${VIOLET}" stroke-width="2"/>
    <path d="M15 1l4 4h-8z M15 29l4 -4h-8z M1 15l4 4v-8z M29 15l-4 4v-8z"/>
  </g></svg>`)}')`;
const line = angle => `linear-gradient(${angle}deg, transparent 46%, ${VIOLET} 46% 54%, transparent 54%)`;

/** Let hands move the points of a frame's "hands": areas over the picture, each with a ring or a line to drag. */
function hands(model, stage) {
  const planes = [];
  const make = () => {
    const number = planes.length, plane = document.createElement("div"), ring = document.createElement("div");
    // A finger here moves the point; anywhere else on the picture it scrolls.
    plane.style.cssText = "position: absolute; touch-action: none; cursor: crosshair";
    ring.className = "live-ring";
    ring.style.cssText = "position: absolute; touch-action: none; cursor: grab; box-sizing: border-box";
    plane.append(ring);
    stage.append(plane);
    const mine = () => model.get("frame").hands[number];
    let grip = null;  // how far the hand is from the point that it holds, in pixels; null: no hand
    const fresh = () => {
      plane.hidden = !mine();
      if (!mine()) return;
      const [left, top, width, height] = mine().box.map(share => `${100 * share}%`);
      Object.assign(plane.style, {left, top, width, height});
      ring.title = `drag: ${mine().sets.join(", ")}`;
      const [x, y] = mine().at;
      const span = share => (share === null ? ["0", "100%"] : [`calc(${100 * share}% - ${REACH}px)`, `${2 * REACH}px`]);
      [ring.style.left, ring.style.width] = span(x);
      [ring.style.top, ring.style.height] = span(y);
      ring.style.background = x === null ? line(0) : y === null ? line(90) : RING;
    };
    const move = event => {
      const {left, top, width, height} = plane.getBoundingClientRect();
      const share = (place, size) => Math.min(1, Math.max(0, place / size));
      const to = [share(event.clientX - left - grip[0], width), share(event.clientY - top - grip[1], height)];
      model.set("hand", [number, ...to]);
      model.save_changes();
    };
    plane.onpointerdown = event => {
      if (grip || event.button !== 0) return;
      event.preventDefault();  // no text is selected, and JupyterLab does not take it for a press of its own
      const {left, top, width, height} = plane.getBoundingClientRect();
      const off = [event.clientX - left, event.clientY - top].map((place, axis) =>
        mine().at[axis] === null ? 0 : place - mine().at[axis] * [width, height][axis]);
      grip = off.some(one => Math.abs(one) > REACH) ? [0, 0] : off;
      plane.setPointerCapture(event.pointerId);
      plane.onpointermove = move;
      move(event);
    };
    plane.onpointerup = plane.onpointercancel = () => {
      [grip, plane.onpointermove] = [null, null];
    };
    planes.push(fresh);
  };
  const fresh = () => {
    while (planes.length < (model.get("frame").hands?.length ?? 0)) make();
    for (const one of planes) one();
  };
  model.on("change:frame", fresh);
  fresh();
  return () => model.off("change:frame", fresh);
}

// Drawn, not written: few fonts have these signs.
const SIGNS = {
  "Restart": "M2 2h2v12h-2z M14 2v12l-9-6z", "Step back": "M13 2v12l-9-6z", "Play": "M3 2v12l11-6z",
  "Pause": "M3 2h4v12h-4z M9 2h4v12h-4z", "Step forward": "M2 2v12l8-6z M11 2h3v12h-3z",
};
const SPEEDS = [1, 3, 10, 30, 100, 300, 1000];  // steps a second
const CALM = 2;  // and at most so many where the reader has asked for less motion

/** The bar that plays the runs of a frame, in the page alone: {bar, stop}. It is hidden where there are none. */
function play(model) {
  const make = (kind, properties, ...children) => {
    const element = Object.assign(document.createElement(kind), properties);
    element.append(...children);
    return element;
  };
  const label = (button, name) => {
    button.innerHTML = `<svg width="16" height="16" aria-hidden="true"><path d="${SIGNS[name]}" fill="currentColor"/></svg>`;
    button.title = name;
    button.setAttribute("aria-label", name);
  };
  const [restart, back, go, forth] = ["Restart", "Step back", "Play", "Step forward"].map(name => {
    const button = make("button", {type: "button"});
    button.style.cssText = "min-width: 36px; min-height: 30px; line-height: 0";
    label(button, name);
    return button;
  });
  const said = make("output", {});
  const at = make("input", {type: "range", min: 0, step: 1}), pace = make("select", {});
  at.setAttribute("aria-label", "step");
  at.style.cssText = "width: 16em; min-height: 30px";
  pace.setAttribute("aria-label", "speed");
  pace.style.minHeight = "30px";
  for (const speed of SPEEDS) pace.append(make("option", {value: speed}, `${speed} steps/s`));
  const ear = listen(() => {
    const [start, count] = runs()?.sound ?? [0, 0];
    return floats(model.get("frame").numbers).subarray(start, start + count);
  });
  const bar = make("div", {className: "live-play"}, restart, back, go, forth, pace, at, said, ear.box);
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "steps");
  bar.style.cssText = "display: flex; flex-wrap: wrap; gap: 4px; align-items: center; margin: 2px 0";
  // JupyterLab has shortcuts of its own for the space bar, the arrows and Enter, and asks the focused element alone.
  for (const part of bar.querySelectorAll("button, input, select")) part.dataset.lmSuppressShortcuts = "true";

  const runs = () => model.get("frame").play, last = () => runs()?.last ?? 0;
  const now = () => Math.min(model.get("step") ?? last(), last());
  const set = step => {
    model.set("step", Math.max(0, Math.min(step, last())));
  };
  const read = () => {
    bar.style.display = runs()?.lines.length ? "flex" : "none";
    at.max = last();
    at.value = now();
    at.setAttribute("aria-valuetext", `step ${now()} of ${last()}`);
    const numbers = floats(model.get("frame").numbers);
    const values = Object.entries(runs()?.readings ?? {}).flatMap(([name, [start, count, first]]) => {
      const k = now() - first;
      return k >= 0 && k < count ? [`${name} = ${readable(numbers[start + k])}`] : [];
    });
    said.textContent = `step ${now()}${values.length ? ": " : ""}${values.join(", ")}`;
  };
  const choose = () => {  // a whole run within a minute, unless the reader has chosen
    if (pace.dataset.chosen) return;
    pace.value = SPEEDS.find(speed => speed * 60 >= last()) ?? SPEEDS.at(-1);
  };

  let clock = null;
  const halt = () => {
    cancelAnimationFrame(clock);
    clock = null;
    label(go, "Play");
    said.ariaLive = "polite";
  };
  const start = () => {
    if (now() >= last()) set(0);
    label(go, "Pause");
    said.ariaLive = "off";  // no one can listen to thirty steps a second
    let begin, from;
    const tick = time => {
      const speed = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM : Number(pace.value);
      if (begin === undefined || from.speed !== speed) [begin, from] = [time, {step: now(), speed}];
      const step = from.step + Math.floor((time - begin) / 1000 * speed);
      if (step !== now()) set(step);
      if (now() >= last()) halt();
      else clock = requestAnimationFrame(tick);
    };
    clock = requestAnimationFrame(tick);
  };
  const stepTo = step => {
    halt();
    set(step);
  };
  restart.onclick = () => stepTo(0);
  back.onclick = () => stepTo(now() - 1);
  forth.onclick = () => stepTo(now() + 1);
  go.onclick = () => (clock === null ? start() : halt());
  at.oninput = () => stepTo(Number(at.value));
  pace.onchange = () => { pace.dataset.chosen = "yes"; };
  bar.onkeydown = event => {
    const keys = {ArrowLeft: back, ArrowRight: forth, " ": go};
    // A slider has its own arrows and a button its own space bar.
    if (!(event.key in keys) || event.target === pace || (event.target === at && event.key !== " ")) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return;
    event.preventDefault();
    keys[event.key].click();
  };
  const fresh = () => {
    choose();
    read();
    ear.fresh();
  };
  model.on("change:frame", fresh);
  model.on("change:step", read);
  fresh();
  return {
    bar,
    stop: () => {
      halt();
      ear.stop();
      model.off("change:frame", fresh);
      model.off("change:step", read);
    },
  };
}

const NOTE = 880;  // steps a second that are heard: what alternates hums at 440 Hz, a cycle of q steps at 880/q
const WAVE = {width: 160, height: 30};

/** Make heights audible, when asked: {box, fresh, stop}. `heights()`: what there is to hear now, none for silence. */
function listen(heights) {
  const button = Object.assign(document.createElement("button"), {type: "button", textContent: "Sound"});
  button.style.minHeight = "30px";
  button.title = `the iterates as samples, ${NOTE} steps a second`;
  button.setAttribute("aria-pressed", "false");
  const wave = Object.assign(document.createElement("canvas"), WAVE);
  wave.setAttribute("role", "img");
  wave.setAttribute("aria-label", "the wave of the sound: the last steps");
  const box = document.createElement("span");
  box.style.cssText = "display: inline-flex; gap: 4px; align-items: center";
  box.append(button, wave);
  let audio, source;

  const silence = () => {
    source?.stop();
    source = undefined;
  };
  const hum = () => {
    silence();
    const samples = heights();
    if (!audio || !samples.length) return;
    const hold = Math.round(audio.sampleRate / NOTE);
    // Once from the start, then the end of the run again and again: a whole number of cycles of any period up to 8.
    const loop = Math.min(samples.length, 840);
    const buffer = audio.createBuffer(1, samples.length * hold, audio.sampleRate);
    const data = buffer.getChannelData(0);
    for (let i = 0; i < data.length; i++) {
      const height = samples[Math.floor(i / hold)];
      data[i] = isFinite(height) ? Math.max(-1, Math.min(1, height)) : 0;
    }
    source = new AudioBufferSourceNode(audio, {
      buffer, loop: true, loopStart: (samples.length - loop) * hold / audio.sampleRate, loopEnd: buffer.duration,
    });
    // A height that stays is no sound: the filter lets through what moves.
    const moving = new BiquadFilterNode(audio, {type: "highpass", frequency: 30});
    source.connect(moving).connect(new GainNode(audio, {gain: 0.3})).connect(audio.destination);
    source.start();
  };
  const draw = () => {
    const samples = heights().slice(-48), context = wave.getContext("2d");
    const {width, height} = WAVE, largest = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 1e-12);
    context.clearRect(0, 0, width, height);
    context.strokeStyle = getComputedStyle(box).color;
    context.beginPath();
    samples.forEach((sample, k) => {  // held, as it is heard
      const [left, step] = [k * width / samples.length, width / samples.length];
      const y = height / 2 - sample / largest * (height / 2 - 2);
      context.lineTo(left, y);
      context.lineTo(left + step, y);
    });
    context.stroke();
  };
  const fresh = () => {
    box.style.display = heights().length ? "inline-flex" : "none";
    draw();
    if (audio) hum();
  };
  button.onclick = () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (on) {
      audio = new AudioContext();
      hum();
    } else {
      silence();
      audio?.close();
      audio = undefined;
    }
  };
  return {box, fresh, stop: () => { silence(); audio?.close(); }};
}

/** A number with three digits that count: 0.0106, 2.5e-7. */
function readable(number) {
  const size = Math.abs(number);
  if (number === 0 || (size >= 1e-3 && size < 1e5)) return String(Number(number.toPrecision(3)));
  return number.toExponential(1);
}

/** Ask for a background as fine as the screen, now and whenever the page is enlarged. */
function followRatio(model) {
  let query;
  const tell = () => {
    query?.removeEventListener("change", tell);
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", tell);
    if (devicePixelRatio !== model.get("ratio")) {
      model.set("ratio", devicePixelRatio);
      model.save_changes();
    }
  };
  tell();
  return () => query.removeEventListener("change", tell);
}

const GONE = "Python has stopped: nothing moves until this cell is run again.";
const AWAY = "No connection to Python: nothing moves until it is back.";

/** Call `say` with words when the kernel is lost, and with "" when it is back. Pages without a kernel say nothing. */
function followKernel(model, say) {
  const kernel = model.widget_manager?.kernel;
  let gone = false;
  const end = () => {
    gone = true;
    say(GONE);
  };
  // A kernel that starts anew has forgotten the figure.
  const status = (_, state) => {
    if (["restarting", "autorestarting", "terminating", "dead"].includes(state)) end();
  };
  const connection = (_, state) => {
    if (!gone) say(state === "connected" ? "" : AWAY);
  };
  const signals = [[kernel?.statusChanged, status], [kernel?.connectionStatusChanged, connection], [kernel?.disposed, end]];
  for (const [signal, slot] of signals) signal?.connect(slot);
  model.on("comm:close", end);
  return () => {
    for (const [signal, slot] of signals) signal?.disconnect(slot);
    model.off("comm:close", end);
  };
}

export default {render};
