// Sentences that a person should read, a few at a time; each goes by itself or when it is closed.

import { el } from '../dom.js';

const SHOWN_MAX = 3;
const KEEP_MS = 10_000;

export class Toasts {
  #root;
  #say;

  constructor(root, say) {
    this.#root = root;
    this.#say = say;
  }

  /** Say a sentence of the catalogue; `action` {label, run} is a button beside it. */
  show(key, values = {}, { keepMs = KEEP_MS, action = null } = {}) {
    const toast = el('div', { className: 'toast', data: { toast: key } }, el('span', {}, this.#say(key, values)));
    const end = () => {
      clearTimeout(timer);
      toast.remove();
    };
    if (action) toast.append(this.#button(this.#say(action.label), () => { end(); action.run(); }));
    toast.append(this.#button(this.#say('action.close_panel'), end));
    this.#root.append(toast);
    while (this.#root.children.length > SHOWN_MAX) this.#root.firstChild.remove();
    let timer = this.#later(end, keepMs);
    // Who reads it, or is about to press its button, is not hurried.
    for (const [here, gone] of [['pointerenter', 'pointerleave'], ['focusin', 'focusout']]) {
      toast.addEventListener(here, () => clearTimeout(timer));
      toast.addEventListener(gone, () => { timer = this.#later(end, keepMs); });
    }
    return end;
  }

  #later(end, keepMs) {
    return Number.isFinite(keepMs) ? setTimeout(end, keepMs) : undefined;
  }

  #button(label, run) {
    const button = el('button', {}, label);
    button.type = 'button';
    button.addEventListener('click', run);
    return button;
  }
}
