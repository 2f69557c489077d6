// The devices of a map: who they are, where they stand, and what of it makes their clusters new.

import { Clusters } from './cluster.js';
import { projected } from './projection.js';

/** Camera square, fire panel pentagon, sensor dot, desk house. */
export function kindOf(source, device) {
  if (source === 'camera') return 'square';
  if (source === 'queue') return 'house';
  return source === 'fire' && !device.includes('/') ? 'pentagon' : 'dot';
}

/** One word for a device of a source. */
function keyOf(source, device) {
  return `${source} ${device}`;
}

/** Devices as objects {source, device, area, lat, lon, silent}, in the rows of GET /devices. */
export function columnsOf(devices) {
  const sources = [...new Set(devices.map(({ source }) => source))];
  const areas = [...new Set(devices.map(({ area }) => area ?? ''))];
  return {
    sources, areas, columns: ['source', 'device', 'area', 'lat', 'lon', 'silent'],
    rows: devices.map((each) => [
      sources.indexOf(each.source), each.device, areas.indexOf(each.area ?? ''), each.lat ?? null,
      each.lon ?? null, each.silent ? 1 : 0,
    ]),
  };
}

export class Devices {
  #all = []; // {key, source, device, area, kind, x, y}; those with a place only
  #silent = [];
  #at = new Map();
  #placeless = new Set();
  clusters = new Clusters(new Float64Array(0), new Float64Array(0), new Uint8Array(0));

  /** `answer` is that of GET /devices; rows without a place are counted, not drawn. */
  constructor(answer = { sources: [], areas: [], columns: [], rows: [] }) {
    this.#take(answer);
    this.#rebuild();
  }

  get size() {
    return this.#all.length;
  }

  get placeless() {
    return this.#placeless.size;
  }

  get(i) {
    const { source, device, area, kind, x, y } = this.#all[i];
    return { source, device, area, kind, x, y, silent: this.clusters.isSilent(i) };
  }

  /** Which device it is; -1 when it has no place here. */
  indexOf(source, device) {
    return this.#at.get(keyOf(source, device)) ?? -1;
  }

  /** Take in the rows that changed; true when somebody came or moved, so that the clusters are new. */
  patch(answer) {
    if (!this.#take(answer)) return false;
    this.#rebuild();
    return true;
  }

  /** True when a position is other than before. */
  #take({ sources, areas, columns, rows }) {
    const at = Object.fromEntries(columns.map((name, i) => [name, i]));
    let isMoved = false;
    for (const row of rows) {
      const [source, device] = [sources[row[at.source]], row[at.device]];
      const key = keyOf(source, device);
      if (row[at.lat] === null || row[at.lon] === null) {
        if (!this.#at.has(key)) this.#placeless.add(key);
        continue;
      }
      const [x, y] = projected(row[at.lon], row[at.lat]);
      const i = this.#at.get(key);
      const isSilent = row[at.silent] === 1;
      if (i !== undefined && this.#all[i].x === x && this.#all[i].y === y) {
        this.#all[i].area = areas[row[at.area]];
        this.#silent[i] = isSilent;
        this.clusters.setSilent(i, isSilent);
        continue;
      }
      isMoved = true;
      this.#placeless.delete(key);
      this.#put(i ?? this.#all.length, { key, source, device, area: areas[row[at.area]], x, y }, isSilent);
    }
    return isMoved;
  }

  #put(i, device, isSilent) {
    this.#all[i] = { ...device, kind: kindOf(device.source, device.device) };
    this.#silent[i] = isSilent;
    this.#at.set(device.key, i);
  }

  #rebuild() {
    const before = this.clusters;
    this.clusters = new Clusters(
      Float64Array.from(this.#all, ({ x }) => x), Float64Array.from(this.#all, ({ y }) => y),
      Uint8Array.from(this.#silent, (isSilent) => (isSilent ? 1 : 0)),
    );
    for (let i = 0; i < before.size; i += 1) {
      if (before.priority(i)) this.clusters.setPriority(i, before.priority(i));
    }
  }
}
