// What pages do better with a script: "/" finds a person, and buttons copy.
"use strict";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const find = document.getElementById("find");
  if (!find) return;
  event.preventDefault();
  find.focus();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const from = button && document.getElementById(button.dataset.copy);
  if (!from) return;
  try {
    await navigator.clipboard.writeText(from.textContent);
    document.getElementById("done").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(from);
  }
});
// A page that follows what happens is told by the server, and asks for itself again
// (htmx does, at the event "news"). One in the background does not follow: a browser
// has few connections to a server. Without all that it looks again every few seconds.
const follows = document.getElementById("live")?.dataset.follows;
if (follows && globalThis.EventSource && globalThis.htmx) {
  let source, place;
  const news = () => htmx.trigger("#live", "news");
  const follow = () => {
    source?.close();
    source = undefined;
    if (document.hidden) return;
    source = new EventSource(place ? "/admin/events?after=" + encodeURIComponent(place) : follows);
    source.addEventListener("news", (event) => {
      place = event.lastEventId;
      news();
    });
    source.addEventListener("over", () => {
      source.close();
      location.reload(); // which asks to sign in
    });
  };
  document.addEventListener("visibilitychange", () => {
    follow();
    if (source) news();
  });
  addEventListener("pagehide", () => source?.close());
  follow();
}
