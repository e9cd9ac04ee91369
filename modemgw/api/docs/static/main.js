// What moves on the page: the navigation, the key, and the forms that try calls.

import { copyable } from "./dom.js";
import { putForm } from "./form.js";
import { watchKeyForm } from "./key.js";
import { ROOT } from "./request.js";

const nav = document.getElementById("nav");

function watchMenu(button) {
  function set(open) {
    nav.classList.toggle("open", open);
    button.setAttribute("aria-expanded", String(open));
  }
  button.hidden = false;
  button.addEventListener("click", () => set(!nav.classList.contains("open")));
  nav.addEventListener("click", (event) => { if (event.target.closest("a")) set(false); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && nav.classList.contains("open")) {
      set(false);
      button.focus();
    }
  });
}

function watchFilter(field) {
  field.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const list of nav.querySelectorAll("ul")) {
      for (const item of list.children) {
        const link = item.firstElementChild;
        const text = `${link.textContent} ${link.title}`.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
      }
      const empty = [...list.children].every((item) => item.hidden);
      list.hidden = empty;
      list.previousElementSibling.hidden = empty;
    }
  });
}

/** Marks in the navigation what is being read. */
function watchPlace() {
  const links = new Map([...nav.querySelectorAll("li a")].map((a) => [a.hash.slice(1), a]));
  let current = null;
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const link = links.get(target.id);
      if (!isIntersecting || !link || link === current) continue;
      current?.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      if (matchMedia("(min-width: 60.01rem)").matches) keepInSight(link);
      current = link;
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of document.querySelectorAll("section[id]")) seen.observe(section);
}

function keepInSight(link) {
  const top = link.offsetTop - nav.offsetTop;
  if (top < nav.scrollTop || top > nav.scrollTop + nav.clientHeight - 60) nav.scrollTop = top - nav.clientHeight / 2;
}

function watchTries(description) {
  for (const place of document.querySelectorAll("details.try")) {
    place.hidden = false;
    place.addEventListener("toggle", async () => {
      if (!place.open || place.querySelector("form")) return;
      const { method, path } = place.dataset;
      const { paths } = await description();
      putForm(place, method, path, paths[path][method.toLowerCase()]);
    });
  }
}

let described = null;

/** The OpenAPI document, fetched when it is first wanted. */
function description() {
  described ??= fetch(`${ROOT}/openapi.json`, { credentials: "omit" }).then((answer) => answer.json());
  return described;
}

watchMenu(document.getElementById("menu"));
watchFilter(document.getElementById("filter"));
watchKeyForm(document.getElementById("key"));
watchPlace();
watchTries(description);
for (const pre of document.querySelectorAll(".code > pre")) copyable(pre);
