// Keys on a page that is turned: a presenter's clicker sends PageDown and PageUp, which turn it whatever has the focus.
// Arrows turn it too, but not away from a control that has arrows of its own. Space plays the figure that is shown.
//
// turn: called with 1 or -1. shown: gives the element that is on the screen now.
function clicker(turn, shown) {  // eslint-disable-line no-unused-vars
  const TURNS = {PageDown: 1, PageUp: -1, ArrowRight: 1, ArrowLeft: -1};
  const inside = kinds => Boolean(document.activeElement?.closest(kinds));
  const play = () => [...shown().querySelectorAll(".live-play button:is([title=Play], [title=Pause])")]
    .find(button => button.checkVisibility({visibilityProperty: true}));
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = TURNS[event.key];
    if (to && (event.key.startsWith("Page") || !inside("input, select, [role=slider], .live-play"))) {
      document.activeElement?.blur();
      turn(to);
    } else if (event.key === " " && play() && !inside("button, select, summary, a, input:not([type=range])")) {
      play().focus();  // from here on the arrows step
      play().click();
    } else {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
}
