// The header of every wall page: area, open alarms by priority, date, server clock.

import { badge, PRIORITY_KEYS, setLook, SEVERITIES } from '../badges.js';
import { el, mark, part, write } from '../dom.js';
import { clockTime, date, weekday } from '../formats.js';

export class Head {
  #say;
  #number;
  #counts;
  #where = part('area');
  #date = part('date');
  #clock = part('clock');

  constructor({ say, number }) {
    this.#say = say;
    this.#number = number;
    this.#counts = SEVERITIES.map((severity, i) => {
      const marker = badge(i + 1, { look: 'none' });
      const figure = el('span', { data: { figure: severity } });
      part('counts').append(el('li', { data: { count: severity, priority: i + 1 } }, marker, figure));
      return { severity, marker, figure };
    });
  }

  showArea(name) {
    write(this.#where, name);
  }

  /** `counts` per severity, or null while nothing is known. */
  showCounts(counts) {
    this.#counts.forEach(({ severity, marker, figure }, i) => {
      const n = counts?.[severity];
      const label = this.#say('priority.count', {
        priority: this.#say(PRIORITY_KEYS[i]), n: this.#number(n),
      });
      write(figure, this.#number(n));
      mark(figure, 'value', n ?? '');
      setLook(marker, { look: n > 0 ? 'filled' : 'none', label });
    });
  }

  /** `isGuess`: the server is away and this machine's own clock carries on. */
  showTime(nowMs, isGuess) {
    const time = clockTime(nowMs);
    write(this.#clock, isGuess ? this.#say('clock.guess', { t: time }) : time);
    write(this.#date, `${this.#say(weekday(nowMs))} ${date(nowMs)}`);
  }
}
