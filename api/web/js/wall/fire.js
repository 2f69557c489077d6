// The fire page: devices in alarm, in trouble and silent; open alarms; a day of signals; how fast people
// answer.

import { countByArea } from '../alarms.js';
import { el } from '../dom.js';
import { running } from '../formats.js';
import { lastDay, midnight } from '../times.js';
import { Cell, strip, WordLine } from './blocks.js';
import { blindness } from './coverage.js';
import { CommuneMap } from './commune_map.js';
import { fireCounts, keepAlarms, listed, openAlarms } from './fire_counts.js';
import { DayColumns } from './day_columns.js';
import { AlarmRows } from './rows.js';

export class Fire {
  root = el('section', { className: 'page fire' });
  map;
  #ctx;
  #cells;
  #rows;
  #day;
  #answer = new WordLine('answer');

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    this.map = new CommuneMap(ctx, say('page.fire'));
    this.#cells = {
      burning: new Cell('fire-burning', say('fire.burning'), say),
      trouble: new Cell('fire-trouble', say('fire.trouble'), say),
      silent: new Cell('fire-silent', say('fire.silent'), say),
    };
    this.#rows = new AlarmRows(ctx);
    this.#day = new DayColumns('fire-day', ctx);
    this.root.append(this.map.root, el('div', { className: 'body' },
      strip(Object.values(this.#cells)), this.#rows.root, this.#day.root, this.#answer.root));
    this.#rows.showLoading();
    this.map.legend({ blind: say('legend.blind') });
  }

  isEmpty() {
    return false;
  }

  keep(when) {
    const { docs, area, now } = this.#ctx;
    docs.keep('figures', () => area('/api/v1/areas/figures'), when);
    docs.keep('day.fire', () => {
      const query = new URLSearchParams({
        metric: 'events', source: 'fire', step: '1h', compare: 'true', ...lastDay(now()),
      });
      return area(`/api/v1/series?${query}`);
    }, when);
    docs.keep('answers', () => area(`/api/v1/kpis?${new URLSearchParams({
      from: new Date(midnight(now())).toISOString(),
    })}`), when);
    keepAlarms('fire', this.#ctx, when);
  }

  draw(now) {
    const { picture, docs, say, number, unit } = this.#ctx;
    const { alarms: open } = openAlarms('fire', this.#ctx);
    const { burning, trouble } = fireCounts(open);
    const { known, silent } = picture.source('fire')?.devices ?? {};
    const isSilent = picture.source('fire')?.state === 'silent';
    const worst = open.find(({ active }) => active);
    this.#cells.burning.show({
      value: burning, text: number(burning), unit: say('unit.devices'),
      priority: burning > 0 && worst ? 1 : null, state: isSilent ? 'silent' : '',
    });
    this.#cells.trouble.show({
      value: trouble, text: number(trouble), unit: say('unit.devices'), state: isSilent ? 'silent' : '',
    });
    this.#cells.silent.show({
      value: known > 0 ? silent : '', text: number(known > 0 ? silent : undefined),
      unit: say('unit.of_devices', { n: number(known) }),
    });
    this.#day.show('day.fire', say('fire.day'));
    this.#drawAnswer();
    this.drawAlarms(now); // into the room that the others leave
    const blind = blindness(docs.get('figures')?.areas, ['fire']);
    this.map.show({ alarms: countByArea(open), blind }, unit());
  }

  drawAlarms(now) {
    const { picture } = this.#ctx;
    const { alarms, isWhole } = listed(openAlarms('fire', this.#ctx), picture);
    this.#rows.show({
      alarms, isWhole, total: alarms.length, lastClosedAt: null,
    }, now);
  }

  #drawAnswer() {
    const { docs, say } = this.#ctx;
    const times = docs.current('answers')?.time_to_acknowledge?.find(({ priority }) => priority === 1);
    const of = (seconds) => (times?.n > 0 ? running(Math.round(seconds), say) : say('page.unknown'));
    this.#answer.show([
      say('fire.answer', { d: of(times?.p50_s) }), say('fire.answer_most', { d: of(times?.p90_s) }),
    ], times?.n ?? '');
  }
}
