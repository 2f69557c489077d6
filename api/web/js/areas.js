// Communes and wards: names as a wall writes them, outlines for the map.

const PREFIX = /^(Phường|Xã)\s+/u;
export const PROVINCE = '19';
const NONE = [];

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

  /** How many there are; 0 until they have come. */
  get size() {
    return this.#byCode.size;
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

  /** "Phường Phan Đình Phùng"; the province's own word where there is no commune. */
  fullName(code) {
    if (!code || code === PROVINCE) return this.#say('area.all');
    const area = this.#byCode.get(code);
    if (!area) return code;
    if (area.kind === 'ward') return this.#say('area.ward_full', { name: area.name });
    if (area.kind === 'commune') return this.#say('area.commune_full', { name: area.name });
    return area.name;
  }

  /** The names of the units that it was made of: people go on searching for them. */
  former(code) {
    return this.#byCode.get(code)?.former ?? NONE;
  }

  /** All communes and wards, in the order of their bare names. */
  list() {
    const { compare } = new Intl.Collator('vi');
    return [...this.#byCode.values()].filter(({ code }) => code !== PROVINCE)
      .sort((a, b) => compare(a.name, b.name) || compare(b.kind, a.kind));
  }

  /** "Phan Đình Phùng": where the kind is plain or does not matter. */
  bareName(code) {
    return this.#byCode.get(code)?.name.replace(PREFIX, '') ?? code;
  }

  /** A point inside the commune as [lon, lat], or null. */
  point(code) {
    const area = this.#byCode.get(code);
    return Number.isFinite(area?.lon) && Number.isFinite(area?.lat) ? [area.lon, area.lat] : null;
  }
}
