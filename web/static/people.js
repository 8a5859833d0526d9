// The eight in words, for photos and the live camera alike.

import { t } from "./texts.js";

export function showPeople(list, matches) {
  list.replaceChildren(...matches.map(person));
  if (!matches.length) {
    const nobody = document.createElement("li");
    nobody.textContent = t("nobody");
    list.append(nobody);
  }
}

export function dots(step) {
  const row = span("dots", "");
  row.setAttribute("aria-hidden", "true");
  for (let k = 1; k <= 5; k += 1) {
    const dot = document.createElement("i");
    if (k <= step) dot.className = "full";
    row.append(dot);
  }
  return row;
}

function person(match) {
  const item = document.createElement("li");
  const likeness = span("likeness", "");
  likeness.append(dots(match.step), document.createElement("br"), t("likeness", match));
  item.append(span("rank", String(match.rank)), span("who", match.title), likeness, span("looks", match.looks));
  return item;
}

function span(name, text) {
  const one = document.createElement("span");
  one.className = name;
  one.textContent = text;
  return one;
}
