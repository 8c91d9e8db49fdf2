// The lecture view: one step of the core on the screen, a bar that leads to each idea, the keys of clicker.js.
{
  const cells = [...document.querySelectorAll(".lecture-cell[data-step]:not([data-step=''])")];
  const step = cell => Number(cell.dataset.step), last = Math.max(...cells.map(step));
  const make = (text, title, press) => {
    const button = Object.assign(document.createElement("button"), {type: "button", textContent: text, title});
    button.onclick = press;
    return button;
  };
  let at = Math.min(Number(location.hash.slice(1)) || 0, last);
  const ideas = [...new Set(cells.map(cell => cell.dataset.idea))].map(idea => {
    const first = cells.find(cell => cell.dataset.idea === idea);
    const title = first.querySelector("h1, h2")?.firstChild.textContent ?? idea;
    return Object.assign(make(idea === "0" ? "Start" : title.split(" · ")[0], title, () => go(step(first))), {idea});
  });
  const said = document.createElement("output");
  const back = make("‹ Back", "Back: PageUp, ←", () => go(at - 1)), next = make("Next ›", "Next: PageDown, →", () => go(at + 1));
  const bar = document.createElement("nav");
  bar.className = "lecture-bar";
  bar.append(...ideas, said, back, next);
  document.getElementById("rendered_cells").prepend(bar);

  // Who has come as far as a reveal has asked for it. What is folded beside a text stays folded.
  function unfold() {
    for (const fold of document.querySelectorAll(".lecture-cell:not([hidden]) .jp-OutputArea details:not([data-seen])")) {
      fold.open = fold.dataset.seen = true;
      fold.append(...fold.querySelectorAll(":scope > pre"));  // the picture first: the numbers may lie below the screen
    }
  }
  const here = () => cells.filter(cell => step(cell) === at);
  function go(to) {
    at = Math.min(Math.max(to, 0), last);
    for (const cell of cells) cell.hidden = step(cell) !== at;
    unfold();
    said.textContent = `${at + 1} / ${last + 1}`;
    [back.disabled, next.disabled] = [at === 0, at === last];
    for (const button of ideas) button.toggleAttribute("aria-current", button.idea === here()[0].dataset.idea);
    history.replaceState(null, "", `#${at}`);  // a page that is loaded anew opens here
    scrollTo(0, 0);
  }
  new MutationObserver(unfold).observe(document.getElementById("rendered_cells"), {childList: true, subtree: true});
  clicker(by => go(at + by), () => document.getElementById("rendered_cells"));
  go(at);
}
