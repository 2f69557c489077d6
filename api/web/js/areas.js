// Communes and wards: names as a wall writes them, outlines for the map.

const PREFIX = /^(Phường|Xã)\s+/u;
const PROVINCE = '19';

export class Areas {
  #byCode = new Map();
  #say;

  constructor(say) {
    this.#say = say;
  }

  /** Take the answer of GET /api/v1/areas. */
  fill(areas) {
    this.#byCode = new Map(areas.map((area) => [area.code, area]));
  }

  has(code) {
    return this.#byCode.has(code);
  }

  /** "P. Phan Đình Phùng"; `fallback` is the name that came with an alarm. */
  shortName(code, fallback) {
    if (!code || code === PROVINCE) return this.#say('area.all');
    const area = this.#byCode.get(code);
    const full = area?.name ?? fallback ?? code;
    const kind = area?.kind ?? (full.startsWith('Phường') ? 'ward' : full.startsWith('Xã') ? 'commune' : '');
    const name = full.replace(PREFIX, '');
    if (kind === 'ward') return this.#say('area.ward', { name });
    if (kind === 'commune') return this.#say('area.commune', { name });
    return name;
  }

  /** A point inside the commune as [lon, lat], or null. */
  point(code) {
    const area = this.#byCode.get(code);
    return Number.isFinite(area?.lon) && Number.isFinite(area?.lat) ? [area.lon, area.lat] : null;
  }
}
