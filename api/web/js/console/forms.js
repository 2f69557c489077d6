// What a move needs to be told: a reason and an end for a shelf, a name, a remark, what it was. Each form is a
// promise of the body of the move, or of null when the person left.

import { el } from '../dom.js';
import { clockTime } from '../formats.js';
import { numberOf, titleOf } from '../titles.js';

const TEXT_MAX = 1900; // the API takes 2,000, a reason stands before it
const NAME_MAX = 100;
const HOUR_MS = 3_600_000;
/** Vietnam is UTC+7 without summer time; shifts change at 7 and 19 o'clock. */
const ZONE_MS = 7 * HOUR_MS;
const SHIFT_HOURS = [7, 19];

const REASONS = [
  ['maintenance', 'reason.maintenance'], ['test', 'reason.test'], ['in_progress', 'reason.in_progress'],
  ['chattering', 'reason.chattering'], ['false', 'reason.false'], ['other', 'reason.other'],
];
const CODES = [
  ['true', 'code.true'], ['false', 'code.false'], ['test', 'code.test'], ['duplicate', 'code.duplicate'], ['no_impact', 'code.no_impact'],
];

/** The next change of shift after `nowMs`, in ms. */
export function shiftEnd(nowMs) {
  const midnight = Math.floor((nowMs + ZONE_MS) / (24 * HOUR_MS)) * 24 * HOUR_MS - ZONE_MS;
  return [...SHIFT_HOURS, SHIFT_HOURS[0] + 24].map((hour) => midnight + hour * HOUR_MS).find((at) => at > nowMs);
}

/** The next moment at which clocks here show "HH:MM", in ms; null when that is no time. */
export function nextAt(text, nowMs) {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (!found) return null;
  const midnight = Math.floor((nowMs + ZONE_MS) / (24 * HOUR_MS)) * 24 * HOUR_MS - ZONE_MS;
  const at = midnight + Number(found[1]) * HOUR_MS + Number(found[2]) * 60_000;
  return at > nowMs ? at : at + 24 * HOUR_MS;
}

/** What a form gives when what was typed before is wanted no more. */
export const THROWN_AWAY = Symbol('thrown away');

/** The note behind the word of a reason, as `shelve` puts them together. */
export function noteOf(comment, word) {
  if (word === '' || !comment.startsWith(word)) return comment;
  return comment.slice(word.length).replace(/^: /, '');
}

/** The end of a shelf as a form shows it again; '' of one that is over: the same hour of tomorrow was not meant. */
export function endText(until, nowMs) {
  const at = Date.parse(until);
  return at > nowMs ? clockTime(at).slice(0, 5) : '';
}

export class Forms {
  #ctx;

  constructor(ctx) {
    this.#ctx = ctx;
  }

  /** A form once more with what was typed: the body, null when the person left, or THROWN_AWAY. */
  again(move, title, before) {
    const { say } = this.#ctx;
    const label = (key) => say('form.title_one', { action: say(key), title });
    switch (move) {
      case 'shelve': return this.shelve(label('action.shelve'), before);
      case 'assign': return this.assign(label('action.assign'), [], before);
      case 'close': return this.close(label('action.close'), before);
      case 'comment': return this.comment(label('action.comment'), before);
      default: return this.reason(label('action.remove_from_service'), say('action.remove_from_service'), before);
    }
  }

