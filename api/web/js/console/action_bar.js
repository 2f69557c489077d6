// The foot of the alarm list: what is chosen, what can be done with it and by which key, how a bulk goes on,
// and what can still be taken back.

import { el, mark, reveal, write } from '../dom.js';
import { COMMANDS, keyLabel } from '../keymap.js';
import { DONE, VERBS } from './actions.js';
import { canMove, planned } from './bulk.js';
import { byPriority } from './selection.js';

const BUTTONS = ['acknowledge', 'shelve', 'take', 'assign', 'comment', 'close', 'incident'];
const MORE = ['unacknowledge', 'unshelve', 'reset', 'remove-from-service', 'return-to-service'];
const PRIORITY_COUNTS = { 1: 'covered.p1', 2: 'covered.p2', 3: 'covered.p3', 4: 'covered.p4' };

export class ActionBar {
  #ctx;
  #run;
  #buttons = new Map();
  #said = el('p', { className: 'chosen', data: { part: 'chosen' } });
  #progress = el('p', { className: 'progress', data: { part: 'bulk' } });
  #stop;
  #fresh;
  #undo;

  /** `run(command)` does what a button says; `stop()` ends a bulk. */
  constructor(root, ctx, { run, stop }) {
    this.#ctx = ctx;
    this.#run = run;
    for (const name of BUTTONS) this.#buttons.set(name, this.#button(name));
    this.#buttons.set('menu', this.#button('menu', ctx.say('action.more')));
    this.#undo = this.#button('undo');
    this.#fresh = this.#button('bring_in');
    this.#fresh.className = 'fresh-rows';
    this.#stop = el('button', { data: { command: 'stop' } }, ctx.say('action.stop'));
    this.#stop.type = 'button';
    this.#stop.addEventListener('click', stop);
    for (const each of [this.#undo, this.#fresh, this.#stop, this.#progress]) each.hidden = true;
    this.#progress.setAttribute('role', 'status');
    const buttons = el('div', { className: 'actions' }, ...this.#buttons.values());
    buttons.setAttribute('role', 'toolbar');
    buttons.setAttribute('aria-label', ctx.say('action.toolbar'));
    const news = el('div', { className: 'news' }, this.#fresh, this.#undo);
    root.append(el('div', { className: 'action-bar' }, buttons, this.#said, this.#progress, this.#stop, news));
  }

  /** `rows` that are chosen; `count` of marked ones, 0 when it is the one in focus. */
  show(rows, count) {
    for (const [name, button] of this.#buttons) {
      const why = this.#whyNot(name, rows);
      button.setAttribute('aria-disabled', String(why !== ''));
      if (button.title !== why) button.title = why;
    }
    write(this.#said, count > 0 ? this.#marked(rows) : '');
    mark(this.#said, 'count', count);
  }

  arrivals(n) {
    reveal(this.#fresh, n > 0);
    mark(this.#fresh, 'count', n);
    if (n > 0) write(this.#fresh, this.#ctx.say('list.arrived', { n: this.#ctx.number(n) }));
  }

  undoable(found) {
    reveal(this.#undo, found !== null);
    if (found === null) return;
    const { say } = this.#ctx;
    write(this.#undo, say('action.undo_last', { action: say(VERBS[found.move]), n: this.#ctx.number(found.n), s: found.leftS }));
  }

  /** A bulk goes on: `n` of `total` have an answer. */
  progress(move, n, total) {
    const { say, number } = this.#ctx;
    mark(this.#progress, 'state', 'running');
    this.#progress.setAttribute('aria-live', 'off'); // thousands of answers are not read aloud, only what came of them
    write(this.#progress, say('bulk.running', { action: say(VERBS[move]), n: number(n), total: number(total) }));
    reveal(this.#progress, true);
    reveal(this.#stop, true);
  }

  /** It is over; the sentence stays until something else is chosen. */
  result(move, { done, refused, unknown, waiting, left }) {
    const { say, number } = this.#ctx;
    const values = { action: say(DONE[move]), n: number(done), m: number(refused), k: number(unknown) };
    const words = [say('bulk.result', values)];
    if (waiting > 0) words.push(say('bulk.waiting', { n: number(waiting) }));
    if (left > 0) words.push(say('bulk.left', { n: number(left) }));
    mark(this.#progress, 'state', 'over');
    this.#progress.setAttribute('aria-live', 'polite');
    write(this.#progress, words.join(' '));
    reveal(this.#progress, true);
    reveal(this.#stop, false);
  }

  forget() {
    if (this.#progress.dataset.state === 'over') reveal(this.#progress, false);
  }

  /** Every move by its name, for the menu: {command, label, key, why}. */
  menu(rows) {
    return [...BUTTONS, ...MORE].map((command) => ({
      command, label: this.#ctx.say(COMMANDS[command].label), key: COMMANDS[command].keys[0], why: this.#whyNot(command, rows),
    }));
  }

  #button(name, text = this.#ctx.say(COMMANDS[name].label)) {
    const button = el('button', { data: { command: name } }, text);
    button.type = 'button';
    const [key] = COMMANDS[name].keys;
    if (key && name !== 'menu' && name !== 'undo' && name !== 'bring_in') button.prepend(el('kbd', {}, keyLabel(key)));
    button.addEventListener('click', () => this.#run(name));
    return button;
  }

  #whyNot(name, rows) {
    const { say } = this.#ctx;
    if (rows.length === 0) return say('action.choose');
    if (name === 'menu') return '';
    if (name === 'incident') return this.#ctx.may(name) ? '' : say('race.forbidden', { action: say('verb.incident') });
    const move = name === 'take' ? 'assign' : name;
    if (!this.#ctx.may(move)) return say('race.forbidden', { action: say(VERBS[move]) });
    return rows.some((row) => canMove(move, row)) ? '' : say('action.not_now');
  }

  /** "37 alarms: 2 of priority 2 …"; what must be moved by itself is said before anything is sent. */
  #marked(rows) {
    const { say, number } = this.#ctx;
    const counts = byPriority(rows);
    const parts = [1, 2, 3, 4].filter((priority) => counts[priority] > 0)
      .map((priority) => say(PRIORITY_COUNTS[priority], { n: number(counts[priority]) }));
    const words = [say('bulk.marked', { n: number(rows.length), parts: parts.join(', ') })];
    const { alone, two } = planned('acknowledge', rows);
    if (alone.length > 0) words.push(say('bulk.alone', { n: number(alone.length) }));
    else if (rows.length > 1 && counts[1] > 0) words.push(say('bulk.alone_other', { n: number(counts[1]) }));
    if (two.length > 0) words.push(say('bulk.two', { n: number(two.length) }));
    return words.join(' ');
  }
}
