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

// What stays the same of an element when it is made anew.
/** @param {Element} element */
const signature = (element) =>
  element.id ||
  [element.tagName, element.getAttribute('href'), element.getAttribute('aria-label')].join(' ');

/** @param {Element} container @param {string} wanted */
const alike = (container, wanted) =>
  [...container.querySelectorAll('[id], [href], [aria-label], summary')].filter(
    (element) => signature(element) === wanted,
  );

/** What gives the focus back to the element that stands for the one that has it. @param {Element} container */
function keepFocus(container) {
  const focused = document.activeElement;
  if (!focused || focused === container || !container.contains(focused)) return () => {};
  const wanted = signature(focused);
  const place = alike(container, wanted).indexOf(focused);
  return () => {
    const found = alike(container, wanted)[place];
    if (found instanceof HTMLElement) found.focus({ preventScroll: true });
  };
}

/** What scrolls the regions back to where they were. @param {Element} container */
function keepPlaces(container) {
  const moved = [...container.querySelectorAll('.scroll')]
    .filter(({ scrollLeft, scrollTop }) => scrollLeft > 0 || scrollTop > 0)
    .map((region) => ({
      wanted: signature(region),
      at: { left: region.scrollLeft, top: region.scrollTop },
    }));
  return () => {
    for (const { wanted, at } of moved) alike(container, wanted)[0]?.scrollTo(at);
  };
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
 * Puts `children` in the place of what `container` shows. Who had the focus keeps it; what was
 * unfolded or scrolled stays so. While a button of the mouse is down nothing changes: what it was
 * pressed on would be gone, and the click lost.
 * @param {Element} container
 * @param {...Child} children
 */
export function show(container, ...children) {
  if (pressed) {
    held.set(container, children);
    return;
  }
  const again = [keepFocus(container), keepPlaces(container)];
  const unfolded = [...container.querySelectorAll('details[open][id]')].map(({ id }) => id);
  container.replaceChildren();
  append(container, children);
  for (const id of unfolded) document.getElementById(id)?.setAttribute('open', '');
  for (const restore of again) restore();
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
