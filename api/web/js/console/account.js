// Who sits here and what they may do. With authentication off everybody is "local": the console then asks
// once for a name, because the log of an alarm must say who moved it.

const NAME = 'ioc.operator';
const NAME_MAX = 100;
const RANK = ['viewer', 'operator', 'admin'];

export class Account {
  #ctx;
  me = null;

  constructor(ctx) {
    this.#ctx = ctx;
  }

  async load() {
    const { ok, body } = await this.#ctx.call('GET', '/api/v1/me');
    if (!ok) throw new Error('me');
    this.me = body;
  }

  /** May this caller do a move? Until we know, the server decides. */
  may(move) {
    return this.me?.may?.includes(move) ?? true;
  }

  /** Is a page of the console for this caller? */
  sees({ whole = false, role = 'viewer' }) {
    if (this.me === null) return true;
    if (whole && this.me.area !== null) return false;
    return RANK.indexOf(this.me.role) >= RANK.indexOf(role);
  }

  /** The name that moves are made under, '' when nobody has said it yet. */
  get name() {
    return this.me?.authentication ? this.me.name : localStorage.getItem(NAME) ?? '';
  }

  /** The name for a move: asked for when nobody has said it; null when they would not say. */
  async operator() {
    // A key has its own name: nobody is asked for one before that is known.
    if (this.me === null) await this.load().catch(() => this.#ctx.toast('race.offline', {}));
    return this.me === null ? null : this.name || this.askName();
  }

  async askName() {
    const { say } = this.#ctx;
    const said = await this.#ctx.ask({
      title: say('shell.name.title'), label: say('shell.name.label'), hint: say('shell.name.hint'),
      value: this.name, maxLength: NAME_MAX, need: say('shell.name.need'),
    });
    if (said !== null) localStorage.setItem(NAME, said);
    return said;
  }

  get isSignedIn() {
    return this.me?.authentication === true;
  }

  async signOut() {
    await this.#ctx.call('POST', '/api/v1/logout');
    location.assign('/login?next=/console');
  }
}
