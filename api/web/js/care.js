// What keeps a page well for weeks without a touch: size for the distance, burn-in, reloads, wake lock.

const ERRORS_MAX = 3;
const RELOAD_GAP_MS = 5 * 60_000;
const READY = '/readyz';
const READY_MS = 5000;
const SHIFT_MS = 10 * 60_000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]];
const RELOADED_AT = 'ioc.reloaded_at';

const BODY_UNITS = 44; // the smallest text of the wall, in units of a 1080th of the height
const CAP_HEIGHT_EM = 0.728; // Inter
const ARC_MINUTES = 16; // least height of a capital at the farthest reader
const SCALE_MAX = 1.5;
export const DISTANCE_M = 5; // what the sizes are drawn for, with this screen
const SCREEN_INCH = 65;
const MM_PER_INCH = 25.4;

/**
 * How much larger than designed the text must be: {scale, isTooSmall} for a 16:9 screen. Nothing is larger, or too
 * small, while neither size nor distance (null) was told. `share`: of the height of the screen, where pages side by side
 * or a narrow window leave a unit only so much of it.
 */
export function wallScale(screenInch, distanceM, share = 1) {
  if (screenInch === null && distanceM === null) return { scale: 1, isTooSmall: false };
  const capMm = 2 * (distanceM ?? DISTANCE_M) * 1000 * Math.tan((ARC_MINUTES / 60 / 2) * (Math.PI / 180));
  const unitMm = (share * (screenInch ?? SCREEN_INCH) * MM_PER_INCH * 9) / Math.hypot(16, 9) / 1080;
  const needed = capMm / CAP_HEIGHT_EM / unitMm / BODY_UNITS;
  return { scale: Math.min(SCALE_MAX, Math.max(1, needed)), isTooSmall: needed > SCALE_MAX };
}

/** Reload, but not again within five minutes: a page that cannot help itself must not flicker. */
export function reloadPage(nowMs, { location, storage } = { location: window.location, storage: sessionStorage }) {
  const ago = nowMs - Number(storage.getItem(RELOADED_AT) ?? 0);
  if (ago >= 0 && ago < RELOAD_GAP_MS) return false; // a clock that was put back must not forbid it for years
  storage.setItem(RELOADED_AT, String(nowMs));
  location.reload();
  return true;
}

const PLANNED_HOUR_MS = 4 * 3_600_000 - 7 * 3_600_000; // 04:00 of the province, as a time of day in UTC
const DAY_MS = 86_400_000;
const TRY_MS = 3_600_000; // whoever cannot reload within an hour waits for the next night

/** One reload a night, at four, spread so that the screens of a site do not go dark together. */
export class ReloadPlan {
  #at;

  constructor(nowMs, spreadMs) {
    const first = Math.floor(nowMs / DAY_MS) * DAY_MS + PLANNED_HOUR_MS + spreadMs;
    this.#at = first + Math.ceil((nowMs - first) / DAY_MS) * DAY_MS;
  }

  isDue(nowMs) {
    if (nowMs - this.#at >= TRY_MS) this.#at += Math.ceil((nowMs - this.#at - TRY_MS + 1) / DAY_MS) * DAY_MS;
    return nowMs >= this.#at;
  }
}

/** Whether the server can give the page anew: one that cannot come back is worse than any other. */
export async function isReady(get = fetch) {
  try {
    return (await get(READY, { signal: AbortSignal.timeout(READY_MS) })).ok;
  } catch {
    return false;
  }
}

/** No fault: a part changed its size while sizes were told, and is told of it with the next frame. */
const SIZES_LATER = /^ResizeObserver\b/;

/** After the third error of our own script the page starts again; `seen(n, message)` is told of each. */
export function reloadAfterErrors(now, seen = () => {}, { target = window, ready = isReady, reload = reloadPage } = {}) {
  let errors = 0;
  let all = 0;
  let isAsking = false;
  const count = async ({ message, reason }) => {
    if (SIZES_LATER.test(message ?? '')) return;
    errors += 1;
    all += 1;
    seen(all, message ?? String(reason));
    if (errors < ERRORS_MAX || isAsking) return;
    isAsking = true;
    const isThere = await ready();
    isAsking = false;
    if (isThere && reload(now())) errors = 0;
  };
  target.addEventListener('error', count);
  target.addEventListener('unhandledrejection', count);
}

/** One part of a screen by itself: what fails in it is an error of the page, and the other parts go on. */
export function apart(step, tell = (error) => reportError(error)) {
  try {
    return step();
  } catch (error) {
    tell(error);
    return undefined;
  }
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
