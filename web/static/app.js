// The page: what is tied to what.

import * as answers from "./answers.js";
import { setKey } from "./api.js";
import { CameraPanel } from "./camera.js";
import { ComparePanel } from "./compare.js";
import { takesPasted, takesPhotos } from "./drop.js";
import { PhotoPanel } from "./photo.js";
import { load, number, t } from "./texts.js";

const $ = (id) => document.getElementById(id);
const TABS = ["photo", "compare", "camera"];
const kept = {
  get: (name) => localStorage.getItem(`lookalike-${name}`),
  set: (name, value) => localStorage.setItem(`lookalike-${name}`, value),
};

let maxBytes = Infinity;
let localBytes = 0;
let names = [];
let again = null; // what a key was missing for

// Galleries that come along have names in the reader's language ("main" is the only one there is); others are as their
// owner wrote them.
const galleryTitle = (name) =>
  new Map([
    ["main", t("gallery_main")],
    ["Celebrities", t("gallery_main")],
    ["US Congress", t("gallery_us_congress")],
  ]).get(name) ?? name;
const choices = () => ({ gallery: $("gallery").value, theme: themeNow(), maxBytes });
const photo = new PhotoPanel(choices, failed);
const compare = new ComparePanel(choices, failed);
const camera = new CameraPanel(choices, failed, (taken) => {
  showTab("photo");
  photo.take(taken);
});

function themeNow() {
  const chosen = $("theme").value;
  if (chosen !== "auto") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function showTheme() {
  const chosen = $("theme").value;
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

function showTab(name) {
  for (const one of TABS) {
    $(one).hidden = one !== name;
    $(`tab-${one}`).setAttribute("aria-selected", String(one === name));
    $(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
  if (name !== "camera") camera.stop();
}

function failed(error, retry) {
  if (error.status !== 401) return;
  again = retry;
  $("key-form").hidden = false;
  $("key").focus();
}

async function speak(language) {
  const said = await load(language);
  $("language").replaceChildren(
    ...Object.entries(said.languages).map(([code, name]) => new Option(name, code, false, code === said.language)),
  );
  $("version").textContent = said.version;
  showGalleries();
}

async function askGalleries() {
  try {
    const there = await answers.galleries();
    maxBytes = there.limits.max_photo_bytes;
    names = there.galleries;
    localBytes = there.bytes ?? 0;
    showGalleries();
  } catch (error) {
    photo.say(error.message, true);
    failed(error, askGalleries);
  }
}

function showGalleries() {
  const place = $("local");
  place.textContent = answers.LOCAL ? t("local_not") : t("local");
  place.href = answers.LOCAL ? "/" : "/?local";
  if (answers.LOCAL) {
    $("privacy").textContent = t("local_privacy", { size: number(localBytes / 1e6) });
    $("camera-intro").textContent = t("camera_intro_local");
  }
  $("formats").textContent = Number.isFinite(maxBytes) ? t("drop_formats", { limit: number(maxBytes / 1e6) }) : "";
  const before = $("gallery").value;
  const options = names.map((one) => {
    return new Option(t("gallery_people", { name: galleryTitle(one.name), people: number(one.people) }), one.name);
  });
  $("gallery").replaceChildren(...options);
  if (names.some((one) => one.name === before)) $("gallery").value = before;
  $("gallery-choice").hidden = names.length < 2;
}

for (const name of TABS) {
  const tab = $(`tab-${name}`);
  tab.addEventListener("click", () => showTab(name));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = TABS[(TABS.indexOf(name) + step + TABS.length) % TABS.length];
    showTab(next);
    $(`tab-${next}`).focus();
  });
}
takesPhotos($("photo-drop"), $("photo-file"), (taken) => photo.take(taken));
takesPhotos($("a-drop"), $("a-file"), (taken) => compare.take("a", taken));
takesPhotos($("b-drop"), $("b-file"), (taken) => compare.take("b", taken));
takesPasted(() => !$("photo").hidden, (taken) => photo.take(taken));
takesPasted(() => !$("compare").hidden, (taken) => compare.takeNext(taken));
$("sample").addEventListener("click", async () => photo.take(await (await fetch("/sample.jpg")).blob()));
$("gallery").addEventListener("change", () => photo.ask({ skip: 0 }));
$("language").addEventListener("change", async () => {
  kept.set("language", $("language").value);
  await speak($("language").value);
  photo.ask();
  compare.ask();
});
$("theme").addEventListener("change", () => {
  kept.set("theme", $("theme").value);
  showTheme();
  photo.ask();
  compare.ask();
});
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey($("key").value);
  $("key-form").hidden = true;
  photo.say("");
  askGalleries().then(() => again?.());
});

$("theme").value = kept.get("theme") ?? "auto";
showTheme();
await speak(kept.get("language") ?? navigator.language);
addEventListener("loading", (event) => {
  for (const panel of [photo, compare, camera]) panel.say(event.detail);
});
await askGalleries();
document.documentElement.dataset.ready = "yes"; // everything is wired: tests wait for it
