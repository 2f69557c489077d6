// One group of dead letters: a record of it beside what could be read, a mend, and what the reader says to it.

import { fieldsOf, fixOf, groupKey, mistake } from '../dead_letter.js';
import { el, mark, reveal, write } from '../dom.js';
import { dateTime, instant } from '../formats.js';
import { askFields } from './asking.js';
import { allow, button, control, field, isAllowed, note, row, table } from './controls.js';
import { faultWords, wantedWords } from './dead_words.js';
import { SOURCE_KEYS, word } from './life.js';

const STEPS_MAX = 20;
const RAW_CHARACTERS_MAX = 20_000;
const REFUSED_SHOWN_MAX = 5;
const WHY_CHARACTERS_MAX = 2000;
/** Reading a thousand again takes longer than a call usually may. */
const LONG_MS = 60_000;
const OPS = { rename: 'dead.op.rename', set: 'dead.op.set', remove: 'dead.op.remove' };
const FIELD_STATES = { read: 'dead.field.read', wrong: 'dead.field.wrong', missing: 'dead.field.missing' };
const STEP_PROBLEMS = { path: 'dead.bad_path', to: 'dead.bad_to' };

export class LetterSheet {
  #root;
  #ctx;
  #changed;
  #group = null;
  #range = {};
  #letter = null;
  #steps = [];
  #isBusy = false;
  #trial = null; // what the last try said, of this very fix
  #after = 0; // the number behind which the last try began
  #next = null; // where the next one begins, when more wait behind those that were tried
  #parts;

