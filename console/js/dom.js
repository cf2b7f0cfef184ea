// Making elements. Nothing here or anywhere else in the console parses HTML: text is text, whoever wrote it.

/** Attributes that would be code or looks; neither comes from scripts. */
const FORBIDDEN = /^(on|style$|srcdoc$)/i;

/**
 * An element. `props` are attributes (`true` for one without a value; `false`, `null` and `undefined` for none), and `on` has
 * listeners. Children are nodes or text; nothing comes of `null`, `undefined` and `false`.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  // Before the attributes: to an element with `dir=auto` each child that comes costs a look at all of them.
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else set(element, name, value);
  }
  return element;
}

/** Sets or takes away an attribute. */
export function set(element, name, value) {
  if (FORBIDDEN.test(name)) throw new TypeError(`the attribute ${name} is not set from scripts`);
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? "" : value)) element.setAttribute(name, value === true ? "" : value);
}

/** Text of others: isolated, so that its direction changes nothing around it. */
export function foreign(text, props = {}) {
  return h("bdi", props, String(text ?? ""));
}

/** Puts text into an element, unless it is there already. A reader's selection survives where nothing changed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for text that grows: what is new is appended. */
export function growText(element, text) {
  const before = element.textContent;
  if (before === text) return;
  const node = element.firstChild;
  if (node instanceof Text && element.childNodes.length === 1 && text.startsWith(before)) node.appendData(text.slice(before.length));
  else element.textContent = text;
}

/**
 * Makes the children of an element those of a list, each once by its key, in their order. Elements stay, and with them focus,
 * selection and what is opened in them.
 */
export function reconcile(parent, items, keyOf, make, update) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = there.get(key);
    there.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    update?.(child, item);
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== child) parent.insertBefore(child, place);
    before = child;
  }
  for (const child of there.values()) child.remove();
}

/** A labelled field. */
export function field(label, control, hint) {
  const hintId = hint ? `${control.id}-hint` : null;
  set(control, "aria-describedby", hintId);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint && h("p", { class: "hint", id: hintId }, hint));
}

/** Runs at most once a frame, however often it is asked for. */
export function eachFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    // A page in the background has no frames, and nobody who looks.
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}
