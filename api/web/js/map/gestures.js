// Hands on a map: drag, wheel at the pointer, pinch, keys. Moves the view and says what was pointed at.

const CLICK_PX = 5;
const WHEEL_ZOOM = 1 / 240; // two notches of a mouse wheel are one doubling
const KEY_PX = 80;
const KEY_ZOOM = 0.5;

const KEYS = {
  ArrowLeft: (view) => view.pan(KEY_PX, 0),
  ArrowRight: (view) => view.pan(-KEY_PX, 0),
  ArrowUp: (view) => view.pan(0, KEY_PX),
  ArrowDown: (view) => view.pan(0, -KEY_PX),
  '+': (view) => view.zoomAt(view.width / 2, view.height / 2, KEY_ZOOM),
  '=': (view) => view.zoomAt(view.width / 2, view.height / 2, KEY_ZOOM),
  '-': (view) => view.zoomAt(view.width / 2, view.height / 2, -KEY_ZOOM),
  0: (view) => view.fit(),
};

export class Gestures {
  #view;
  #tell;
  #pointers = new Map();
  #way = 0;

  /** `tell`: {moved(), pointed(x, y), left(), clicked(x, y), doubled(x, y)} in CSS pixels of `target`. */
  constructor(target, view, tell) {
    this.#view = view;
    this.#tell = tell;
    target.addEventListener('pointerdown', (event) => this.#down(event, target));
    target.addEventListener('pointermove', (event) => this.#move(event));
    target.addEventListener('pointerup', (event) => this.#up(event));
    target.addEventListener('pointercancel', (event) => this.#pointers.delete(event.pointerId));
    target.addEventListener('pointerleave', () => tell.left());
    target.addEventListener('dblclick', (event) => tell.doubled(event.offsetX, event.offsetY));
    target.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    target.addEventListener('keydown', (event) => this.key(event));
  }

  /** A key of the map; true when it was one. */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key]) return false;
    KEYS[event.key](this.#view);
    this.#tell.moved();
    event.preventDefault();
    return true;
  }

  #down(event, target) {
    if (event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    if (this.#pointers.size === 1) this.#way = 0;
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      this.#tell.pointed(event.offsetX, event.offsetY);
      return;
    }
    const now = [event.offsetX, event.offsetY];
    this.#way += Math.hypot(now[0] - before[0], now[1] - before[1]);
    const others = [...this.#pointers.entries()].filter(([id]) => id !== event.pointerId);
    this.#pointers.set(event.pointerId, now);
    if (this.#way < CLICK_PX) return;
    if (others.length === 0) {
      this.#view.pan(now[0] - before[0], now[1] - before[1]);
    } else {
      const [other] = others[0].slice(1);
      const spread = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
      this.#view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      this.#view.zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, Math.log2(spread(now) / spread(before)));
    }
    this.#tell.moved();
  }

  #up(event) {
    const wasDown = this.#pointers.delete(event.pointerId);
    if (wasDown && this.#pointers.size === 0 && this.#way < CLICK_PX) {
      this.#tell.clicked(event.offsetX, event.offsetY);
    }
  }

  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * 40;
    const steps = Math.min(Math.max(-pixels * WHEEL_ZOOM, -1), 1);
    this.#view.zoomAt(event.offsetX, event.offsetY, steps);
    this.#tell.moved();
  }
}
