// What a screen reader is told, politely: the latest words, and no more often than can be listened to.

const PAUSE_MS = 2500;
let waiting;
let last = 0;
let timer;

/** Says this when there is time; what was to be said before and was not is replaced. */
export function announce(words) {
  waiting = words;
  if (timer !== undefined) return;
  timer = setTimeout(say, Math.max(100, last + PAUSE_MS - Date.now()));
}

function say() {
  timer = undefined;
  last = Date.now();
  document.getElementById("announcer").textContent = waiting;
}
