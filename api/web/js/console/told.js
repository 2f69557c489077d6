// The fourth tab: who was told of an alarm, how often it was tried, and what they answered.

import { withQuery } from '../api.js';
import { clockTime, instant } from '../formats.js';
import { note, row, table } from './controls.js';
import { STEP_KEYS, word } from './life.js';

const STATE_KEYS = { pending: 'told.pending', delivered: 'told.delivered', failed: 'told.failed' };
const LINES_MAX = 100;
/** Who is told is told a moment later, and tried again: this is looked up anew while it is on the screen. */
const EVERY_MS = 5000;

export class ToldTab {
  #ctx;
  #root;
  #of = null;
  #notBefore = 0;

  constructor(root, ctx) {
    this.#ctx = ctx;
    this.#root = root;
  }

  /** Ask who was told, of another alarm at once; what stands there stays until the answer is here. */
  async load(id) {
    const { say, call, store } = this.#ctx;
    const nowMs = store.now();
    if (this.#of === id && nowMs < this.#notBefore) return;
    if (this.#of !== id) this.#root.replaceChildren(note(say('page.loading'), 'loading'));
    this.#of = id;
    this.#notBefore = nowMs + EVERY_MS;
    const { ok, status, body } = await call('GET', withQuery('/api/v1/deliveries', { alarm: id, limit: LINES_MAX }));
    if (this.#of !== id) return;
    if (ok) this.#draw(body.deliveries);
    else this.#root.replaceChildren(note(say(status === 403 ? 'told.forbidden' : 'detail.failed'), 'failed'));
  }

  #draw(deliveries) {
    const { say } = this.#ctx;
    if (deliveries.length === 0) {
      this.#root.replaceChildren(note(say('told.nobody')));
      return;
    }
    const { root, body } = table(say('detail.told'), [
      [say('log.time')], [say('told.endpoint')], [say('told.about')], [say('told.state')], [say('told.attempts'), 'figure'], [say('told.answer')],
    ]);
    body.append(...deliveries.map((one) => this.#line(one)));
    this.#root.replaceChildren(root);
  }

  #line({ id, at, endpoint, type, state, attempt_count: n, attempts, next_at: next }) {
    const { say } = this.#ctx;
    const last = attempts.at(-1);
    const answer = last?.status ?? last?.error ?? say('page.unknown');
    const took = last?.duration_ms === null || last?.duration_ms === undefined ? '' : ` \u00b7 ${this.#ctx.number(last.duration_ms)}\u00a0ms`;
    const again = state === 'pending' && next ? ` \u00b7 ${say('told.again', { t: clockTime(instant(next)) })}` : '';
    return row([
      [clockTime(instant(at)), 'figure'], endpoint, word(STEP_KEYS, type.split('.').at(-1), say),
      word(STATE_KEYS, state, say), [this.#ctx.number(n), 'figure'], `${answer}${took}${again}`,
    ], { delivery: id, state });
  }
}
