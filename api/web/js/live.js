// The live feed with a supervisor of its own: a browser gives up on an HTTP error and never notices
// a connection that is open but dead. Whoever owns the screen's one timer calls `tick`.

const EVENTS = ['snapshot', 'alarm', 'tile', 'health', 'heartbeat', 'reset', 'dropped'];
const SILENT_MS = 15_000;
const SNAPSHOT_MS = 3000; // a connection that speaks begins with its snapshot
const BACKOFF_MS = [500, 1000, 2000, 4000, 6000];

export class LiveFeed {
  #url;
  #receive;
  #refused;
  #open;
  #source = null;
  #attempts = 0;
  #nextAt = 0;
  #heardAt = 0;
  #connectedAt = 0;
  #spokeAt = null;

  /**
   * `receive(name, data)` gets every event; `refused()` is told when the server answered with an error,
   * which a browser does not name; `open(url)` makes an EventSource (another one in tests).
   * A broken connection that the browser itself picks up goes on with Last-Event-ID: the server sends
   * the alarms that were missed and the tiles of now.
   */
  constructor(url, receive, refused, open = (address) => new EventSource(address)) {
    this.#url = url;
    this.#receive = receive;
    this.#refused = refused;
    this.#open = open;
  }

  /** Leave this connection and make a new one, which begins with a fresh snapshot. */
  restart(nowMs) {
    this.#source?.close();
    this.#source = null;
    const base = BACKOFF_MS[Math.min(this.#attempts, BACKOFF_MS.length - 1)];
    this.#attempts += 1;
    // Spread by a third: a thousand screens must not knock at the same moment after an outage.
    this.#nextAt = nowMs + base * (1 + Math.random() / 3);
  }

  /** Once a second: connect when it is time, leave a connection that has gone quiet. */
  tick(nowMs) {
    if (this.#source === null) {
      if (nowMs >= this.#nextAt) this.#connect(nowMs);
      return;
    }
    const isRefused = this.#source.readyState === 2; // the browser has given up for good
    if (isRefused || nowMs - this.#heardAt >= SILENT_MS) this.restart(nowMs);
    if (isRefused) this.#refused();
  }

  /** The screen no longer believes its figures: a connection that gave no snapshot in time is left. */
  wantSnapshot(nowMs) {
    if (this.#source === null) return;
    const isDumb = nowMs - this.#connectedAt >= SILENT_MS;
    const isPartial = this.#spokeAt !== null && nowMs - this.#spokeAt >= SNAPSHOT_MS;
    if (isDumb || isPartial) this.restart(nowMs);
  }

  #connect(nowMs) {
    const source = this.#open(this.#url);
    this.#source = source;
    this.#connectedAt = nowMs;
    this.#spokeAt = null;
    this.#heardAt = nowMs; // an attempt has as long as a silence
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (source === this.#source) this.#take(name, event);
      });
    }
  }

  #take(name, event) {
    let data;
    try {
      data = JSON.parse(event.data);
    } catch {
      return; // half a message is no message; silence will be noticed
    }
    const nowMs = performance.now();
    this.#heardAt = nowMs;
    this.#spokeAt ??= nowMs;
    if (name === 'snapshot') this.#attempts = 0;
    this.#receive(name, data);
    if (name === 'dropped') this.restart(nowMs);
  }
}
