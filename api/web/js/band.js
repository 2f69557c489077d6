// The one band under the header that says whether the screen can be believed.

import { el, mark, reveal, write } from './dom.js';
import { clockTime, running, secondsBetween } from './formats.js';

/** Of the whole country: for a screen that never heard which numbers its site has. */
const PHONES = ['114', '113', '115'];

export class Band {
  #root;
  #say;
  #phones;
  #kind = '';
  #backSince = null;
  #title = el('p', { className: 'band-title' });
  #detail = el('p', { className: 'band-detail' });

  /** `phones()`: what to dial when the alarm system is lost, or nothing while that is not known. */
  constructor(root, { say, phones }) {
    this.#root = root;
    this.#say = say;
    this.#phones = phones;
    root.append(el('div', { className: 'plate' }, this.#title, this.#detail));
  }

  /**
   * `condition` as Condition.at gives it; `stoppedAt` and `now` are server times in ms, stoppedAt
   * null when nothing was ever heard; `note` is a sentence about the screen itself, or ''.
   * True when the room for the page changed.
   */
  show({ name, stale, back }, { stoppedAt, now, note }) {
    const ago = stoppedAt === null ? null : {
      t: clockTime(stoppedAt), d: running(secondsBetween(stoppedAt, now), this.#say),
    };
    if (name === 'lost') {
      const phones = (this.#phones() ?? PHONES).join(', ');
      const detail = this.#say(stale && ago ? 'band.phones_since' : 'band.phones', { ...ago, phones });
      return this.#write('lost', this.#say('band.lost'), detail);
    }
    if (name === 'stale') {
      return this.#write('stale', ago ? this.#say('band.stale', ago) : this.#say('band.never'), '');
    }
    if (back === 'reloaded') return this.#write('back', this.#say('band.reloaded'), '');
    if (back === 'back') {
      return this.#write('back', this.#say('band.back', { t: clockTime(this.#since(now)) }), '');
    }
    return note ? this.#write('note', note, '') : this.#write('', '', '');
  }

  /** The moment in which "back" was first shown. */
  #since(now) {
    if (this.#kind !== 'back' || this.#backSince === null) this.#backSince = now;
    return this.#backSince;
  }

  #write(kind, title, detail) {
    const isNew = kind !== this.#kind;
    this.#kind = kind;
    mark(this.#root, 'band', kind);
    write(this.#title, title);
    write(this.#detail, detail);
    reveal(this.#detail, detail !== '');
    reveal(this.#root, kind !== '');
    return isNew;
  }
}
