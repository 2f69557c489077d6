// A form over the page: fields, one button that sends, Ctrl+Enter sends too. What is wrong is said at its field.

import { el } from '../dom.js';
import { button, nextId } from './controls.js';

/**
 * Open a form. `fields` are what controls.js `field` gives; `send()` gives the problem that is to be shown
 * ({text, field?}), or null when it is done. Resolves to true when it was sent, to false when it was left.
 * Whoever leaves while it is on its way is told in the tray when it is refused.
 */
export function askFields(ctx, { title, name, lines = [], fields = [], sendText, send }) {
  const start = fields.map(({ control }) => control.value);
  const problem = el('p', { className: 'error' });
  problem.setAttribute('role', 'alert');
  const content = el('form', { className: 'asking' }, ...lines, ...fields.map(({ root }) => root), problem);
  content.noValidate = true;
  let isSending = false;
  let isLeft = false;
  return new Promise((done) => {
    const submit = async () => {
      if (isSending) return;
      isSending = true;
      for (const each of fields) each.complain('');
      problem.textContent = '';
      sender.setAttribute('aria-disabled', 'true');
      const wrong = await send();
      isSending = false;
      sender.removeAttribute('aria-disabled');
      if (isLeft) {
        if (wrong !== null) ctx.refused(title, wrong.text);
        done(wrong === null);
      } else if (wrong === null) dialog.close(true);
      else complain(fields, problem, wrong);
    };
    const sender = button(sendText, () => {}, { command: 'send', key: 'Ctrl+\u23ce', className: 'main' });
    content.id = `form-${nextId()}`;
    sender.type = 'submit'; // of this form, though it stands in the foot: Enter in a line sends, too
    sender.setAttribute('form', content.id);
    content.addEventListener('submit', (event) => {
      event.preventDefault();
      void submit();
    });
    content.addEventListener('keydown', (event) => {
      if (!event.ctrlKey || (event.code !== 'Enter' && event.code !== 'NumpadEnter')) return;
      event.preventDefault();
      void submit();
    });
    const dialog = ctx.dialog({
      title, content, buttons: [sender], name,
      isDirty: () => fields.some(({ control }, i) => control.value !== start[i]),
      onClose: (isSent) => {
        isLeft = isSent !== true;
        if (!isSending) done(!isLeft);
      },
    });
    (fields[0]?.control ?? sender).focus();
  });
}

function complain(fields, problem, { text, field }) {
  const at = fields.find(({ control }) => control.name === field);
  if (!at) {
    problem.textContent = text;
    return;
  }
  at.complain(text);
  at.control.focus();
}
