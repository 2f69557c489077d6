// Small steps on the DOM that every part of a screen takes.

/** The element marked data-part="name". */
export function part(name) {
  return document.querySelector(`[data-part="${name}"]`);
}

/** An element with a class, data attributes and children; `lang` where its words are not of the page's language. */
export function el(tag, { className = '', data = {}, lang = '' } = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (lang) element.lang = lang;
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** Write text only when it differs; true when it did (and was not empty before). */
export function write(element, text) {
  if (element.textContent === text) return false;
  const wasEmpty = element.textContent === '';
  element.textContent = text;
  return !wasEmpty;
}

/** Set a data attribute only when it differs, so that nothing is restyled in vain. */
export function mark(element, name, value) {
  const text = String(value);
  if (element.dataset[name] !== text) element.dataset[name] = text;
}

/** A box that scrolls by itself: keys must reach it, and it says what it is. */
export function scrollable(element, label) {
  element.tabIndex = 0;
  element.setAttribute('role', 'region');
  element.setAttribute('aria-label', label);
  return element;
}

/** Show or take away an element. */
export function reveal(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
}
