// What a person chose on this browser: theme, language, letters as commands, their name.

const THEME = 'ioc.theme';
const LANG = 'ioc.lang';
const LETTERS = 'ioc.letters';

export class Settings {
  #dark = matchMedia('(prefers-color-scheme: dark)');

  /** `asked`: the theme that the address asks for, if any. */
  constructor(asked) {
    this.#apply(asked ?? localStorage.getItem(THEME) ?? (this.#dark.matches ? 'dark' : 'light'));
  }

  static lang() {
    return localStorage.getItem(LANG);
  }

  get theme() {
    return document.documentElement.dataset.theme;
  }

  set theme(theme) {
    localStorage.setItem(THEME, theme);
    this.#apply(theme);
  }

  chooseLang(lang) {
    localStorage.setItem(LANG, lang);
  }

  get lettersOn() {
    return localStorage.getItem(LETTERS) !== 'off';
  }

  set lettersOn(isOn) {
    localStorage.setItem(LETTERS, isOn ? 'on' : 'off');
  }

  #apply(theme) {
    document.documentElement.dataset.theme = theme;
  }
}