  /** What a shelf needs: why, and until when; `before` is the body of one that did not arrive. */
  shelve(title, before = null) {
    const { say, store } = this.#ctx;
    const nowMs = store.now();
    const reason = choice('reason', [['', say('form.choose')], ...REASONS.map(([value, key]) => [value, say(key)])]);
    const text = area('note');
    const shift = shiftEnd(nowMs);
    const ends = radios('end', [
      ['15', say('form.minutes', { n: 15 })], ['60', say('form.hour')],
      ['shift', say('form.shift', { t: clockTime(shift).slice(0, 5) })], ['at', say('form.until')],
    ]);
    const at = el('input', { data: { field: 'at' } });
    // A browser's own field for a time follows its language, not ours: AM and PM.
    Object.assign(at, { type: 'text', id: 'form-at', maxLength: 5, placeholder: 'hh:mm', autocomplete: 'off', inputMode: 'numeric' });
    at.setAttribute('aria-label', say('form.until'));
    at.addEventListener('input', () => { ends.querySelector('[value="at"]').checked = true; });
    ends.append(at);
    ends.prepend(el('legend', {}, say('form.end')));
    const oneShot = el('input', { data: { field: 'one-shot' } });
    Object.assign(oneShot, { type: 'checkbox', id: 'form-one-shot' });
    const once = el('label', { className: 'choice' }, oneShot, say('form.one_shot'));
    if (before) {
      const word = REASONS.find(([value]) => value === before.reason);
      reason.value = before.reason ?? '';
      text.value = noteOf(before.comment, word && word[0] !== 'other' ? say(word[1]) : '');
      if (before.until) at.value = endText(before.until, nowMs);
      ends.querySelector(`[value="${before.until ? 'at' : before.minutes}"]`).checked = true;
      oneShot.checked = before.one_shot === true;
    }
    return this.#form({
      title, name: 'shelve', before, send: say('action.shelve'),
      fields: [labelled(say('form.reason'), reason), labelled(say('form.note'), text), ends, once],
      read: () => {
        const word = REASONS.find(([value]) => value === reason.value);
        const note = text.value.trim();
        if (!word || (word[0] === 'other' && note === '')) return { wrong: word ? text : reason, why: say('form.need_reason') };
        const comment = [word[0] === 'other' ? '' : say(word[1]), note].filter(Boolean).join(': ');
        const end = ends.querySelector('input[type="radio"]:checked').value;
        const until = end === 'shift' ? shift : end === 'at' ? nextAt(at.value, store.now()) : null;
        if (end === 'at' && until === null) return { wrong: at, why: say('form.need_time') };
        const time = until === null ? { minutes: Number(end) } : { until: new Date(until).toISOString() };
        return { body: { comment, reason: word[0], ...time, ...(oneShot.checked ? { one_shot: true } : {}) } };
      },
    });
  }

  /** To whom; `known` are names that stand in the list. */
  assign(title, known, before = null) {
    const { say } = this.#ctx;
    const field = el('input', { data: { field: 'assignee' } });
    Object.assign(field, { id: 'form-assignee', maxLength: NAME_MAX, autocomplete: 'off', value: before?.assignee ?? '' });
    const names = el('datalist', {}, ...known.map((name) => new Option(name, name)));
    names.id = 'form-names';
    field.setAttribute('list', names.id);
    return this.#form({
      title, name: 'assign', before, send: say('action.assign'),
      fields: [labelled(say('form.assignee'), field), names, el('p', { className: 'small muted' }, say('form.assignee_none'))],
      read: () => ({ body: { assignee: field.value.trim() || null } }),
    });
  }

  comment(title, before = null) {
    const { say } = this.#ctx;
    return this.#text({ title, name: 'comment', before, send: say('action.comment') }, say('form.comment'), say('form.need_comment'));
  }

  /** A reason that is required: to take out of service. */
  reason(title, label, before = null) {
    const { say } = this.#ctx;
    return this.#text({ title, name: 'reason', before, send: label }, say('form.reason'), say('form.need_reason'));
  }

  /** What it was, one key each. */
  close(title, before = null) {
    const { say } = this.#ctx;
    const codes = radios('code', CODES.map(([value, key]) => [value, say(key)]), { isNumbered: true });
    codes.prepend(el('legend', {}, say('form.outcome')));
    codes.addEventListener('keydown', (event) => {
      const digit = /^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1];
      if (!digit) return;
      event.preventDefault();
      const box = codes.querySelectorAll('input')[Number(digit) - 1];
      box.checked = true;
      box.focus();
    });
    const text = area('note');
    if (before) {
      codes.querySelector(`[value="${before.code}"]`).checked = true;
      text.value = before.comment ?? '';
    }
    return this.#form({
      title, name: 'close', before, send: say('action.close'), fields: [codes, labelled(say('form.note'), text)],
      read: () => {
        const code = codes.querySelector('input:checked')?.value;
        if (!code) return { wrong: codes.querySelector('input'), why: say('form.need_code') };
        return { body: { code, ...(text.value.trim() ? { comment: text.value.trim() } : {}) } };
      },
    });
  }

  /** A new incident, or one that is open: {title} or {into}. */
  incident(title, name, open) {
    const { say } = this.#ctx;
    const choices = [['', say('form.incident_new')], ...open.map((each) => [each.id, `${numberOf(each)} ${titleOf(each, this.#ctx.lang)}`])];
    const into = choice('into', choices, '');
    const field = el('input', { data: { field: 'title' } });
    Object.assign(field, { id: 'form-title', maxLength: 200, autocomplete: 'off', value: name });
    return this.#form({
      title, name: 'incident', send: say('action.incident'),
      fields: [labelled(say('form.incident'), into), labelled(say('form.incident_title'), field)],
      read: () => {
        if (into.value) return { body: { into: into.value, title: name } };
        if (field.value.trim() === '') return { wrong: field, why: say('form.need_title') };
        return { body: { title: field.value.trim() } };
      },
    });
  }

  #text(form, label, need) {
    const text = area('comment');
    text.value = form.before?.comment ?? '';
    return this.#form({
      ...form, fields: [labelled(label, text)],
      read: () => (text.value.trim() ? { body: { comment: text.value.trim() } } : { wrong: text, why: need }),
    });
  }

  /** Ctrl+Enter sends from anywhere in it, Enter from a line of text; with `before` it can be thrown away. */
  #form({ title, name, send, fields, read, before = null }) {
    const { ctx } = { ctx: this.#ctx };
    const error = el('p', { className: 'error', data: { part: 'error' } });
    error.id = 'form-error';
    error.setAttribute('role', 'alert');
    const form = el('form', { className: 'move-form' }, ...fields, error);
    form.id = 'move-form';
    form.noValidate = true;
    const button = el('button', { className: 'main', data: { command: 'send' } }, send, el('kbd', {}, 'Ctrl+\u23ce'));
    button.type = 'submit';
    button.setAttribute('form', form.id);
    let isTouched = false;
    return new Promise((answer) => {
      const throwAway = el('button', { data: { command: 'throw-away' } }, ctx.say('form.throw_away'));
      throwAway.type = 'button';
      throwAway.addEventListener('click', () => close(THROWN_AWAY));
      const buttons = before ? [throwAway, button] : [button];
      const { close } = ctx.dialog({ title, content: form, buttons, name, isDirty: () => isTouched, onClose: answer });
      form.addEventListener('input', () => { isTouched = true; });
      form.addEventListener('keydown', (event) => {
        if (event.ctrlKey && event.code.endsWith('Enter')) form.requestSubmit();
      });
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        for (const field of form.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
        const { body, wrong, why } = read();
        const isCut = !wrong && ctx.actions.isCut(); // what was typed waits here for the connection
        error.textContent = isCut ? ctx.say('race.offline') : why ?? '';
        if (isCut) return;
        if (!wrong) {
          close(body);
          return;
        }
        wrong.setAttribute('aria-invalid', 'true');
        wrong.setAttribute('aria-describedby', error.id);
        wrong.focus();
      });
      form.querySelector('select, input, textarea')?.focus();
    });
  }
}

function labelled(text, field) {
  const label = el('label', {}, text);
  label.htmlFor = field.id;
  return el('div', { className: 'field' }, label, field);
}

function area(name) {
  const field = el('textarea', { data: { field: name } });
  Object.assign(field, { id: `form-${name}`, maxLength: TEXT_MAX, rows: 2 });
  return field;
}

function choice(name, choices, first = null) {
  const select = el('select', { data: { field: name } });
  Object.assign(select, { id: `form-${name}` });
  for (const [value, text] of choices) select.append(new Option(text, value));
  if (first !== null) select.value = first;
  return select;
}

function radios(name, choices, { isNumbered = false } = {}) {
  return el('fieldset', { data: { field: name } }, ...choices.map(([value, text], i) => {
    const box = el('input');
    Object.assign(box, { type: 'radio', name, value, checked: i === 0 && !isNumbered });
    return el('label', { className: 'choice' }, box, ...(isNumbered ? [el('kbd', {}, String(i + 1))] : []), text);
  }));
}
