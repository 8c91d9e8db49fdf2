// The goals below a figure (see goals.py). Python knows what passes.

function render({model, el}) {
  const make = (kind, properties, ...children) => {
    const element = Object.assign(document.createElement(kind), properties);
    element.append(...children);
    return element;
  };
  const head = make("strong", {}, "Goals");
  const again = make("button", {type: "button"}, "start again");
  again.style.cssText = "min-height: 30px; margin-left: 1em";
  const items = model.get("texts").map(text => {
    const tick = make("span", {ariaHidden: "true"}), where = make("span", {});
    tick.style.cssText = "display: inline-block; width: 1.5em; font-weight: bold";
    where.style.fontWeight = "bold";
    const words = make("span", {innerHTML: text});
    return {tick, where, words, row: make("li", {}, tick, words, where)};
  });
  const list = make("ul", {}, ...items.map(item => item.row));
  list.style.cssText = "list-style: none; margin: 2px 0; padding: 0";
  list.setAttribute("aria-label", "goals");
  // It is there before anything is said in it, and is heard, not seen: the list shows the same.
  const said = make("p", {});
  said.setAttribute("role", "status");
  said.style.cssText = "position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%)";
  const box = make("div", {className: "live-goals"}, head, again, list, said);
  box.style.cssText = "position: relative; margin: 4px 0; line-height: 1.5";
  again.dataset.lmSuppressShortcuts = "true";  // JupyterLab has shortcuts of its own for Enter and the space bar
  el.append(box);

  let before = [];
  const read = () => {
    const reached = model.get("reached");
    const news = items.filter((_, k) => reached[k] && before[k] === "");
    items.forEach(({tick, where}, k) => {
      tick.textContent = reached[k] ? "✓" : "○";
      where.textContent = reached[k] ? ` – reached at ${reached[k]}` : "";
    });
    again.style.visibility = reached.some(Boolean) ? "visible" : "hidden";
    said.textContent = news.map(({words, where}) => `Goal ${words.textContent}${where.textContent}`).join(". ");
    before = [...reached];
  };
  again.onclick = () => {
    model.set("reached", items.map(() => ""));
    model.save_changes();
  };
  model.on("change:reached", read);
  read();
  return () => {
    model.off("change:reached", read);
  };
}

export default {render};
