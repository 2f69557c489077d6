// Web Mercator: degrees to a square world of side 1, x to the east, y to the south.

const RAD = Math.PI / 180;
const EARTH_M = 40075016.686;

/** The world coordinates of a place in degrees. */
export function projected(lon, lat) {
  return [lon / 360 + 0.5, 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * RAD) / 2)) / (2 * Math.PI)];
}

/** The place in degrees of world coordinates. */
export function unprojected(x, y) {
  return { lon: (x - 0.5) * 360, lat: (2 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - Math.PI / 2) / RAD };
}

/** How many metres on the ground one unit of the world is there. */
export function metresPerUnit(lat) {
  return EARTH_M * Math.cos(lat * RAD);
}
