// A question with radio buttons (see votes.py). It holds the answers, and needs no Python to give them.

let views = 0;

function render({model, el}) {
  const make = (kind, properties, ...children) => {
    const element = Object.assign(document.createElement(kind), properties);
    element.append(...children);
    return element;
  };
  const name = `vote-${views++}`;  // the radio buttons of one view exclude each other
  const options = model.get("options");
  const box = make("fieldset", {className: "live-vote"});
  box.style.cssText = "border: 1px solid; border-radius: 4px; padding: 0.5em 1em; margin: 4px 0; line-height: 1.5";
  const legend = make("legend", {innerHTML: `<strong>Predict.</strong> ${model.get("question")}`});
  legend.style.cssText = "float: left; width: 100%; padding: 0; margin-bottom: 4px";
  const rows = options.map(([letter, text]) => {
    const radio = make("input", {type: "radio", name, value: letter});
    const row = make("label", {}, radio, make("span", {innerHTML: `<strong>${letter}</strong> ${text}`}));
    radio.style.cssText = "margin: 0 0.75em 0 0; width: 16px; height: 16px; flex: none";
    row.style.cssText = "display: flex; align-items: center; clear: left; min-height: 30px";
    return row;
  });
  // A button, because the arrow keys choose every option on their way.
  const ask = make("button", {type: "button", disabled: true}, "Answer");
  ask.style.cssText = "min-height: 30px; padding: 0 1em; margin-top: 4px";
  const answers = make("div", {});
  answers.setAttribute("role", "status");
  box.onchange = () => { ask.disabled = false; };
  ask.onclick = () => {
    const chosen = box.querySelector("input:checked").value;
    const first = options.filter(([letter]) => letter === chosen);
    const others = options.filter(([letter]) => letter !== chosen);
    answers.replaceChildren(...[...first, ...others].map(([letter, , right, why]) => {
      const verdict = `${letter}${letter === chosen ? ", your answer," : ""} is ${right ? "right" : "wrong"}.`;
      const row = make("p", {innerHTML: `<strong>${verdict}</strong> ${why}`});
      row.style.cssText = `margin: 0.5em 0; padding-left: 0.75em; border-left: 3px ${right ? "solid" : "dotted"}`;
      return row;
    }));
  };
  box.append(legend, ...rows, ask, answers);
  // JupyterLab has shortcuts of its own for the arrows, the space bar and Enter, and asks the focused element alone.
  for (const part of box.querySelectorAll("button, input")) part.dataset.lmSuppressShortcuts = "true";
  el.append(box);
}

export default {render};
