// Buttons and the scale bar of a map.

import { svg } from '../badges.js';
import { el, write } from '../dom.js';

const BAR_PX = 120;
const SIGNS = { in: 'M4 10H16M10 4V16', out: 'M4 10H16', all: 'M4 8V4H8M12 4H16V8M16 12V16H12M8 16H4V12' };

export class Controls {
  #ctx;
  #bar = el('span', { className: 'map-bar' });
  #length = el('span');

  /** `zoom(steps)`; 0 shows everything. */
  constructor(root, ctx, zoom) {
    this.#ctx = ctx;
    const buttons = el('div', { className: 'map-buttons' });
    buttons.append(
      this.#button('map.zoom_in', SIGNS.in, 'zoom_in', () => zoom(1)),
      this.#button('map.zoom_out', SIGNS.out, 'zoom_out', () => zoom(-1)),
      this.#button('map.fit', SIGNS.all, 'fit', () => zoom(0)),
    );
    const scale = el('div', { className: 'map-scale' }, this.#bar, this.#length);
    scale.setAttribute('aria-hidden', 'true');
    root.append(buttons, scale);
  }

  #button(key, d, command, run) {
    const button = el('button', { data: { command } });
    button.type = 'button';
    button.title = this.#ctx.say(key);
    button.setAttribute('aria-label', this.#ctx.say(key));
    const sign = svg('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' });
    sign.append(svg('path', { d }));
    button.append(sign);
    button.addEventListener('click', run);
    return button;
  }

  show(view) {
    const { metres, px } = view.scaleBar(BAR_PX);
    this.#bar.style.width = `${px.toFixed(1)}px`;
    write(this.#length, metres < 1000
      ? this.#ctx.say('map.metres', { n: this.#ctx.number(metres) })
      : this.#ctx.say('map.kilometres', { n: this.#ctx.number(metres / 1000) }));
  }
}
