// How much of a page, or of the stage, is drawn when bands, larger letters or long words have taken the room.

import { mark } from '../dom.js';

/** What each of them gives up is said in css/wall-pages.css and css/stage.css. */
const ROOMS = ['full', 'short', 'tight', 'bare'];

const SLACK_PX = 1; // browsers round

/** Draw `root` as the first of ROOMS in which all of `boxes` hold what is in them; true when it is another than before. */
export function fitRoom(root, boxes) {
  const before = root.dataset.room;
  for (const room of ROOMS) {
    mark(root, 'room', room);
    if (boxes.every(isWhole)) break;
  }
  return root.dataset.room !== before;
}

/** Whether nothing in a box is cut off below. */
export function isWhole({ scrollHeight, clientHeight }) {
  return scrollHeight <= clientHeight + SLACK_PX;
}
