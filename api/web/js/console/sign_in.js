// A key that has run out or was changed is asked for again over the page: what is typed below it stays.

import { leaveToSignIn, LOGIN } from '../api.js';
import { el } from '../dom.js';
import { askFields } from './asking.js';
import { control, field } from './controls.js';

const KEY_MAX = 200;
const REFUSAL_KEYS = { 400: 'session.unknown', 401: 'session.unknown', 403: 'session.no_screens' };

export class SignIn {
  #ctx;
  #account;
  #asking = null;

  constructor(ctx, account) {
    this.#ctx = ctx;
    this.#account = account;
  }

  /** Ask for a key, once for all who wait: a promise of whether somebody is signed in again. */
  ask() {
    if (this.#account.me === null) return leaveToSignIn(); // nothing is here yet that could be lost
    this.#asking ??= this.#ask().finally(() => { this.#asking = null; });
    return this.#asking;
  }

  async #ask() {
    const { say, call } = this.#ctx;
    const { area, name } = this.#account.me;
    const key = field(say('session.key'), control('input', {
      name: 'key', type: 'password', maxLength: KEY_MAX, autocomplete: 'current-password',
    }));
    const isBack = await askFields(this.#ctx, {
      title: say('session.title'), name: 'sign-in', lines: [el('p', {}, say('session.over'))],
      fields: [key], sendText: say('session.title'),
      send: async () => {
        const { ok, status } = await call('POST', LOGIN, { key: key.control.value.trim() });
        return ok ? null : { field: 'key', text: say(REFUSAL_KEYS[status] ?? 'session.away') };
      },
    });
    if (!isBack) return false;
    await this.#account.load().catch(() => {});
    const { me } = this.#account;
    if (me.area !== area) location.reload(); // this key may not see what stands here
    return me.name === name && me.area === area; // what one has written nobody else sends
  }
}
