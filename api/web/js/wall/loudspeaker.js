// The sound of the wall and its button: what rings is decided in sound.js.

import { isAwaited, priorityOf } from '../alarms.js';
import { svg } from '../badges.js';
import { mark, reveal, write } from '../dom.js';
import { kindOf, Sound } from '../sound.js';

const SILENCE_MS = 60_000;
const STATE_KEYS = {
  on: 'sound.on', off: 'sound.allow', blocked: 'sound.blocked', silenced: 'sound.silenced',
};

export class Loudspeaker {
  #button;
  #say;
  #words;
  #sound = new Sound();
  #isFresh = false;
  #isOffered;

  /** `isOffered`: the address asks for sound, so that the button shows until it is allowed. */
  constructor(button, { say, isOffered }) {
    this.#button = button;
    this.#say = say;
    this.#isOffered = isOffered;
    this.#words = document.createElement('span');
    const icon = svg('svg', { class: 'sound-icon', viewBox: '0 0 48 48', 'aria-hidden': 'true' });
    icon.append(
      svg('path', { d: 'M6 18H15L27 8V40L15 30H6Z', fill: 'currentColor' }),
      svg('path', { class: 'waves', d: 'M33 17Q38 24 33 31M38 12Q46 24 38 36' }),
      svg('path', { class: 'struck', d: 'M6 44L44 6' }),
    );
    button.append(icon, this.#words);
    button.addEventListener('click', () => this.#press());
    document.addEventListener('keydown', ({ code }) => {
      if (code === 'KeyS' && this.#sound.state === 'on') this.#silence();
    });
  }

  /** A new alarm asks for a person. */
  arrived(alarm) {
    if (priorityOf(alarm) <= 2) this.#sound.wake();
    if (priorityOf(alarm) === 3) this.#isFresh = true;
  }

  /** Once a second. `alarms`: the annunciated ones; `isLost`: the screen says that the system is lost. */
  tick(steady, { alarms, isFlooded, isLost }) {
    const waiting = { 1: 0, 2: 0, 3: 0, 4: 0 };
    for (const alarm of alarms) if (isAwaited(alarm)) waiting[priorityOf(alarm)] += 1;
    const kind = kindOf({ isLost, waiting, fresh: this.#isFresh, flood: isFlooded });
    this.#isFresh = false;
    const isPlayed = this.#sound.play(kind, steady);
    if (isPlayed) mark(this.#button, 'played', kind);
    this.#show(steady);
  }

  /** What a person must know of the sound, or ''. */
  get note() {
    return this.#sound.state === 'blocked' ? this.#say('sound.blocked') : '';
  }

  async #press() {
    if (this.#sound.state === 'on') this.#silence();
    else await this.#sound.allow();
    this.#show(performance.now());
  }

  #silence() {
    this.#sound.silence(SILENCE_MS, performance.now());
    this.#show(performance.now());
  }

  #show(steady) {
    const { state } = this.#sound;
    const isSilenced = state === 'on' && this.#sound.isSilenced(steady);
    const shown = isSilenced ? 'silenced' : state;
    mark(this.#button, 'sound', shown);
    // Once it sounds, the sign says so and the words leave the header to the alarms.
    write(this.#words, state === 'on' ? '' : this.#say('sound.allow'));
    this.#button.setAttribute('aria-label', this.#say(STATE_KEYS[shown]));
    reveal(this.#button, this.#isOffered || state !== 'off');
  }
}
