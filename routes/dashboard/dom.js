// Elements, made without markup in text: nothing that a row or a server says becomes HTML.

/** @typedef {import('./types.js').Child} Child */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [properties] on…: handlers; key: which of its like it is, where it has
 *   neither id nor href; others are attributes, left out when false, null or undefined
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

/** What each element was given when it was made or drawn last. @type {WeakMap<Element, Record<string, any>>} */
const given = new WeakMap();

/** @param {Element} element @param {Record<string, any>} properties @param {Child[]} children */
function fill(element, properties, children) {
  give(element, properties);
  element.append(...nodesOf(children));
}

// What the element has by itself since (unfolded, typed, off while it runs) stays.
/** @param {Element} element @param {Record<string, any>} properties */
function give(element, properties) {
  const before = given.get(element) ?? {};
  for (const name of Object.keys({ ...before, ...properties }))
    if (properties[name] !== before[name]) set(element, name, properties[name]);
  given.set(element, properties);
}

/** @param {Element} element @param {string} name @param {any} value */
function set(element, name, value) {
  const none = value === false || value === null || value === undefined;
  if (name.startsWith('on')) /** @type {any} */ (element)[name] = none ? null : value;
  else if (name === 'value') /** @type {any} */ (element).value = none ? '' : value;
  else if (name === 'key') return;
  else if (none) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/** @param {Child[]} children @returns {Node[]} */
const nodesOf = (children) =>
  children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return nodesOf(child);
    return [child instanceof Node ? child : document.createTextNode(String(child))];
  });

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

// What stays the same of a node when it is made anew.
/** @param {Node} node */
function identity(node) {
  if (!(node instanceof Element)) return node.nodeName;
  return `${node.tagName} ${given.get(node)?.['key'] ?? (node.id || node.getAttribute('href'))}`;
}

/**
 * Makes what `element` holds like `wanted`, and keeps each node that stands for one of those: it
 * has the focus still, stays unfolded, scrolled and pressed.
 * @param {Element} element
 * @param {Node[]} wanted
 */
function renew(element, wanted) {
  /** @type {Map<string, Node[]>} */
  const own = new Map();
  for (const node of element.childNodes) {
    const alike = own.get(identity(node));
    if (alike) alike.push(node);
    else own.set(identity(node), [node]);
  }
  const nodes = wanted.map((node) => own.get(identity(node))?.shift() ?? node);
  for (const node of [...own.values()].flat()) element.removeChild(node);
  let next = element.firstChild;
  for (const [i, node] of nodes.entries()) {
    if (node === next) next = next.nextSibling;
    else element.insertBefore(node, next);
    const like = wanted[i];
    if (like && like !== node) liken(node, like);
  }
}

/** @param {Node} node @param {Node} like */
function liken(node, like) {
  if (node instanceof Element && like instanceof Element) {
    give(node, given.get(like) ?? {});
    renew(node, [...like.childNodes]);
  } else if (node.nodeValue !== like.nodeValue) {
    node.nodeValue = like.nodeValue;
  }
}

let pressed = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;
/** @type {Map<Element, Child[]>} what is shown once the button is let go */
const held = new Map();

function press() {
  clearTimeout(settling);
  pressed = true;
}

function release() {
  clearTimeout(settling);
  // The click comes after it: at once from a mouse, a little later from a finger.
  settling = setTimeout(() => {
    pressed = false;
    const shown = [...held];
    held.clear();
    for (const [container, children] of shown) show(container, ...children);
  }, 50);
}

/** From now on what is drawn waits while a button is pressed. */
export function keepClicks() {
  addEventListener('pointerdown', press, true);
  for (const end of ['pointerup', 'pointercancel', 'dragend']) addEventListener(end, release, true);
  // The window's own; that of an element does not come up to it.
  addEventListener('blur', release);
}

/**
 * Shows `children` in `container`, changing only what differs from what it shows. While a button of
 * the mouse is down nothing changes: what it was pressed on could move away, and the click be lost.
 * @param {Element} container
 * @param {...Child} children not made before: `h` makes them anew for each drawing
 */
export function show(container, ...children) {
  if (pressed) {
    held.set(container, children);
    return;
  }
  const focused = document.activeElement;
  renew(container, nodesOf(children));
  // What has moved among its like has lost it.
  if (focused instanceof HTMLElement && focused !== document.activeElement)
    if (container.contains(focused)) focused.focus({ preventScroll: true });
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
