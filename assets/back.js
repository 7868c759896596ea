// Streamlit replaces the address when somebody changes a filter, and adds to the history whatever the server corrects.
// Here it is the other way round: what a person does to the address is one step that Back undoes, the rest is none.
(() => {
  const { pushState, replaceState } = history;
  const SOON = 2000; // ms: what changes the address later than that is not what the click or key was for
  let byHand = -Infinity; // when somebody last clicked or pressed a key that has not changed the address yet
  const start = () => { byHand = performance.now(); };
  addEventListener("pointerdown", start, true);
  addEventListener("keydown", start, true);
  addEventListener("click", event => { if (event.detail === 0) start(); }, true); // a screen reader's
  addEventListener("popstate", () => { byHand = -Infinity; }, true);

  const go = function (state, title, address) {
    const next = new URL(address ?? location.href, location.href);
    if (next.href !== location.href && performance.now() - byHand < SOON) {
      pushState.call(history, state, title, address);
      byHand = -Infinity; // the server may correct the address in the same step: that adds nothing
    } else {
      replaceState.call(history, state, title, address);
    }
  };
  history.pushState = go;
  history.replaceState = go;
})();
