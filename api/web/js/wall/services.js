// The services page: who waits at the desks, the worst of them against the target, and dossiers.

import { PROVINCE } from '../areas.js';
import { el, reveal, write } from '../dom.js';
import { monthSoFar, today } from '../times.js';
import { BarList } from './bars.js';
import { Cell, strip, WordLine } from './blocks.js';
import { keepAlarms, openAlarms } from './fire_counts.js';

const DESKS_MAX = 24;
const DESK_UNITS = 72;
const WAIT_SCALE_S = 3600; // an hour is the full width, so that a bar means the same every day

export class Services {
  root = el('section', { className: 'page services' });
  #ctx;
  #cells;
  #desks = new BarList('desks');
  #note = el('p', { className: 'note' });
  #rates = new BarList('rates');
  #dossiers = new WordLine('dossiers');
  #title = el('span');
  #rest = el('span', { className: 'more' });

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    this.#cells = {
      waiting: new Cell('queue-waiting', say('queue.waiting'), say),
      longest: new Cell('queue-longest', say('queue.longest'), say),
      median: new Cell('queue-median', say('queue.median'), say),
      most: new Cell('queue-p90', say('queue.within'), say),
      gone: new Cell('queue-abandoned', say('queue.abandoned'), say),
    };
    this.root.append(el('div', { className: 'body' },
      strip(Object.values(this.#cells)), el('h2', { className: 'heading' }, this.#title, this.#rest),
      this.#desks.root, this.#note,
      this.#dossiers.root, this.#rates.root));
    this.#note.textContent = say('page.loading');
  }

  isEmpty() {
    return (this.#ctx.picture.source('queue')?.state ?? 'unknown') === 'unknown';
  }

  keep(when) {
    const { docs, area, now } = this.#ctx;
    docs.keep('offices', () => area(`/api/v1/queues/offices?${new URLSearchParams(today(now()))}`), when);
    docs.keep('dossiers.month', () => area(`/api/v1/dossiers/summary?${new URLSearchParams(monthSoFar(now()))}`), when);
    docs.keep('dossiers.offices', () => area(`/api/v1/dossiers/offices?${new URLSearchParams(today(now()))}`), when);
    keepAlarms('queue', this.#ctx, when);
  }

  draw() {
    const { picture, docs, say, number } = this.#ctx;
    const { queues } = picture.overview;
    const offices = docs.current('offices')?.offices ?? [];
    const longest = Math.max(0, ...offices.map(({ longest_s: s }) => s ?? 0));
    const isServed = (queues?.called ?? queues?.served ?? 0) > 0;
    const state = picture.source('queue')?.state === 'silent' ? 'silent' : '';
    const wait = this.#worstWait();
    const minutes = (s) => (Number.isFinite(s) ? number(Math.round(s / 60)) : number(undefined));
    this.#cells.waiting.show({
      value: queues?.waiting, text: number(queues?.waiting), unit: say('unit.people'), state,
    });
    this.#cells.longest.show({
      value: longest, text: minutes(docs.current('offices') ? longest : undefined), unit: say('queue.minutes'),
      state, priority: wait,
    });
    this.#cells.median.show({
      value: isServed ? queues.wait_s.p50 : '', text: minutes(isServed ? queues.wait_s.p50 : undefined),
      unit: say('queue.minutes'), state,
    });
    this.#cells.most.show({
      value: isServed ? queues.wait_s.p90 : '', text: minutes(isServed ? queues.wait_s.p90 : undefined),
      unit: say('queue.minutes'), state,
    });
    const gone = abandonedShare(queues);
    this.#cells.gone.show({
      value: gone ?? '', text: this.#ctx.percent(gone ?? undefined, 1), unit: say('unit.of_tickets'), state,
    });
    this.#drawDesks(offices);
    this.#drawDossiers();
  }

  /** Priority of an open alarm on waiting, or null: the bar and the figure turn only then. */
  #worstWait(area = null) {
    const found = openAlarms('queue', this.#ctx).alarms.find((alarm) => alarm.rule === 'queue-wait'
      && (area === null || alarm.area === area));
    return found?.priority ?? null;
  }

  #drawDesks(offices) {
    const { docs, say, number, areas, unit } = this.#ctx;
    const targetS = docs.get('targets')?.wait_p90_s ?? null;
    const open = offices.filter(({ open_now: isOpen }) => isOpen !== false);
    const worst = open.filter(({ longest_s: s }) => s > 0)
      .sort((a, b) => b.longest_s - a.longest_s);
    const room = Math.floor(this.#desks.root.clientHeight / (DESK_UNITS * unit()));
    const shown = worst.slice(0, Math.min(DESKS_MAX, Math.max(1, room)));
    write(this.#title, targetS === null ? say('queue.desks')
      : say('queue.desks_target', { n: number(Math.round(targetS / 60)) }));
    const rest = worst.length - shown.length;
    write(this.#rest, rest > 0 ? say('alarm.more', { n: number(rest) }) : '');
    this.#desks.show(shown.map(({ office, area, longest_s: s }) => ({
      key: office, label: area && area !== PROVINCE ? areas.shortName(area) : say('queue.centre'),
      text: say('figure.minutes', { n: number(Math.round(s / 60)) }),
      value: s / WAIT_SCALE_S, aim: targetS === null ? null : targetS / WAIT_SCALE_S,
      priority: this.#worstWait(area),
    })));
    reveal(this.#note, worst.length === 0);
    if (docs.current('offices')) {
      const isClosed = offices.length > 0 && open.length === 0;
      this.#note.textContent = isClosed ? say('queue.closed') : say('queue.nobody');
    } else if (docs.isFailed('offices')) {
      this.#note.textContent = say('chart.failed');
    }
  }

  #drawDossiers() {
    const { picture, docs, say, number, percent } = this.#ctx;
    const { received, resolved, overdue } = picture.overview.dossiers ?? {};
    const rows = docs.current('dossiers.offices')?.offices;
    const due = rows?.reduce((sum, { due_today: n }) => sum + (n ?? 0), 0);
    this.#dossiers.show([
      say('dossier.today'), say('dossier.received_n', { n: number(received) }),
      say('dossier.resolved_n', { n: number(resolved) }), say('dossier.due', { n: number(due) }),
      say('dossier.overdue_n', { n: number(overdue) }),
    ], overdue ?? '');
    const targets = docs.get('targets');
    const rate = docs.current('dossiers.month')?.on_time_rate;
    const aim = targets?.on_time_rate ?? null;
    this.#rates.show([{
      key: 'on-time', label: say('dossier.on_time'), value: Number.isFinite(rate) ? rate : null, aim,
      text: aim === null ? percent(rate) : say('dossier.against', { p: percent(rate), q: percent(aim, Math.round(aim * 10_000) % 100 === 0 ? 0 : 2) }),
    }]);
  }
}

/** Of the tickets that ended, as everywhere; null while none has: who waits has not gone yet. */
export function abandonedShare(queues) {
  const { served = 0, abandoned = 0 } = queues ?? {};
  return served + abandoned > 0 ? abandoned / (served + abandoned) : null;
}
