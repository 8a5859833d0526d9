// The page's texts in its reader's language. They come from /texts.json; English stands in the HTML until then.

let texts = {};

export let language = "en";

export async function load(wanted) {
  const answer = await fetch(`/texts.json?language=${encodeURIComponent(wanted)}`);
  const document_ = await answer.json();
  texts = document_.texts;
  language = document_.language;
  document.documentElement.lang = language;
  document.title = texts.title;
  apply(document);
  return document_;
}

// A text with its {facts} filled in.
export function t(name, facts = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (_all, fact) => facts[fact] ?? "");
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

function apply(root) {
  for (const one of root.querySelectorAll("[data-text]")) one.textContent = t(one.dataset.text);
  for (const one of root.querySelectorAll("[data-label]")) one.setAttribute("aria-label", t(one.dataset.label));
}
