// The first tab: why it rings, what to do, and how far it can be relied on.

import { el } from '../dom.js';
import { dateTime, instant } from '../formats.js';
import { titleOf } from '../titles.js';
import { note } from './controls.js';
import { factsOf, reliabilityOf } from './proof.js';

export class Guidance {
  #ctx;
  #cause = el('section', { className: 'block', data: { block: 'cause' } });
  #steps = el('section', { className: 'block', data: { block: 'steps' } });
  #reliability = el('section', { className: 'block', data: { block: 'reliability' } });

  constructor(root, ctx) {
    this.#ctx = ctx;
    root.append(this.#steps, this.#cause, this.#reliability);
  }

  /** `evidence` is null while it is read. */
  draw(alarm, evidence) {
    const { say } = this.#ctx;
    this.#steps.replaceChildren(el('h3', {}, say('detail.guidance')), steps(alarm, say));
    this.#cause.replaceChildren(el('h3', {}, say('detail.cause')), ...this.#causeLines(alarm));
    this.#reliability.replaceChildren(el('h3', {}, say('detail.reliability')), reliabilityLine(evidence, say));
  }

  #causeLines(alarm) {
    const { say, lang } = this.#ctx;
    const values = { title: titleOf(alarm, lang), rule: alarm.rule, n: alarm.rule_version };
    const lines = [el('p', {}, say('detail.cause_line', values))];
    const facts = factsOf(alarm.facts);
    if (facts.length) lines.push(this.#facts(facts));
    if (alarm.count > 1) lines.push(el('p', {}, say('detail.repeats', { n: this.#ctx.number(alarm.count) })));
    return lines;
  }

  #facts(facts) {
    const list = el('dl', { className: 'facts' });
    for (const [key, value, isTime] of facts) {
      list.append(el('dt', {}, this.#ctx.say(key)), el('dd', {}, this.#written(value, isTime)));
    }
    return list;
  }

  #written(value, isTime) {
    if (isTime) return dateTime(instant(value) ?? 0);
    return Number.isFinite(value) ? new Intl.NumberFormat(this.#ctx.lang === 'en' ? 'en-GB' : 'vi-VN').format(value) : String(value);
  }
}

function steps(alarm, say) {
  if (!alarm.guidance?.length) return note(say('detail.no_guidance'));
  return el('ol', { className: 'steps', lang: 'vi' }, ...alarm.guidance.map((line) => el('li', {}, line)));
}

/** The sentence on how far an alarm can be relied on; the same in two tabs. */
export function reliabilityLine(evidence, say) {
  if (evidence === null) return note(say('page.loading'), 'loading');
  if (evidence === undefined) return note(say('detail.failed'), 'failed');
  const { key, values } = reliabilityOf(evidence.reliability);
  return el('p', { data: { reliability: evidence.reliability.state } }, say(key, values));
}
