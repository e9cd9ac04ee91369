// Makes elements. Text is always text: nothing here reads HTML.

/** An element with properties, `data`-free attributes by name, and children (text or elements). */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A block of code with a button that copies it. */
export function copyable(pre) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre); // no permission, or no TLS: it is marked for copying
      button.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const holder = element("div", { className: "copied" });
  pre.replaceWith(holder);
  holder.append(pre, button);
  return holder;
}

/** `text` as a block of code to copy. */
export function block(text, label) {
  const pre = element("pre", { tabIndex: 0, ariaLabel: label }, element("code", {}, text));
  const outer = element("div", {}, pre);
  copyable(pre);
  return outer;
}
