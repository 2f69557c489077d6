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
  #steady;
  #source = null;
  #attempts = 0;
  #nextAt = 0;
  #heardAt = 0;
  #connectedAt = 0;
  #spokeAt = null;
  #isLeft = false;
  resumes = 0; // how often the browser itself went on with a broken connection

  /**
   * `receive(name, data, id)` gets every event, `id` the position in the alarm log; `refused()` is told when the server answered with an error,
   * which a browser does not name; `open(url)` makes an EventSource (another one in tests).
   * A broken connection that the browser itself picks up goes on with Last-Event-ID: the server sends
   * the alarms that were missed and the tiles of now.
   */
  constructor(
    url, receive, refused, open = (address) => new EventSource(address), steady = () => performance.now(),
  ) {
    this.#url = url;
    this.#receive = receive;
    this.#refused = refused;
    this.#open = open;
    // A browser keeps a page that was left, with its connection, and has six of them for a host.
    globalThis.addEventListener?.('pagehide', () => this.leave());
    globalThis.addEventListener?.('pageshow', () => this.comes());
    this.#steady = steady;
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
    if (this.#isLeft) return;
    if (this.#source === null) {
      if (nowMs >= this.#nextAt) this.#connect(nowMs);
      return;
    }
    const isRefused = this.#source.readyState === 2; // the browser has given up for good
    if (isRefused || nowMs - this.#heardAt >= SILENT_MS) this.restart(nowMs);
    if (isRefused) this.#refused();
  }

  /** The page was left: no connection until it comes back, whatever its timers do. */
  leave() {
    this.#isLeft = true;
    this.close();
  }

  comes() {
    this.#isLeft = false;
  }

  /** Leave this connection until `tick` is called again. */
  close() {
    this.#source?.close();
    this.#source = null;
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
    let opens = 0;
    source.addEventListener('open', () => {
      opens += 1;
      if (opens > 1 && source === this.#source) this.resumes += 1;
    });
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
    const nowMs = this.#steady();
    this.#heardAt = nowMs;
    this.#spokeAt ??= nowMs;
    if (name === 'snapshot') this.#attempts = 0;
    this.#receive(name, data, event.lastEventId);
    if (name === 'dropped') this.restart(nowMs);
  }
}
