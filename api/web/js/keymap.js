// Commands and their keys. Vietnamese typing is always on: an input method rewrites what is typed by sending
// Backspace and another letter, so commands go by the place of the key and none is a vowel, w, d or a bracket;
// nothing that destroys hangs on Backspace or Delete.

const CHORD_MS = 1500;

/**
 * name -> what it is called, its keys, and where they count: 'list' and 'detail' while the focus is in one
 * (`data-keys` of an element around it), 'any' everywhere on the page.
 */
export const COMMANDS = {
  acknowledge: { label: 'action.acknowledge', keys: ['KeyX'], where: 'any' },
  unacknowledge: { label: 'action.unacknowledge', keys: ['Shift+KeyX'], where: 'any' },
  shelve: { label: 'action.shelve', keys: ['KeyT'], where: 'any' },
  unshelve: { label: 'action.unshelve', keys: ['Shift+KeyT'], where: 'any' },
  take: { label: 'action.take', keys: ['KeyN'], where: 'any' },
  assign: { label: 'action.assign', keys: ['KeyP'], where: 'any' },
  comment: { label: 'action.comment', keys: ['KeyC'], where: 'any' },
  close: { label: 'action.close', keys: ['KeyK'], where: 'any' },
  incident: { label: 'action.incident', keys: ['KeyV'], where: 'any' },
  reset: { label: 'action.reset', keys: [], where: 'any' },
  'remove-from-service': { label: 'action.remove_from_service', keys: [], where: 'any' },
  'return-to-service': { label: 'action.return_to_service', keys: [], where: 'any' },

  up: { label: 'key.up', keys: ['ArrowUp'], where: 'list' },
  down: { label: 'key.down', keys: ['ArrowDown'], where: 'list' },
  page_up: { label: 'key.page_up', keys: ['PageUp'], where: 'list' },
  page_down: { label: 'key.page_down', keys: ['PageDown'], where: 'list' },
  first: { label: 'key.first', keys: ['Home'], where: 'list' },
  last: { label: 'key.last', keys: ['End'], where: 'list' },
  open: { label: 'action.open', keys: ['Enter', 'NumpadEnter'], where: 'list' },
  fold: { label: 'key.fold', keys: ['ArrowLeft'], where: 'list' },
  unfold: { label: 'key.unfold', keys: ['ArrowRight'], where: 'list' },
  select: { label: 'key.select', keys: ['Space'], where: 'list' },
  select_up: { label: 'key.select_up', keys: ['Shift+ArrowUp'], where: 'list' },
  select_down: { label: 'key.select_down', keys: ['Shift+ArrowDown'], where: 'list' },
  select_all: { label: 'action.select_all', keys: ['Ctrl+KeyA'], where: 'list' },
  menu: { label: 'key.menu', keys: ['ContextMenu', 'Shift+F10'], where: 'list' },

  tab_1: { label: 'key.tab_1', keys: ['Digit1'], where: 'detail' },
  tab_2: { label: 'key.tab_2', keys: ['Digit2'], where: 'detail' },
  tab_3: { label: 'key.tab_3', keys: ['Digit3'], where: 'detail' },
  tab_4: { label: 'key.tab_4', keys: ['Digit4'], where: 'detail' },
  tab_5: { label: 'key.tab_5', keys: ['Digit5'], where: 'detail' },
  earlier: { label: 'key.earlier', keys: ['ArrowLeft'], where: 'detail' },
  later: { label: 'key.later', keys: ['ArrowRight'], where: 'detail' },
  guidance: { label: 'key.guidance', keys: ['KeyH'], where: 'any' },
  show_on_map: { label: 'key.show_on_map', keys: ['KeyB'], where: 'any' },

  back: { label: 'key.back', keys: ['Escape'], where: 'any' },
  search: { label: 'action.search', keys: ['Slash'], where: 'any' },
  filters: { label: 'action.filter', keys: ['KeyL'], where: 'any' },
  priority_1: { label: 'key.priority_1', keys: ['Digit1'], where: 'any' },
  priority_2: { label: 'key.priority_2', keys: ['Digit2'], where: 'any' },
  priority_3: { label: 'key.priority_3', keys: ['Digit3'], where: 'any' },
  priority_4: { label: 'key.priority_4', keys: ['Digit4'], where: 'any' },
  priority_all: { label: 'key.priority_all', keys: ['Digit0'], where: 'any' },
  bring_in: { label: 'key.bring_in', keys: ['KeyR'], where: 'any' },
  silence: { label: 'key.silence', keys: ['KeyS'], where: 'any' },
  undo: { label: 'action.undo', keys: ['KeyQ'], where: 'any' },
  help: { label: 'key.help', keys: ['Shift+Slash'], where: 'any' },
  palette: { label: 'key.palette', keys: ['Ctrl+KeyK'], where: 'any' },

  go_alarms: { label: 'nav.alarms', keys: ['KeyG KeyC'], where: 'any' },
  go_incidents: { label: 'nav.incidents', keys: ['KeyG KeyV'], where: 'any' },
  go_map: { label: 'nav.map', keys: ['KeyG KeyB'], where: 'any' },
  go_services: { label: 'nav.services', keys: ['KeyG KeyH'], where: 'any' },
  go_sources: { label: 'nav.sources', keys: ['KeyG KeyN'], where: 'any' },
  'go_dead-letters': { label: 'nav.dead_letters', keys: ['KeyG KeyL'], where: 'any' },
  go_deliveries: { label: 'nav.deliveries', keys: ['KeyG KeyT'], where: 'any' },
  go_kpis: { label: 'nav.kpis', keys: ['KeyG KeyK'], where: 'any' },
  go_rules: { label: 'nav.rules', keys: ['KeyG KeyQ'], where: 'any' },
  go_report: { label: 'nav.report', keys: ['KeyG KeyR'], where: 'any' },
};

