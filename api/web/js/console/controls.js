// Buttons, tables and fields as the console draws them: named for those who hear, reachable by keyboard.

import { el, mark } from '../dom.js';
import { COMMANDS, keyLabel } from '../keymap.js';
import { queryOf } from '../url_state.js';

/** A button. `command` names what it does for the keyboard's table; `key` is the letter that does the same. */
export function button(text, run, { command = '', key = '', className = '' } = {}) {
  const made = el('button', { className, data: command ? { command } : {} }, text);
  made.type = 'button';
  if (key) made.append(' ', el('kbd', {}, key));
  if (key) made.setAttribute('aria-keyshortcuts', key);
  made.addEventListener('click', run);
  return made;
}

/** A link to another view of the console, which is shown in place; a new tab is the browser's. */
export function link(go, view, ...children) {
  const made = el('a', {}, ...children);
  made.href = `/console${queryOf(view)}`;
  made.addEventListener('click', (event) => {
    if (event.ctrlKey || event.shiftKey || event.metaKey) return;
    event.preventDefault();
    go(view);
  });
  return made;
}

/** The button of a command of the keyboard's table, with its word and its key. */
export function commandButton(say, name, run) {
  const { label, keys } = COMMANDS[name];
  return button(say(label), run, { command: name, key: keys.length ? keyLabel(keys[0]) : '' });
}

/** Switch a button off with the reason, which is read and shown; null switches it on. It keeps its place in the order. */
export function allow(made, reason) {
  made.setAttribute('aria-disabled', String(reason !== null));
  if (reason === null) made.removeAttribute('title');
  else made.title = reason;
}

export function isAllowed(made) {
  return made.getAttribute('aria-disabled') !== 'true';
}

/** A table with a caption for those who hear; `columns` are [name, className]. */
export function table(caption, columns) {
  const head = el('tr', {}, ...columns.map(([name, className = '']) => {
    const cell = el('th', { className }, name);
    cell.scope = 'col';
    return cell;
  }));
  const body = el('tbody');
  const made = el('table', {}, el('caption', { className: 'sr-only' }, caption), el('thead', {}, head), body);
  return { root: made, body };
}

/** A row of a table; a cell is a text, an element, or [content, className]. */
export function row(cells, data = {}) {
  return el('tr', { data }, ...cells.map((cell) => {
    const [content, className] = Array.isArray(cell) ? cell : [cell, ''];
    return el('td', { className }, content ?? '');
  }));
}

/** A label with its control below; the problem of the field is read with it. */
export function field(label, control, { hint = '' } = {}) {
  const problem = el('span', { className: 'error' });
  problem.id = `problem-${control.name}-${nextId()}`;
  control.setAttribute('aria-describedby', problem.id);
  const made = el('label', { className: 'field' }, el('span', { className: 'name' }, label), control);
  if (hint) made.append(el('span', { className: 'muted' }, hint));
  made.append(problem);
  return {
    root: made,
    control,
    complain(text) {
      problem.textContent = text;
      control.setAttribute('aria-invalid', String(text !== ''));
    },
  };
}

/** A group of boxes as one field; its value is what is ticked, with commas. `options` are [value, content…]. */
export function checks(name, legend, options) {
  const boxes = options.map(([value]) => control('input', { type: 'checkbox', name, value }));
  const labels = boxes.map((box, i) => el('label', { className: 'check' }, box, ...options[i].slice(1)));
  const problem = el('span', { className: 'error' });
  return {
    root: el('fieldset', { className: 'field checks' }, el('legend', { className: 'name' }, legend), ...labels, problem),
    control: {
      name,
      get value() { return boxes.filter(({ checked }) => checked).map(({ value }) => value).join(','); },
      focus: () => boxes[0].focus(),
    },
    complain(text) { problem.textContent = text; },
  };
}

let lastId = 0;
export function nextId() {
  lastId += 1;
  return lastId;
}

/** A control by its tag with attributes; options of a select are [value, text]. */
export function control(tag, attributes = {}, options = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made[name] = value;
  for (const [value, text] of options) {
    const option = document.createElement('option');
    option.value = value;
    option.textContent = text;
    made.append(option);
  }
  return made;
}

/** Give a select other options, unless they are the same: it may be open. */
export function choose(select, options, value) {
  const written = JSON.stringify(options);
  if (select.dataset.options !== written) {
    mark(select, 'options', written);
    select.replaceChildren(...control('select', {}, options).children);
  }
  select.value = value;
}

/** A line that says why there is nothing, or what went wrong. */
export function note(text, state = 'empty') {
  return el('p', { className: 'note', data: { state } }, text);
}

/** The line of what was not read yet, or could not be. */
export function notRead(say, isFailed) {
  return isFailed ? note(say('detail.failed'), 'failed') : note(say('page.loading'), 'loading');
}

/** The focus goes one up or down among these, by the name of the command; true: it was one of the two. */
export function walk(name, elements) {
  if (name !== 'up' && name !== 'down') return false;
  const at = elements.indexOf(document.activeElement) + (name === 'up' ? -1 : 1);
  elements[Math.min(Math.max(at, 0), elements.length - 1)]?.focus();
  return true;
}
