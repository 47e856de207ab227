// Questions and editors over the page. The browser keeps the focus inside and gives it back.

import { h } from './dom.js';

let numbers = 0;

/**
 * Shows a dialog and resolves with what `work` gave, or null when it was left.
 * @template T
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.action the button that does it
 * @param {boolean} [options.danger]
 * @param {boolean} [options.tells] it only tells: there is nothing to cancel
 * @param {import('./dom.js').Child} options.content
 * @param {() => Promise<T> | T} options.work what it throws is shown, and the dialog stays
 * @returns {Promise<T | null>}
 */
export function ask({ title, action, danger = false, tells = false, content, work }) {
  const id = `dialog-${++numbers}`;
  const error = h('p', { class: 'error', role: 'alert' });
  const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, action);
  const cancel = h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': id },
    h(
      'form',
      { novalidate: true },
      h('h2', { id }, title),
      content,
      // In sight, however long the content is.
      h('div', { class: 'foot' }, error, h('div', { class: 'buttons' }, !tells && cancel, go)),
    ),
  );
  return new Promise((resolve) => {
    /** @type {T | null} */
    let result = null;
    dialog.addEventListener('submit', async (event) => {
      event.preventDefault();
      go.disabled = true;
      error.textContent = '';
      try {
        result = await work();
        dialog.close();
      } catch (fault) {
        error.textContent = fault instanceof Error ? fault.message : String(fault);
      }
      go.disabled = false;
    });
    // A link in it leads elsewhere.
    const leave = () => dialog.close();
    addEventListener('hashchange', leave);
    dialog.addEventListener('close', () => {
      removeEventListener('hashchange', leave);
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
