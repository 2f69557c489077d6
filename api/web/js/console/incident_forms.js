// The fields of the forms about incidents.

import { withQuery } from '../api.js';
import { numberOf, titleOf } from '../titles.js';
import { control, field } from './controls.js';
import { CODE_KEYS } from './life.js';

const OTHERS_MAX = 200;

export function leadFields(say, { lead }) {
  const name = control('input', { name: 'lead', maxLength: 100, value: lead ?? '', autocomplete: 'off' });
  return [field(say('incident.lead'), name, { hint: say('incident.lead_hint') })];
}

export function remarkFields(say) {
  return [field(say('action.comment'), control('textarea', { name: 'comment', maxLength: 2000 }))];
}

export function closeFields(say) {
  const codes = Object.entries(CODE_KEYS).map(([code, key]) => [code, say(key)]);
  return [
    field(say('form.code'), control('select', { name: 'code' }, codes)),
    field(say('action.comment'), control('textarea', { name: 'comment', maxLength: 2000 })),
  ];
}

/** The open incidents that this one may go into; null: there is no other. */
export async function mergeChoice({ call, say, lang }, own) {
  const { ok, body } = await call('GET', withQuery('/api/v1/incidents', { state: 'open', limit: OTHERS_MAX }));
  const others = ok ? body.incidents.filter(({ id }) => id !== own.id) : [];
  if (others.length === 0) return null;
  const options = others.map((one) => [one.id, `${numberOf(one)} \u00b7 ${titleOf(one, lang)}`]);
  return [field(say('incident.into'), control('select', { name: 'into' }, options))];
}
