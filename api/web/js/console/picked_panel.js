// What was picked on the map: a commune with its open alarms, or the devices of one place.

import { badge, lookOf } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';
import { running, secondsBetween } from '../formats.js';
import { tipOfDevice } from '../map/tips.js';
import { link } from './controls.js';

const ALARMS_MAX = 50;
const DEVICES_MAX = 200;

export class PickedPanel {
  #ctx;
  #title = el('h2');
  #list = el('ul');
  #more;
  #shown = '';
  #times = []; // [element, since when]

  constructor(ctx, { onClose }) {
    this.#ctx = ctx;
    const close = el('button', { data: { command: 'map_close' } }, ctx.say('map.close'));
    close.type = 'button';
    close.addEventListener('click', onClose);
    this.#more = el('a', {}, ctx.say('map.list'));
    this.root = el('section', { className: 'map-picked', data: { part: 'picked' } },
      el('header', {}, this.#title, this.#more, close), this.#list);
    this.root.hidden = true;
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Devices were picked: a commune that is chosen, too, does not take their place by itself. */
  get showsDevices() {
    return this.isOpen && this.root.dataset.picked === 'devices';
  }

  /** Once a second: how long each alarm has been open. */
  tick(nowMs) {
    for (const [element, raisedAt] of this.#times) write(element, running(secondsBetween(raisedAt, nowMs), this.#ctx.say));
  }

  close() {
    reveal(this.root, false);
    this.#shown = '';
    this.#times = [];
  }

  /** `rows`: the open alarms, most urgent first. */
  showArea(code, rows) {
    const here = rows.filter(({ area }) => area === code);
    const shown = JSON.stringify([code, here.slice(0, ALARMS_MAX).map(({ id, version }) => [id, version]), here.length]);
    if (shown === this.#shown) return;
    this.#begin(shown, `${this.#ctx.areas.fullName(code)}`, `/console?page=alarms&area=${code}`);
    mark(this.root, 'picked', code);
    const heading = here.length ? this.#ctx.say('map.alarms_here', { n: this.#ctx.number(here.length) })
      : this.#ctx.say('map.no_alarms_here');
    this.#list.replaceChildren(el('li', { className: 'muted' }, heading),
      ...here.slice(0, ALARMS_MAX).map((row) => this.#alarm(row)));
    this.tick(this.#ctx.clock.now());
  }

  #alarm(row) {
    const marker = badge(row.priority, lookOf(row.state));
    const since = el('span', { className: 'figure' });
    this.#times.push([since, row.raisedAt]);
    const title = el('span', { className: 'title' }, row.title);
    return el('li', { data: { alarm: row.id } }, link(this.#ctx.go, { page: 'alarms', open: row.id }, marker, title, since));
  }

  /** `devices`: {source, device, area, silent}. */
  showDevices(devices) {
    const [first] = devices;
    const title = devices.length === 1 ? first.device : this.#ctx.say('map.devices_here', { n: this.#ctx.number(devices.length) });
    this.#begin(`devices ${first.device} ${devices.length}`, title, `/console?page=alarms&q=${encodeURIComponent(first.device)}`);
    mark(this.root, 'picked', 'devices');
    this.#list.replaceChildren(...devices.slice(0, DEVICES_MAX).map((device) => (
      el('li', { data: { device: device.device } }, tipOfDevice(this.#ctx, device).join(' \u00b7 '))
    )));
  }

  #begin(shown, title, href) {
    this.#shown = shown;
    this.#times = [];
    this.#title.textContent = title;
    this.#more.href = href;
    reveal(this.root, true);
  }
}
