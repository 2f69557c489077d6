// Moves of the operator: sent one by one with what was seen, shown at once, and told truthfully. What each
// answer means is decided in pending.js; nothing is ever sent twice by itself.

import { clockTime } from '../formats.js';
import { slimOf } from '../slim.js';
import { fullTitle } from '../subject.js';
import { Forms, THROWN_AWAY } from './forms.js';
import { Pending, wordsOf } from './pending.js';

/** A bulk has so many calls on their way at once: a browser has six connections, one of them is the view. */
const AT_ONCE = 8;
const UNDO_MS = 10_000;
/** An unknown outcome is looked up again this often until it is known. */
const AGAIN_MS = 5000;
const LOG_PAGE = 1000;
const LOG_PAGES_MAX = 5;
const UNSENT = { key: 'race.offline', values: {} };
const BUSY = { key: 'race.busy', values: {} };

const INVERSE = {
  acknowledge: 'unacknowledge', unacknowledge: 'acknowledge', shelve: 'unshelve', assign: 'assign',
  'remove-from-service': 'return-to-service',
};
/** Where the inverse alone does not bring back what was: an alarm that was `was` and comes back as `is` is moved once more. */
const RESTORED = {
  shelve: { was: 'unacknowledged', is: 'acknowledged', move: 'unacknowledge' },
  'remove-from-service': { was: 'acknowledged', is: 'unacknowledged', move: 'acknowledge' },
};
/** From other states the inverse would end an alarm, or have it ring: that is not what was. */
const RESTORABLE = ['unacknowledged', 'acknowledged', 'suppressed'];
export const VERBS = {
  acknowledge: 'verb.acknowledge', unacknowledge: 'verb.unacknowledge', shelve: 'verb.shelve',
  unshelve: 'verb.unshelve', assign: 'verb.assign', comment: 'verb.comment', close: 'verb.close',
  reset: 'verb.reset', 'remove-from-service': 'verb.remove_from_service',
  'return-to-service': 'verb.return_to_service',
};
export const DONE = {
  acknowledge: 'done.acknowledge', unacknowledge: 'done.unacknowledge', shelve: 'done.shelve',
  unshelve: 'done.unshelve', assign: 'done.assign', comment: 'done.comment', close: 'done.close',
  reset: 'done.reset', 'remove-from-service': 'done.remove_from_service',
  'return-to-service': 'done.return_to_service',
};
export const STATES = {
  unacknowledged: 'state.unacknowledged', acknowledged: 'state.acknowledged', returned: 'state.returned',
  shelved: 'state.shelved', suppressed: 'state.suppressed', out_of_service: 'state.out_of_service',
  normal: 'state.normal',
};

/** A move as a sentence has it: an account "may not acknowledge" what "cannot be acknowledged". */
export function actionKey(sentence, move) {
  return (sentence === 'race.forbidden' ? VERBS : DONE)[move];
}

export class Actions {
  #ctx;
  #listeners;
  #pending = new Pending();
  #turns = new Map(); // id -> the last call about it
  #last = null; // {move, done: [{row, before, was}], kept, why, untilMs}: what `q` takes back, and why not the rest
  #askedAt = -Infinity;
  #isAsking = false;

  /** `onChange(ids)` is told which rows are drawn differently, null: what can be undone has changed. */
  constructor(ctx, onChange = () => {}) {
    this.#ctx = ctx;
    this.#listeners = new Set([onChange]);
  }

