// A deck: reveal.js, the figures of the static site where there is a server, and the keys of clicker.js.
const here = document.currentScript.src, query = new URLSearchParams(location.search);
Reveal.initialize({
  width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none", slideNumber: "c/t",
  controls: false, plugins: [RevealNotes],
  viewDistance: 2,  // while a class votes Python makes the next figure, and no other
  keyboardCondition: event => !["PageDown", "PageUp", "ArrowRight", "ArrowLeft", " "].includes(event.key),
});
clicker(by => (by > 0 ? Reveal.next() : Reveal.prev()), () => Reveal.getCurrentSlide());
if (location.protocol === "file:") document.documentElement.classList.add("alone");
else if (!query.has("receiver")) import(new URL("figure.mjs", here));  // a view of the presenter's needs no Python
