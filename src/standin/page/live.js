// Asks for the panes while the page is open; what is new or was edited is shown for a moment.
let rev = document.body.dataset.rev;
const keys = () => new Set([...document.querySelectorAll('[data-key]')].map(m => m.dataset.key));
async function look() {
  try {
    const answer = await fetch('fragment?rev=' + rev);
    if (answer.status === 200) {
      const now = await answer.json(), before = keys();
      for (const id of ['channel', 'thread']) {
        const pane = document.getElementById(id);
        const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80;
        pane.innerHTML = now[id];
        if (atEnd) pane.scrollTop = pane.scrollHeight;
      }
      document.querySelectorAll('[data-key]').forEach(m => before.has(m.dataset.key) || m.classList.add('new'));
      rev = now.rev;
    }
  } catch (gone) { /* the demo has ended: the page stays as it is */ }
  setTimeout(look, 700);
}
look();
