// What keeps a page well for weeks without a touch: size for the distance, burn-in, reloads, wake lock.

const ERRORS_MAX = 3;
const RELOAD_GAP_MS = 5 * 60_000;
const SHIFT_MS = 10 * 60_000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]];
const RELOADED_AT = 'ioc.reloaded_at';

const BODY_UNITS = 44; // the smallest text of the wall, in units of a 1080th of the height
const CAP_HEIGHT_EM = 0.728; // Inter
const ARC_MINUTES = 16; // least height of a capital at the farthest reader
const SCALE_MAX = 1.5;
const MM_PER_INCH = 25.4;

/** How much larger than designed the text must be: {scale, isTooSmall} for a 16:9 screen. */
export function wallScale(screenInch, distanceM) {
  if (!(screenInch > 0) || !(distanceM > 0)) return { scale: 1, isTooSmall: false };
  const capMm = 2 * distanceM * 1000 * Math.tan((ARC_MINUTES / 60 / 2) * (Math.PI / 180));
  const unitMm = (screenInch * MM_PER_INCH * 9) / Math.hypot(16, 9) / 1080;
  const needed = capMm / CAP_HEIGHT_EM / unitMm / BODY_UNITS;
  return { scale: Math.min(SCALE_MAX, Math.max(1, needed)), isTooSmall: needed > SCALE_MAX };
}

/** Reload, but not again within five minutes: a page that cannot help itself must not flicker. */
export function reloadPage(nowMs, { location, storage } = { location: window.location, storage: sessionStorage }) {
  if (nowMs - Number(storage.getItem(RELOADED_AT) ?? 0) < RELOAD_GAP_MS) return false;
  storage.setItem(RELOADED_AT, String(nowMs));
  location.reload();
  return true;
}

/** After the third error of our own script the page starts again. */
export function reloadAfterErrors(now) {
  let errors = 0;
  const count = () => {
    errors += 1;
    if (errors >= ERRORS_MAX && reloadPage(now())) errors = 0;
  };
  window.addEventListener('error', count);
  window.addEventListener('unhandledrejection', count);
}

/** Move the whole picture by two units every ten minutes, so that nothing burns in. */
export function shiftPicture(body, steadyMs) {
  const [x, y] = SHIFTS[Math.floor(steadyMs / SHIFT_MS) % SHIFTS.length];
  const move = `translate(calc(${x} * var(--u)), calc(${y} * var(--u)))`;
  if (body.style.transform !== move) body.style.transform = move;
}

/** Ask that the screen stays on; asked again whenever the page is shown again. */
export function keepAwake() {
  const ask = () => navigator.wakeLock?.request('screen').catch(() => {});
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') ask();
  });
  ask();
}
