// The API key: kept for this tab only, and sent to nobody but this gateway.

const PLACE = "modemgw-key";

/** The key, or "". */
export function key() {
  try {
    return sessionStorage.getItem(PLACE) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

/** Lets a person paste a key and forget it again. */
export function watchKeyForm(form) {
  const field = form.querySelector("input");
  const forget = form.querySelector("button");
  const state = form.querySelector("output");

  function show() {
    const known = key() !== "";
    forget.hidden = !known;
    state.textContent = known ? "kept for this tab" : "";
  }

  field.value = key();
  field.addEventListener("input", () => {
    try {
      const token = field.value.trim();
      if (token) sessionStorage.setItem(PLACE, token);
      else sessionStorage.removeItem(PLACE);
    } catch {
      state.textContent = "this browser keeps nothing";
      return;
    }
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  forget.addEventListener("click", () => {
    sessionStorage.removeItem(PLACE);
    field.value = "";
    show();
    field.focus();
  });
  form.hidden = false;
  show();
}
