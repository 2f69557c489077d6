// The forms of the ledger: a new silence or maintenance window, and the end of one.

import { badge, PRIORITY_KEYS, SEVERITIES } from '../badges.js';
import { el } from '../dom.js';
import { patternOf } from '../titles.js';
import { askFields } from './asking.js';
import { checks, control, field } from './controls.js';
import { whyNot } from './incident_calls.js';
import { SOURCE_KEYS } from './life.js';
import { bodyOf, limitOf } from './silence.js';

const NAME = 'ledger';
const MINUTES = [15, 60, 240, 480];

/** Ask for a new one; true when it was made. */
export async function askNew(ctx, kind) {
  const { say } = ctx;
  const rules = await ctx.call('GET', '/api/v1/rules');
  const fields = fieldsOf(ctx, rules.ok ? rules.body.rules : []);
  return askFields(ctx, {
    title: say(kind === 'silence' ? 'ledger.new_silence' : 'ledger.new_maintenance'),
    name: NAME,
    lines: [el('p', { className: 'muted' }, say('ledger.matcher_hint'))],
    fields,
    sendText: say(kind === 'silence' ? 'ledger.hide' : 'ledger.begin'),
    send: async () => {
      const by = await ctx.operator();
      if (by === null) return { text: say('shell.name.need') };
      const form = Object.fromEntries(fields.map(({ control: made }) => [made.name, made.value]));
      const { body, problem, field: at } = bodyOf({ ...form, kind, by });
      if (problem) return { text: say(problem), field: at };
      return refusal(say, await ctx.call('POST', '/api/v1/suppressions', body));
    },
  });
}

function fieldsOf({ say, lang, areas }, rules) {
  const titled = rules.map((rule) => [rule.id, `${patternOf(rule.body, lang, say)} (${rule.id})`]);
  const communes = areas.list().map(({ code }) => [code, areas.fullName(code)]);
  const sources = Object.entries(SOURCE_KEYS).map(([name, key]) => [name, say(key)]);
  const choice = (name, key, options) => field(say(key), control('select', { name }, [['', say('ledger.any')], ...options]));
  const levels = PRIORITY_KEYS.map((key, i) => [SEVERITIES[i], badge(i + 1, { look: 'none' }), say(key)]);
  const minutes = control('input', { name: 'minutes', type: 'number', min: 1, step: 1, value: 60 });
  return [
    field(say('ledger.why'), control('textarea', { name: 'reason', maxLength: 2000 })),
    choice('rules', 'ledger.rules', titled),
    choice('areas', 'ledger.areas', communes),
    choice('sources', 'ledger.sources', sources),
    field(say('ledger.devices'), control('input', { name: 'devices', autocomplete: 'off', spellcheck: false }), { hint: say('ledger.words_hint') }),
    checks('severities', say('ledger.severities'), levels),
    field(say('ledger.minutes'), minutes, { hint: say('ledger.minutes_hint', { list: MINUTES.join(', ') }) }),
  ];
}

/** Ask why one is to end; true when it has. */
export function askEnd(ctx, one) {
  const { say } = ctx;
  const comment = field(say('action.comment'), control('textarea', { name: 'comment', maxLength: 2000 }));
  return askFields(ctx, {
    title: say('ledger.end_title'),
    name: NAME,
    lines: [el('p', {}, one.reason), el('p', { className: 'muted' }, say('ledger.end_hint'))],
    fields: [comment],
    sendText: say('ledger.end'),
    send: async () => {
      const by = await ctx.operator();
      if (by === null) return { text: say('shell.name.need') };
      const said = comment.control.value.trim();
      return refusal(say, await ctx.call('POST', `/api/v1/suppressions/${one.id}/end`, { by, ...(said ? { comment: said } : {}) }));
    },
  });
}

function refusal(say, answer) {
  if (answer.ok) return null;
  const { status, body } = answer;
  if (status === 409 && body?.code === 'time') return { text: say('ledger.too_long', limitOf(body.limit_s)), field: 'minutes' };
  if (status === 409 && body?.code === 'ended') return { text: say('ledger.ended') };
  if (status === 409 && body?.code === 'full') return { text: say('ledger.full') };
  if (status === 400 && body?.code === 'matcher') return { text: say('ledger.bad_matcher'), field: 'areas' };
  const { key, values } = whyNot(answer);
  return { text: say(key, values) };
}
