// Moves that wait for a second person: in the tray, each with who asks for what, to approve or to reject.

import { el } from '../dom.js';
import { clockTime, instant } from '../formats.js';
import { titleOf } from '../titles.js';
import { askFields } from './asking.js';
import { control, field } from './controls.js';
import { CODE_KEYS, MOVE_KEYS, word } from './life.js';

const EVERY_MS = 15_000;
const SHOWN_MAX = 50;

const WHY_KEYS = { same_person: 'approval.same_person', decided: 'approval.decided', expired: 'approval.expired' };

export class Approvals {
  #ctx;
  #waiting = [];
  #titles = new Map(); // alarm id -> title, of those that wait
  #notBefore = 0;
  #isBusy = false;

  constructor(ctx) {
    this.#ctx = ctx;
    ctx.tray.source('approvals', { label: 'approval.title', items: () => this.#items() });
  }

  /** Once a second; asks every 15 s, and only for those who may decide. */
  tick(steadyMs) {
    if (this.#isBusy || steadyMs < this.#notBefore || !this.#ctx.may('approve')) return;
    this.#notBefore = steadyMs + EVERY_MS;
    void this.refresh();
  }

  async refresh() {
    this.#isBusy = true;
    const { ok, body } = await this.#ctx.call('GET', `/api/v1/approvals?state=pending&limit=${SHOWN_MAX}`);
    if (ok) {
      this.#waiting = body.approvals.filter(({ subject }) => subject === 'alarm');
      await this.#readTitles();
      this.#ctx.tray.changed();
    }
    this.#isBusy = false;
  }

  async #readTitles() {
    const { index, call, lang } = this.#ctx;
    const known = this.#titles;
    this.#titles = new Map();
    for (const { subject_id: id } of this.#waiting) {
      let title = index.get(id)?.title ?? known.get(id);
      if (title === undefined) {
        const { ok, body } = await call('GET', `/api/v1/alarms/${id}`);
        title = ok ? titleOf(body, lang) : id;
      }
      this.#titles.set(id, title);
    }
  }

  #items() {
    return this.#waiting.map((wish) => ({
      id: wish.id,
      text: this.#sentence(wish),
      detail: this.#ctx.say('approval.until', { t: clockTime(instant(wish.expires_at)) }),
      open: () => this.#decide(wish),
    }));
  }

  #sentence({ move, body, by, subject_id: id }) {
    const { say } = this.#ctx;
    const code = body.code ? ` (${word(CODE_KEYS, body.code, say)})` : '';
    return say('approval.wish', { name: by, move: word(MOVE_KEYS, move, say) + code, title: this.#titles.get(id) ?? id });
  }

  /** The wish with its reason; approve or reject with a remark. */
  #decide(wish) {
    const { say } = this.#ctx;
    const decision = field(say('approval.decision'), control('select', { name: 'decision' }, [
      ['approve', say('action.approve')], ['reject', say('action.reject')],
    ]));
    const comment = field(say('action.comment'), control('textarea', { name: 'comment', maxLength: 2000 }));
    const lines = [el('p', {}, this.#sentence(wish))];
    if (wish.body.comment) lines.push(el('p', { className: 'said' }, wish.body.comment));
    void askFields(this.#ctx, {
      title: say('approval.title'),
      name: 'approval',
      lines,
      fields: [decision, comment],
      sendText: say('form.send'),
      send: () => this.#send(wish, decision.control.value, comment.control.value.trim()),
    });
  }

  async #send(wish, decision, comment) {
    const { say, call } = this.#ctx;
    const by = await this.#ctx.operator();
    if (by === null) return { text: say('shell.name.need') };
    const said = { by, ...(comment ? { comment } : {}) };
    const { ok, status, body, failure } = await call('POST', `/api/v1/approvals/${wish.id}/${decision}`, said);
    this.#notBefore = 0;
    if (ok) {
      this.#waiting = this.#waiting.filter(({ id }) => id !== wish.id);
      this.#ctx.tray.changed();
      return null;
    }
    if (failure) return { text: say(failure === 'network' ? 'race.offline' : 'incident.why_unknown') };
    if (status === 403) return { text: say('detail.forbidden') };
    return { text: say(WHY_KEYS[body?.code] ?? 'approval.failed') };
  }
}
