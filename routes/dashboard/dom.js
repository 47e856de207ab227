// Elements, made without markup in text: nothing that a row or a server says becomes HTML.

/** @typedef {import('./types.js').Child} Child */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [properties] on…: listeners; class; others are attributes, left out
 *   when false, null or undefined
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, properties, children);
  return element;
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 */
export function s(tag, properties = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, properties, children);
  return element;
}

/** @param {Element} element @param {Record<string, any>} properties @param {Child[]} children */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

/**
 * Puts `children` in the place of what `container` shows. Who had the focus keeps it, by its id; so
 * does what was unfolded.
 * @param {Element} container
 * @param {...Child} children
 */
export function show(container, ...children) {
  const focused = container.contains(document.activeElement) ? document.activeElement?.id : '';
  const unfolded = [...container.querySelectorAll('details[open][id]')].map(({ id }) => id);
  container.replaceChildren();
  append(container, children);
  for (const id of unfolded) document.getElementById(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * Says something to everybody: seen, and read out.
 * @param {string} text
 * @param {'good' | 'bad'} [kind]
 */
export function say(text, kind = 'good') {
  const toast = h('p', { class: `toast ${kind}` }, text);
  byId('toasts').append(toast);
  setTimeout(() => toast.remove(), kind === 'bad' ? 12_000 : 5_000);
}
