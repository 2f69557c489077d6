// The third tab: every step of an alarm's life, with who and why.

import { el } from '../dom.js';
import { clockTime, date, instant } from '../formats.js';
import { note, row, table } from './controls.js';
import { STATE_KEYS, STEP_KEYS, stepLine, word } from './life.js';

export class LogTab {
  #ctx;
  #root;

  constructor(root, ctx) {
    this.#ctx = ctx;
    this.#root = root;
  }

  /** `log`: steps, oldest first; null while they are read, undefined when they could not be. `isCut`: there are more. */
  draw(log, isCut) {
    const { say } = this.#ctx;
    if (!log) {
      this.#root.replaceChildren(note(say(log === null ? 'page.loading' : 'detail.failed'), log === null ? 'loading' : 'failed'));
      return;
    }
    const { root, body } = table(say('detail.log'), [
      [say('log.time')], [say('log.step')], [say('log.by')], [say('log.comment')],
    ]);
    body.append(...log.map((each) => this.#line(stepLine(each))).reverse());
    this.#root.replaceChildren(root, ...(isCut ? [note(say('log.cut', { n: log.length }))] : []));
  }

  #line({ seq, at, type, by, comment, to }) {
    const { say } = this.#ctx;
    const ms = instant(at);
    const step = word(STEP_KEYS, type, say);
    const state = to && word(STATE_KEYS, to, say);
    const shown = state && state !== step ? say('log.step_to', { step, state }) : step;
    const when = el('time', { className: 'when' }, clockTime(ms), el('span', { className: 'small muted' }, date(ms)));
    return row([[when, 'figure'], shown, by ?? say('log.system'), [comment ?? '', 'said']], { seq, type });
  }
}
