// Trades a key for a session cookie, then goes on to where the person wanted to go.

const REFUSALS = {
  401: 'Khóa này không đúng hoặc đã bị thu hồi. ‖ This key is not known.',
  403: 'Khóa này không dùng được cho màn hình. ‖ This key has no screens.',
};
const AWAY = 'Máy chủ không trả lời. Thử lại sau. ‖ The server does not answer. Try again.';

/** Only a path of ours: `//evil.example` and `https:` would lead elsewhere. */
export function target(search, origin) {
  const wanted = new URL(new URLSearchParams(search).get('next') ?? '/wall', origin);
  return wanted.origin === origin ? wanted.pathname + wanted.search : '/wall';
}

async function signIn(form, refusal) {
  refusal.textContent = '';
  try {
    const answer = await fetch('/api/v1/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ key: form.elements.key.value }),
    });
    if (answer.ok) {
      location.replace(target(location.search, location.origin));
      return;
    }
    refusal.textContent = REFUSALS[answer.status] ?? AWAY;
  } catch {
    refusal.textContent = AWAY;
  }
  form.elements.key.select();
}

const form = document.querySelector('form');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn(form, document.querySelector('[data-part="refusal"]'));
});
