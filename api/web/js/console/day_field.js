// A field for a day, dd/mm/yyyy whatever the browser's language is.

import { dayOf, dayWords } from '../day.js';
import { control, field } from './controls.js';

/** What controls.js `field` gives, and `day`: as the address holds it. `changed(day)` is told a whole day, or ''. */
export function dayField(ctx, label, name, changed = () => {}) {
  const { say } = ctx;
  const made = field(label, control('input', { name, size: 10, maxLength: 10, autocomplete: 'off', inputMode: 'numeric', placeholder: say('span.pattern') }));
  made.root.classList.add('day');
  made.control.addEventListener('change', () => {
    const day = dayOf(made.control.value);
    made.complain(day === null ? say('span.wrong') : '');
    if (day !== null) changed(day);
  });
  return {
    ...made,
    get day() {
      return dayOf(made.control.value);
    },
    set day(day) {
      if (document.activeElement !== made.control) made.control.value = dayWords(day);
    },
  };
}
