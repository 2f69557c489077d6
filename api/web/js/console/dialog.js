// A question in front of the page. While it stands the page's keys rest; Esc leaves, and asks before it
// throws away what somebody has typed; the focus goes back to where it was.

import { el, part } from '../dom.js';

/** What is read aloud or shown of what happens meanwhile: a browser silences all that is not in the front dialog. */
const TOLD = ['spoken', 'murmured', 'toasts'];

/**
 * Show `content` under a title: {element, close}. `buttons` go to the foot; `isDirty()` says that something
 * was typed; `onClose(value)` is told once, with null when the person left.
 */
export function showDialog(ctx, { title, content, buttons = [], isDirty = () => false, onClose = () => {}, name = '' }) {
  const { say } = ctx;
  const heading = el('h2', {}, title);
  const leave = el('button', { className: 'plain', data: { command: 'back' } }, say('action.close_panel'));
  leave.type = 'button';
  const dialog = el('dialog', { data: { dialog: name } }, el('header', {}, heading, leave), content);
  if (buttons.length > 0) dialog.append(el('footer', {}, ...buttons));
  dialog.setAttribute('aria-label', title);
  const resume = ctx.keymap.pause();
  const before = document.activeElement;
  let isOver = false;
  const close = (value = null) => {
    if (isOver) return;
    isOver = true;
    resume();
    dialog.close();
    tellIn([...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body); // before it goes, or they go with it
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
    onClose(value);
  };
  const leaveIfMeant = () => {
    if (!isDirty() || dialog.dataset.leaving === 'true') {
      close(null);
      return;
    }
    dialog.dataset.leaving = 'true'; // the second time it is meant
    heading.textContent = say('dialog.leave');
  };
  leave.addEventListener('click', leaveIfMeant);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    leaveIfMeant();
  });
  dialog.addEventListener('close', () => close(null));
  dialog.addEventListener('input', () => {
    delete dialog.dataset.leaving;
    heading.textContent = title;
  });
  document.body.append(dialog);
  dialog.showModal();
  tellIn(dialog);
  return { element: dialog, close };
}

function tellIn(place) {
  const told = TOLD.map((name) => part(name));
  if (told.some((each) => each.parentElement !== place)) place.append(...told);
}

/** Ask for one line of text: a promise of it, or of null when the person left. */
export function askFor(ctx, { title, label, hint = '', value = '', maxLength, need }) {
  const { say } = ctx;
  const field = el('input', { data: { field: 'answer' } });
  Object.assign(field, { value, maxLength, id: 'ask-answer', autocomplete: 'off' });
  const error = el('p', { className: 'error' });
  error.id = 'ask-error';
  field.setAttribute('aria-describedby', error.id);
  const caption = el('label', {}, label);
  caption.htmlFor = field.id;
  const send = el('button', { className: 'main', data: { command: 'send' } }, say('action.save'));
  const form = el('form', { className: 'ask' }, caption, field, el('p', { className: 'small muted' }, hint), error);
  form.id = 'ask';
  send.setAttribute('form', form.id);
  return new Promise((answer) => {
    const { close } = showDialog(ctx, {
      title, content: form, buttons: [send], name: 'ask',
      isDirty: () => field.value.trim() !== value, onClose: answer,
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const said = field.value.trim();
      field.setAttribute('aria-invalid', String(said === ''));
      error.textContent = said === '' ? need : '';
      if (said !== '') close(said);
    });
    field.focus();
    field.select();
  });
}
