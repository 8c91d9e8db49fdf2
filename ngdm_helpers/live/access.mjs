// What a figure's page needs beside the picture: controls that tell a screen reader their name and value, rails on which
// a swipe scrolls, and a picture in the saved notebook for when it is opened again.

const STATE = "application/vnd.jupyter.widget-state+json", VIEW = "application/vnd.jupyter.widget-view+json";
const ASK = "<p>Run this cell (Shift+Enter) to make it live.</p>";
const ASIDE = 8;  // pixels after which a finger's way is told: along the rail, or across it

function render({model, el}) {
  let stops = [], closed = false;
  const begin = () => {  // once the figure is on the page
    if (closed) return;
    const root = el.closest(".live-figure");
    if (!root?.isConnected) return requestAnimationFrame(begin);
    stops = [nameControls(root), swipe(root), keepPicture(model, root)];
  };
  begin();
  return () => {
    closed = true;
    for (const stop of stops) stop();
  };
}

/** The sliders of a figure: {label, handle, readout, rail}. ipywidgets gives its handles neither a name nor words. */
function* sliders(root) {
  for (const row of root.querySelectorAll(".widget-inline-hbox")) {
    const [handle, readout, rail] = [".noUi-handle", ".widget-readout", ".noUi-target"].map(name => row.querySelector(name));
    const label = row.querySelector(".widget-label")?.textContent.trim();
    if (handle && label) yield {label, handle, readout, rail};
  }
}

/** Give handles a name and their value in words, "η = 0.1", and keep them: noUiSlider writes the place in its list. */
function nameControls(root) {
  const put = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const name = () => {
    // or JupyterLab goes to the next cell at an arrow key, and adds one at the letter b
    for (const dropdown of root.querySelectorAll("select")) put(dropdown, "data-lm-suppress-shortcuts", "true");
    for (const {label, handle, readout, rail} of sliders(root)) {
      put(handle, "aria-label", label);
      put(handle, "data-lm-suppress-shortcuts", "true");  // Notebook 7 would take the arrow keys for its cells
      if (readout.textContent) put(handle, "aria-valuetext", `${label} = ${readout.textContent.trim()}`);
      if (readout.contentEditable === "true") {
        put(readout, "role", "textbox");
        put(readout, "aria-label", `${label}, as a number`);
      }
      const places = handle.getAttribute("aria-valuemax") - handle.getAttribute("aria-valuemin");
      if (rail.clientWidth && places > rail.clientWidth) {
        put(handle, "aria-description", "arrow keys: one step");
        put(rail, "title", "arrow keys: one step");
      }
    }
  };
  name();
  const observer = new MutationObserver(name);
  observer.observe(root, {
    subtree: true, childList: true, characterData: true, attributeFilter: ["aria-valuetext", "contenteditable"],
  });
  return () => observer.disconnect();
}

/** A finger that goes down on a rail moves the slider once it goes along the rail; across it, the page scrolls. */
function swipe(root) {
  let told;  // the event that is let through
  const down = event => {
    const rail = event.target.closest?.(".noUi-target");
    if (!rail || event === told || event.touches.length > 1) return;
    event.stopPropagation();  // a tap comes once more, as a mouse's
    const {target, changedTouches: [first]} = event;
    const end = () => {
      for (const name of ["touchend", "touchcancel"]) target.removeEventListener(name, end);
      target.removeEventListener("touchmove", move);
    };
    const move = ({changedTouches: [now]}) => {
      const [x, y] = [Math.abs(now.clientX - first.clientX), Math.abs(now.clientY - first.clientY)];
      if (Math.max(x, y) < ASIDE) return;
      end();
      if (y > x) return;
      const touches = {touches: [first], targetTouches: [first], changedTouches: [first]};
      told = new TouchEvent("touchstart", {bubbles: true, cancelable: true, composed: true, ...touches});
      target.dispatchEvent(told);
    };
    for (const name of ["touchend", "touchcancel"]) target.addEventListener(name, end);
    target.addEventListener("touchmove", move, {passive: true});
  };
  root.addEventListener("touchstart", down, {capture: true, passive: true});
  return () => root.removeEventListener("touchstart", down, {capture: true});
}

/** Leave the picture in the notebook whenever it is saved.
 *
 * JupyterLab prefers a widget to the picture stored beside it, even when the widget is gone: then there is an error in
 * place of both. So what the notebook finds under the widget's name is a picture that says how to get it moving.
 */
function keepPicture(model, root) {
  const notebook = model.widget_manager?.context;
  if (!notebook?.saveState || !notebook.model?.getMetadata) return () => {};
  const save = (_, state) => {
    const canvas = root.querySelector("canvas.live-canvas");
    if (state !== "started" || !canvas?.dataset.frame) return;
    const stored = notebook.model.getMetadata("widgets")?.[STATE];
    const named = {};  // the widgets that the notebook refers to, and the HTML that is stored beside them
    for (const {outputs} of notebook.model.cells) {
      for (let k = 0; k < (outputs?.length ?? 0); k++) {
        const {[VIEW]: view, "text/html": markup} = outputs.get(k).data;
        if (view) named[view.model_id] = markup && [markup].flat().join("");
      }
    }
    const others = Object.entries(stored?.state ?? {}).filter(([id, one]) => !one.state?.live || id in named);
    const figure = model.get("figure");
    // someone who has all widgets saved has this one too
    if (!(figure in named) || others.some(([id, one]) => id === figure && !one.state?.live)) return;
    // votes, and figures that JupyterLab has not laid out, too far from where the reader is
    const unseen = Object.entries(named).filter(([, markup]) => markup).map(([id, markup]) => [id, html(ASK + markup)]);
    const states = Object.fromEntries([...unseen, ...others, [figure, html(still(root, canvas))]]);
    const widgets = {...notebook.model.getMetadata("widgets"), [STATE]: {version_major: 2, version_minor: 0, state: states}};
    notebook.model.setMetadata("widgets", widgets);
  };
  notebook.saveState.connect(save);
  return () => notebook.saveState.disconnect(save);
}

/** The state of a widget that shows this HTML. */
function html(value) {
  const model = {model_name: "HTMLModel", model_module: "@jupyter-widgets/controls", model_module_version: "2.0.0"};
  return {...model, state: {live: true, value}};
}

/** The picture as it is now, as HTML. */
function still(root, canvas) {
  const picture = Object.assign(document.createElement("img"), {
    alt: canvas.getAttribute("aria-label"), src: canvas.toDataURL("image/webp", 0.85),
  });
  picture.style.cssText = `width: ${canvas.style.width}; max-width: 100%; display: block`;
  const words = document.createElement("p");
  const at = [...sliders(root)].map(({label, readout}) => `${label} = ${readout.textContent.trim()}`).join(", ");
  words.textContent = `This is a picture, at ${at}. Run this cell (Shift+Enter) to move it.`;
  return words.outerHTML + picture.outerHTML;
}

export default {render};