/** Commands that go on while their key is held down. */
const HELD = new Set(['up', 'down', 'page_up', 'page_down', 'select_up', 'select_down', 'earlier', 'later']);
/** In a text field only these are commands. */
const IN_TEXT = new Set(['Escape', 'Ctrl+KeyK']);
/** What a button, a link or a box does by itself. */
const NATIVE = new Set(['Space', 'Enter', 'NumpadEnter']);

/** A pressed key as the table writes it: "Shift+KeyX"; null with a key that belongs to the browser. */
export function pressed(event) {
  if (event.altKey || event.metaKey || event.isComposing) return null;
  return `${event.ctrlKey ? 'Ctrl+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.code}`;
}

/** A key as people read it: "Shift+x", "g c", "?". */
export function keyLabel(key) {
  const words = {
    'Shift+Slash': '?', Slash: '/', ArrowUp: '\u2191', ArrowDown: '\u2193', ArrowLeft: '\u2190', ArrowRight: '\u2192',
    Enter: '\u23ce', Escape: 'Esc', PageUp: 'PgUp', PageDown: 'PgDn',
  };
  return key.split(' ').map((step) => words[step] ?? step.split('+').map(
    (part) => words[part] ?? part.replace(/^Key(.)$/, (_, letter) => letter.toLowerCase()).replace(/^Digit/, ''),
  ).join('+')).join(' ');
}

/** Is this a place in which keys are text? */
function isTextField(element) {
  const name = element?.tagName?.toLowerCase();
  if (name === 'textarea' || name === 'select') return true;
  if (name === 'input') return !['checkbox', 'radio', 'button', 'submit', 'range'].includes(element.type);
  return element?.isContentEditable === true;
}

function isPressable(element) {
  return ['button', 'a', 'summary', 'input', 'option'].includes(element?.tagName?.toLowerCase());
}

export class Keymap {
  #run;
  #now;
  #pauses = 0;
  #chord = null; // {key, at}: the first half of two
  #byKey = new Map();
  lettersOn = true;

  /** `run(name, event)` is true when it did something; the key then is nobody else's. */
  constructor(run, { now = () => performance.now() } = {}) {
    this.#run = run;
    this.#now = now;
    for (const [name, { keys, where }] of Object.entries(COMMANDS)) {
      for (const key of keys) {
        const known = this.#byKey.get(key) ?? [];
        this.#byKey.set(key, [...known, { name, where }]);
        const [first, second] = key.split(' ');
        if (second) this.#byKey.set(first, []);
      }
    }
  }

  /** Run a command by its name: what a button of it does. */
  run(name) {
    return this.#run(name, null);
  }

  bind(target) {
    target.addEventListener('keydown', (event) => this.handle(event));
  }

  /** No commands until the function that this gives is called: a dialog has the keys. */
  pause() {
    let isOver = false;
    this.#pauses += 1;
    return () => {
      if (!isOver) this.#pauses -= 1;
      isOver = true;
    };
  }

  /** True when the key was a command and was taken. */
  handle(event) {
    const key = pressed(event);
    if (key === null || event.defaultPrevented || this.#pauses > 0) return false;
    if (isModifier(event.code)) return false;
    if (isTextField(event.target) && !IN_TEXT.has(key)) return false;
    if (isPressable(event.target) && NATIVE.has(key)) return false;
    if (!this.lettersOn && isCharacter(event)) return false;
    const whole = this.#wholeOf(key);
    if (whole === null) return this.#taken(event); // the first half of two
    const name = this.#choose(whole, event.target);
    if (name === null || (event.repeat && !HELD.has(name))) return false;
    return this.#run(name, event) ? this.#taken(event) : false;
  }

  /** The key together with the one before it, when that was the first of two; null: wait for the second. */
  #wholeOf(key) {
    const before = this.#chord;
    this.#chord = null;
    if (before !== null && this.#now() - before.at <= CHORD_MS) return `${before.key} ${key}`;
    if (this.#byKey.get(key)?.length !== 0) return key;
    this.#chord = { key, at: this.#now() };
    return null;
  }

  #choose(key, target) {
    const known = this.#byKey.get(key) ?? [];
    const place = target?.closest?.('[data-keys]')?.dataset.keys;
    const found = known.find(({ where }) => where === place) ?? known.find(({ where }) => where === 'any');
    return found?.name ?? null;
  }

  #taken(event) {
    event.preventDefault?.();
    return true;
  }
}

function isModifier(code) {
  return /^(Shift|Control|Alt|Meta|CapsLock)/.test(code);
}

/** A letter, a digit or a sign that is typed: what WCAG 2.1.4 asks to be able to switch off. */
function isCharacter(event) {
  return !event.ctrlKey && /^(Key|Digit|Slash)/.test(event.code);
}
