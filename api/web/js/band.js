// The one band under the header that says whether the screen can be believed.

import { el, mark, reveal, write } from './dom.js';
import { clockTime, running, secondsBetween } from './formats.js';

export class Band {
  #root;
  #say;
  #kind = '';
  #backSince = null;
  #title = el('p', { className: 'band-title' });
  #detail = el('p', { className: 'band-detail' });

  constructor(root, { say }) {
    this.#root = root;
    this.#say = say;
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
      const detail = stale && ago ? this.#say('band.phones_since', ago) : this.#say('band.phones');
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