  /** One more that is told of changes; the function that this gives takes it off again. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  overlay(id) {
    return this.#pending.overlay(id);
  }

  /**
   * What a person has to look at, as the tray lists it: to open the alarm settles it, unless something was typed
   * that did not arrive (`words`). That is shown in its form again.
   */
  unsettled() {
    return this.#pending.tray().map((one) => {
      const isKept = one.words !== null && one.mark === 'refused';
      return {
        id: one.key, text: one.title, detail: this.#text(one.said), words: one.words, hint: isKept ? 'tray.send_again' : null,
        open: () => (isKept ? void this.#again(one) : this.#ctx.go({ page: 'alarms', open: one.id }, { push: true })),
      };
    });
  }

  /** Whether something was typed that did not arrive, or that nobody knows to have arrived. */
  holdsWords() {
    return this.#pending.tray().some(({ words }) => words !== null);
  }

  /** Ask with what was typed before: it is sent once more, thrown away, or left where it is. */
  async #again(one) {
    if (!this.#pending.tray().includes(one)) return; // a sentence may stand longer than what it speaks of
    const row = this.#ctx.index.get(one.id) ?? { id: one.id, title: one.title, ...one.seen };
    const body = await new Forms(this.#ctx).again(one.move, fullTitle(row), one.body);
    if (body === null) return;
    if (body !== THROWN_AWAY) await this.run(one.move, [row], body); // what is not sent again it keeps
    this.#pending.drop(one);
    this.#changed([one.id]);
  }

  /** Somebody has opened the alarm: its refusals are seen. */
  looked(id) {
    if (this.#pending.looked(id)) this.#changed([id]);
  }

  /** The live view has told of these alarms. */
  heard(ids) {
    for (const id of ids ?? this.#pending.ids()) {
      const row = this.#ctx.index.get(id);
      if (row) this.#pending.heard(row);
      else if (this.#ctx.store.isWhole) this.#pending.over(id);
    }
  }

  /**
   * Make a move on each row: what became of each, {id, move, result: done | refused | unknown | waiting, code,
   * alarm, changed}. With `signal` those that are not sent yet are left; `progress(n)` after each answer.
   */
  async run(move, rows, body = {}, { signal, progress = () => {}, isUndo = false } = {}) {
    const why = this.#forbidden(move);
    if (why) {
      this.#ctx.toast(why.key, why.values);
      if (!isUndo) this.#keep(move, rows, body, { key: why.key, values: why.values });
      return rows.map(({ id }) => outcome(id, move, { result: 'refused', code: why.code }));
    }
    const by = await this.#ctx.operator();
    if (by === null) { // whoever would not say their name moves nothing
      if (!isUndo) this.#keep(move, rows, body, UNSENT);
      return [];
    }
    const before = move === 'assign' && !isUndo ? await this.#assignees(rows) : new Map();
    const queue = [...rows];
    const outcomes = [];
    const work = async () => {
      while (queue.length > 0 && !signal?.aborted && !this.isCut()) {
        outcomes.push(await this.#one(move, queue.shift(), body, by));
        progress(outcomes.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, rows.length) }, work));
    if (!isUndo) this.#remember(move, outcomes, before, rows);
    if (queue.length > 0 && !signal?.aborted) { // what is left was never sent
      this.#ctx.toast('race.offline', {});
      if (!isUndo) this.#keep(move, queue, body, UNSENT);
    } else if (rows.length === 1) this.#tellOne(outcomes[0]);
    return outcomes;
  }

  /** Words that were not sent at all stand in the tray, once: they are the same for every row. */
  #keep(move, rows, body, said) {
    if (rows.length === 0 || wordsOf(move, body) === null) return;
    this.#pending.unsent(rows[0], move, body, said, this.#ctx.store.now());
    this.#changed([rows[0].id]);
  }

  /** The last move while it can be taken back: {move, n, leftS}. */
  undoable() {
    if (!this.#isFresh() || this.#last.done.length === 0) return null;
    const leftMs = this.#last.untilMs - performance.now();
    return { move: this.#last.move, n: this.#last.done.length, leftS: Math.ceil(leftMs / 1000) };
  }

  #isFresh() {
    return this.#last !== null && this.#last.untilMs > performance.now();
  }

  /** Take the last move back, or say why not. */
  undoLast() {
    const { toast, say, number } = this.#ctx;
    if (!this.#isFresh()) {
      toast('undo.nothing');
      return;
    }
    const { move, done, kept, why } = this.#last;
    if (done.length === 0) {
      toast(why, { action: say(VERBS[move]) });
      return;
    }
    if (this.isCut()) {
      toast('race.offline', {});
      return; // it can still be taken back while its time lasts
    }
    if (kept > 0) toast('undo.partly', { n: number(kept) });
    this.#last = null;
    this.#changed(null);
    if (move !== 'assign') {
      void this.#restore(move, done);
      return;
    }
    // As many as are undone so were read one by one before, so they are few.
    for (const { row, before } of done) {
      // The server takes any assignment: what somebody else has assigned since is theirs.
      if ((this.#ctx.index.get(row.id)?.owner ?? row.owner) !== row.owner) this.#ctx.toast('undo.overtaken', { title: row.title });
      else void this.run('assign', [row], { assignee: before }, { isUndo: true });
    }
  }

  /** Once a second: what became of moves that nobody has answered? */
  tick(steadyMs) {
    if (this.#last !== null) {
      if (!this.#isFresh()) this.#last = null;
      this.#changed(null);
    }
    if (this.#isAsking || steadyMs - this.#askedAt < AGAIN_MS || this.isCut()) return;
    const unknown = this.#pending.unknown();
    if (unknown.length === 0) return;
    this.#askedAt = steadyMs;
    this.#isAsking = true;
    Promise.all(unknown.slice(0, AT_ONCE).map((one) => this.#readAgain(one))).finally(() => { this.#isAsking = false; });
  }

  async #restore(move, done) {
    const outcomes = await this.run(INVERSE[move], done.map(({ row }) => row), {}, { isUndo: true });
    const more = RESTORED[move];
    const wanted = new Set(done.filter(({ was }) => was === more?.was).map(({ row }) => row.id));
    const rows = outcomes
      .filter(({ result, id, alarm }) => result === 'done' && alarm.state === more?.is && wanted.has(id))
      .map(({ alarm }) => slimOf(alarm, this.#ctx.lang));
    if (rows.length > 0) await this.run(more.move, rows, {}, { isUndo: true });
  }

  // -- one move -------------------------------------------------------------------------------------

  async #one(move, row, body, by) {
    const one = this.#pending.begin(row, move, body, this.#ctx.store.now());
    if (one === null) {
      const before = this.#pending.of(row.id, move);
      const words = wordsOf(move, body);
      if (words !== before.words) this.#keep(move, [row], body, BUSY); // not a key that was pressed twice
      return outcome(row.id, move, { result: 'refused', code: 'sending', said: before.said });
    }
    this.#changed([row.id]);
    const sent = { ...body, version: row.version, severity: row.severity, by };
    const path = `/api/v1/alarms/${row.id}/${move}`;
    const answer = await this.#inTurn(row.id, () => this.#ctx.call('POST', path, sent));
    const found = this.#pending.answered(one, answer);
    if (found.alarm) this.#take(found.alarm);
    this.#changed([row.id]);
    if (found.result === 'unknown') {
      this.#ctx.toast('race.unknown', {});
      void this.#readAgain(one);
    }
    return outcome(row.id, move, { ...found, code: one.code, said: one.said, changed: answer.body?.changed ?? null });
  }

  /** Moves of one alarm go one after the other: what was said first stands first in its log. */
  #inTurn(id, send) {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(send);
    this.#turns.set(id, turn);
    void turn.finally(() => {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    });
    return turn;
  }

  /** Ask for the alarm and its log: they say whether the move was made. */
  async #readAgain(one) {
    const alarm = await this.#ctx.call('GET', `/api/v1/alarms/${one.id}`);
    if (!alarm.ok) return;
    const lines = await this.#log(one.id);
    if (lines === null) return;
    const found = this.#pending.readAgain(one, alarm.body, lines, await this.#ctx.operator(), this.#ctx.store.now());
    this.#take(found.alarm);
    this.#changed([one.id]);
    if (found.result === 'refused') this.#tell(one.said, one);
  }

  async #log(id) {
    const lines = [];
    let cursor = '';
    for (let page = 0; page < LOG_PAGES_MAX; page += 1) {
      const answer = await this.#ctx.call('GET', `/api/v1/alarms/${id}/log?limit=${LOG_PAGE}${cursor}`);
      if (!answer.ok) return null;
      lines.push(...answer.body.log);
      if (answer.body.next === null) break;
      cursor = `&cursor=${encodeURIComponent(answer.body.next)}`;
    }
    return lines;
  }

  /**
   * An answer holds the alarm as it was then: the index hears it before the live view says so. One that is not
   * there has ended meanwhile, or comes with its page: an answer that was late must not bring it back.
   */
  #take(alarm) {
    const { index, lang } = this.#ctx;
    if (alarm.ended_at) index.ended(alarm.id, alarm.version);
    else if (index.get(alarm.id)) index.apply(slimOf(alarm, lang));
  }

  // -- what may not be sent, what may be taken back ---------------------------------------------------

  /** Nothing can be sent now, and nothing is kept to be sent later. */
  isCut() {
    return globalThis.navigator?.onLine === false || this.#ctx.store.condition().stale;
  }

  #forbidden(move) {
    if (this.isCut()) return { key: 'race.offline', values: {}, code: 'offline' };
    if (this.#ctx.may(move)) return null;
    return { key: 'race.forbidden', values: { action: this.#ctx.say(VERBS[move]) }, code: 'forbidden' };
  }

  /** Who had them before: an owner in a row may also be who acknowledged. */
  async #assignees(rows) {
    if (rows.length > AT_ONCE) return new Map();
    const found = await Promise.all(rows.map(({ id }) => this.#ctx.call('GET', `/api/v1/alarms/${id}`)));
    return new Map(found.filter(({ ok }) => ok).map(({ body }) => [body.id, body.assignee]));
  }

  #remember(move, outcomes, before, rows) {
    const was = new Map(rows.map(({ id, state }) => [id, state]));
    const made = outcomes.filter(({ result }) => result === 'done');
    if (made.length === 0) return; // what was made before is still the last
    const reasons = made.map(({ id, alarm }) => whyNoUndo(move, was.get(id), alarm, before.has(id)));
    const done = made.filter((_, i) => reasons[i] === null)
      .map(({ id, alarm }) => ({ row: slimOf(alarm, this.#ctx.lang), before: before.get(id) ?? null, was: was.get(id) }));
    const why = reasons.find((reason) => reason !== null) ?? null;
    this.#last = { move, done, kept: made.length - done.length, why, untilMs: performance.now() + UNDO_MS };
    this.#changed(null);
  }

  // -- telling ----------------------------------------------------------------------------------------

  #tellOne({ id, move, result, said }) {
    if ((result === 'refused' || result === 'waiting') && said) this.#tell(said, this.#pending.of(id, move));
  }

  #tell(said, one) {
    const { key, values } = this.#worded(said);
    const isKept = one?.words && one.mark === 'refused';
    this.#ctx.toast(key, values, isKept ? { action: { label: 'action.send_again', run: () => void this.#again(one) } } : {});
  }

  #text(said) {
    const { key, values } = this.#worded(said);
    return this.#ctx.say(key, values);
  }

  /** The values of a sentence as people read them. */
  #worded({ key, values }) {
    const { say } = this.#ctx;
    const worded = { ...values };
    if ('at' in values) worded.t = values.at === null ? say('page.unknown') : clockTime(values.at);
    if ('from' in values) Object.assign(worded, { a: values.from, b: values.to });
    if ('name' in values) worded.name = values.name ?? say('race.somebody');
    if ('state' in values) worded.state = say(STATES[values.state] ?? 'page.unknown');
    if ('priority' in values) worded.p = values.priority;
    if ('limitS' in values) worded.d = say('form.minutes', { n: Math.round((values.limitS ?? 0) / 60) });
    if ('move' in values) worded.action = say(actionKey(key, values.move));
    return { key, values: worded };
  }

  #changed(ids) {
    for (const listener of this.#listeners) listener(ids);
  }
}

/** Why a move that was made cannot be taken back, the key of a sentence; null when it can. */
function whyNoUndo(move, was, alarm, isOwnerKnown) {
  if (alarm?.ended_at) return 'undo.ended';
  if (!(move in INVERSE) || (move === 'assign' && !isOwnerKnown)) return 'undo.never';
  return move in RESTORED && !RESTORABLE.includes(was) ? 'undo.would_end' : null;
}

function outcome(id, move, { result, code = null, alarm = null, changed = null, said = null }) {
  return { id, move, result, code, alarm, changed, said };
}