  /** `changed()` is called when letters have left the group. */
  constructor(root, ctx, changed) {
    const { say } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    this.#changed = changed;
    this.#parts = {
      title: el('h2'), meta: el('p', { className: 'muted small' }), own: el('code', { lang: 'en' }),
      look: button(say('dead.look'), () => void this.#look(), { command: 'look' }), guard: el('p', { className: 'muted' }, say('dead.guarded')),
      raw: el('div', { className: 'raw' }), fields: el('div', { className: 'fields scroll' }), steps: el('ol', { className: 'mend' }),
      add: button(say('dead.add_step'), () => this.#add(this.#steps.length === 0 ? firstStep(this.#group) : {}), { command: 'add-step' }),
      tryAll: button('', () => void this.#try(), { command: 'try', className: 'main' }), said: el('p', { className: 'said' }),
      further: button(say('dead.try_next'), () => void this.#try(this.#next), { command: 'try-next' }),
      refused: el('ul', { className: 'small refused' }), retry: button('', () => void this.#retry(), { command: 'retry' }),
      discard: button(say('dead.discard'), () => void this.#discard(), { command: 'discard' }),
    };
    const { title, meta, own, look, guard, raw, fields, steps, add, tryAll, further, said, refused, retry, discard } = this.#parts;
    said.setAttribute('role', 'status');
    const half = (label, ...inside) => el('section', { className: 'block' }, el('h3', {}, say(label)), ...inside);
    root.append(
      el('header', {}, title, meta, el('details', { className: 'small' }, el('summary', {}, say('dead.own')), own)),
      el('div', { className: 'halves' }, half('dead.raw', guard, look, raw), half('dead.parsed', fields)),
      half('dead.mend', steps, el('div', { className: 'doing' }, add, tryAll, further, retry, discard), said, refused),
    );
  }

  show(group, range) {
    reveal(this.#root, group !== null);
    if (group === null) return; // the mend that was typed stands there when the same group is opened again
    const isOther = this.#group === null || groupKey(this.#group) !== groupKey(group);
    // What came since is not in what was looked at and tried: the number stays until the person acts.
    if (!isOther && this.#trial !== null) return;
    this.#group = group;
    this.#range = range;
    if (isOther) {
      this.#letter = null;
      this.#steps = [];
      this.#parts.steps.replaceChildren();
      this.#forget();
    }
    this.#draw();
  }

  #draw() {
    const { say, number } = this.#ctx;
    const group = this.#group;
    const n = number(group.n);
    mark(this.#root, 'open', groupKey(group));
    write(this.#parts.title, say('dead.group', { n }));
    const wanted = wantedWords(say, group).text;
    write(this.#parts.meta, [word(SOURCE_KEYS, group.source, say), faultWords(say, group), wanted].filter(Boolean).join(' \u00b7 '));
    write(this.#parts.own, group.detail);
    write(this.#parts.tryAll, say('dead.try', { n }));
    reveal(this.#parts.further, this.#next !== null);
    const ok = this.#trial?.ok ?? 0;
    write(this.#parts.retry, this.#trial === null ? say('dead.retry_none') : say('dead.retry', { n: number(ok) }));
    allow(this.#parts.retry, this.#trial === null ? say('dead.try_first') : ok === 0 ? say('dead.none_ok') : null);
    this.#drawLetter();
  }

  // -- one record ---------------------------------------------------------------------------------

  /** Bytes may be personal data: they are fetched when a person asks for them, and the look is on record. */
  async #look() {
    const { call, say } = this.#ctx;
    const wanted = this.#group;
    const { ok, status, body } = await call('GET', `/api/v1/dead-letters/${wanted.newest}`);
    if (wanted !== this.#group && groupKey(wanted) !== groupKey(this.#group ?? wanted)) return;
    if (!ok) {
      this.#say(status === 404 ? say('dead.expired') : say('detail.failed'));
      return;
    }
    this.#letter = body;
    this.#drawLetter();
    this.#changed();
  }

  #drawLetter() {
    const { say } = this.#ctx;
    const letter = this.#letter;
    const { guard, look, raw, fields } = this.#parts;
    const hadFocus = document.activeElement === look;
    for (const each of [guard, look]) reveal(each, letter === null);
    reveal(raw, letter !== null);
    mark(this.#root, 'letter', letter?.id ?? '');
    if (letter === null) {
      fields.replaceChildren(note(say('dead.not_looked')));
      return;
    }
    const text = letter.text ?? letter.base64;
    const shown = el('pre', {}, text.slice(0, RAW_CHARACTERS_MAX));
    shown.tabIndex = 0;
    shown.setAttribute('role', 'region');
    shown.setAttribute('aria-label', say('dead.raw'));
    const origin = el('p', { className: 'small muted' }, say('dead.origin', {
      id: letter.id, topic: letter.topic, partition: letter.partition, offset: letter.offset, t: dateTime(instant(letter.received_at)),
    }));
    raw.replaceChildren(shown, origin, ...(letter.text === null ? [note(say('dead.no_text'))] : []));
    if (hadFocus) shown.focus();
    this.#drawFields(letter);
  }

  #drawFields(letter) {
    const { say } = this.#ctx;
    const { fields, isCut } = fieldsOf(letter);
    if (fields === null) {
      this.#parts.fields.replaceChildren(note(say('dead.no_fields')));
      return;
    }
    const { root, body } = table(say('dead.parsed'), [[say('dead.field')], [say('dead.value')], [say('dead.check')]]);
    for (const { path, value, state, like } of fields) {
      const check = el('span', {}, say(FIELD_STATES[state]));
      const cell = el('div', { className: 'check' }, check);
      if (like !== null) {
        cell.append(button(say('dead.suggest', { a: last(like), b: last(path) }), () => this.#add({ op: 'rename', path: like, to: path }), { command: 'suggest' }));
      }
      body.append(row([el('code', {}, path), el('span', { className: 'value code' }, value), cell], { field: path, state }));
    }
    this.#parts.fields.replaceChildren(root, ...(isCut ? [note(say('dead.cut', { n: fields.length }))] : []));
  }

  // -- the mend -----------------------------------------------------------------------------------

  #add({ op = 'rename', path = '', to = '', value = '' }) {
    if (this.#steps.length >= STEPS_MAX) return;
    const { say } = this.#ctx;
    const what = control('select', { name: 'op', value: op }, Object.entries(OPS).map(([each, key]) => [each, say(key)]));
    what.value = op;
    what.setAttribute('aria-label', say('dead.op'));
    const make = (name, label, text) => field(say(label), control('input', { name, value: text, autocomplete: 'off', spellcheck: false, maxLength: 500 }));
    const step = { what, path: make('path', 'dead.path', path), to: make('to', 'dead.to', to), value: make('value', 'dead.value', value) };
    const line = el('li', { data: { step: this.#steps.length } });
    const drop = button(say('dead.drop_step'), () => {
      this.#steps = this.#steps.filter((each) => each !== step);
      line.remove();
      this.#parts.add.focus();
      this.#forget();
    }, { command: 'drop-step' });
    line.append(what, step.path.root, step.to.root, step.value.root, drop);
    const fit = () => {
      reveal(step.to.root, what.value === 'rename');
      reveal(step.value.root, what.value === 'set');
    };
    line.addEventListener('input', () => {
      fit();
      this.#forget();
    });
    fit();
    this.#steps.push(step);
    this.#parts.steps.append(line);
    this.#forget();
    const unsaid = { rename: to ? null : step.to, set: value ? null : step.value, remove: null }[op];
    (path === '' ? step.path.control : unsaid?.control ?? this.#parts.tryAll).focus();
  }

  /** Another fix: what the last try said counts no more. */
  #forget() {
    this.#trial = null;
    this.#next = null;
    mark(this.#root, 'ok', '');
    this.#say('');
    this.#parts.refused.replaceChildren();
    if (this.#group) this.#draw();
  }

  /** The body of a call about all of the group, or null when a step is not whole, which is said at its field. */
  #body() {
    const { say } = this.#ctx;
    for (const step of this.#steps) for (const each of [step.path, step.to]) each.complain('');
    const { fix, wrong, problem } = fixOf(this.#steps.map(({ what, path, to, value }) => ({
      op: what.value, path: path.control.value, to: to.control.value, value: value.control.value,
    })));
    if (fix === undefined) {
      const at = this.#steps[wrong][problem];
      at.complain(say(STEP_PROBLEMS[problem]));
      at.control.focus();
      return null;
    }
    const { source, reason, detail, newest } = this.#group;
    return { group: { source, reason, detail, newest, after: this.#after, ...this.#range }, fix };
  }

  /** On the first of the group, or on those behind the ones that this mend did not help. */
  async #try(after = 0) {
    this.#after = after;
    const body = this.#body();
    if (body === null) return;
    const { ok, body: said } = await this.#send('try', body);
    if (!ok) return;
    this.#trial = said;
    this.#next = said.more ? said.last : null;
    mark(this.#root, 'ok', said.ok);
    const { say, number } = this.#ctx;
    const sentence = say('dead.tried', { ok: number(said.ok), bad: number(said.tried - said.ok) });
    this.#say(said.more ? `${sentence} ${say('dead.more', { n: number(said.tried) })}` : sentence);
    this.#parts.refused.replaceChildren(...said.refused.slice(0, REFUSED_SHOWN_MAX).map((refusal) => {
      const { text, lang } = wantedWords(say, refusal);
      const line = el('li', {}, `${refusal.id}: ${faultWords(say, refusal)}${text && ' \u00b7 '}`, el('span', { lang }, text));
      line.title = refusal.detail;
      return line;
    }));
    this.#draw();
  }

  async #retry() {
    if (!isAllowed(this.#parts.retry)) return;
    const body = this.#body();
    if (body === null) return;
    const { ok, body: said } = await this.#send('retry', body);
    if (!ok) return;
    const { say, number } = this.#ctx;
    this.#next = said.more ? said.last : null;
    this.#ctx.toast('dead.retried', { n: number(said.sent), m: number(said.tried - said.sent) });
    this.#settle(say('dead.retried', { n: number(said.sent), m: number(said.tried - said.sent) }), said.sent);
  }

  async #discard() {
    const { say, number } = this.#ctx;
    const why = field(say('dead.why'), control('input', { name: 'why', maxLength: WHY_CHARACTERS_MAX, autocomplete: 'off' }));
    const { source, reason, detail, newest } = this.#group;
    const group = { source, reason, detail, newest, ...this.#range };
    await askFields(this.#ctx, {
      title: say('dead.discard_title', { n: number(this.#group.n) }), name: 'discard',
      lines: [el('p', {}, say('dead.discard_hint'))], fields: [why], sendText: say('dead.discard_send'),
      send: async () => {
        if (why.control.value.trim() === '') return { field: 'why', text: say('dead.why_needed') };
        const { ok, body } = await this.#send('discard', { group, why: why.control.value.trim() });
        if (!ok) return { text: this.#parts.said.textContent };
        this.#ctx.toast('dead.discarded', { n: number(body.discarded) });
        this.#settle('', body.discarded);
        return null;
      },
    });
  }

  /** One call at a time; what went wrong is said in words and nothing is taken for done. */
  async #send(what, body) {
    if (this.#isBusy) return { ok: false };
    const { say, call } = this.#ctx;
    this.#isBusy = true;
    mark(this.#root, 'busy', what);
    this.#say(say('dead.working'));
    const answer = await call('POST', `/api/v1/dead-letters/${what}`, body, { timeoutMs: LONG_MS });
    this.#isBusy = false;
    mark(this.#root, 'busy', '');
    if (!answer.ok) this.#say(answer.status === 0 ? say('dead.unknown') : say('dead.refused_call', { why: answer.body?.detail ?? answer.status }));
    if (!answer.ok && what !== 'try') this.#changed();
    return answer;
  }

  #settle(sentence, n) {
    this.#trial = null;
    mark(this.#root, 'settled', n);
    this.#say(sentence);
    this.#parts.refused.replaceChildren();
    this.#changed();
  }

  #say(text) {
    write(this.#parts.said, text);
  }
}

/** The step that a person most likely begins with: the field that was refused gets another value. */
function firstStep(group) {
  const found = mistake(group);
  return found ? { op: 'set', path: found.path } : {};
}

function last(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}
