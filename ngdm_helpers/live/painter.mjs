// The page's half of `live`: paints a draw list (see drawlist.py) over a background, on a canvas.
//
// An anywidget module without imports. Nothing is fetched: text comes as outlines, so there is no font to load either.

const MOVE = 1, LINE = 2, QUADRATIC = 3, CUBIC = 4, CLOSE = 79;  // matplotlib's codes
const CAPS = {butt: "butt", projecting: "square", round: "round"};
// Agg cuts a corner that is longer than this, in line widths.
const MITER_LIMIT = 4;

/** Paint `frame` over `ground`, an image or canvas of the whole figure. `width`: of the figure in its own pixels. */
export function paint(context, ground, frame, width) {
  const scale = ground.width / width;
  const numbers = floats(frame.numbers);
  context.drawImage(ground, 0, 0);
  context.save();
  context.scale(scale, scale);
  context.miterLimit = MITER_LIMIT;
  // Enlarged by a whole number, the cells of a field keep their edges.
  context.imageSmoothingEnabled = !Number.isInteger(scale);
  for (const [kind, ...op] of frame.ops) {
    context.save();
    clip(context, numbers, op.pop());
    if (kind === "image") {
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
  context.restore();
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

function render({model, el}) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("alt"));
  canvas.className = "live-canvas";
  // As wide as the figure, narrower where the page is. The figure's ground is white in any theme.
  Object.assign(canvas.style, {width: `${model.get("width")}px`, maxWidth: "100%", display: "block"});
  const lost = document.createElement("p");
  lost.setAttribute("role", "status");
  lost.style.cssText = "margin: 0; font-weight: bold";
  el.append(canvas, lost);

  let shown, ground;
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
    paint(context, ground, frame, model.get("width"));
    canvas.dataset.frame = frame.count;
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
    } finally {
      busy = false;
    }
  };
  model.on("change:ground", ask);
  model.on("change:frame", ask);

  const stopRatio = followRatio(model);
  const stopKernel = followKernel(model, words => { lost.textContent = words; });
  ask();
  return () => {
    model.off("change:ground", ask);
    model.off("change:frame", ask);
    stopRatio();
    stopKernel();
  };
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
