// Answers in this browser, in the form of api.js: the photo never leaves it. The networks and a gallery's vectors come
// from this server once and are kept by the browser.

import { Failed, load } from "../api.js";
import { language, number, t } from "../texts.js";
import { People } from "./people.js";
import { Words } from "./words.js";

const worker = new Worker("/static/local/worker.js", { type: "module" });
const waiting = new Map();
let asked = 0;
let facts = null;
let opened = null;
const peopleOf = new Map();
const wordsOf = new Map();

worker.onmessage = ({ data: { id, value, problem } }) => {
  const { done, failed } = waiting.get(id);
  waiting.delete(id);
  if (problem) failed(Object.assign(new Error(problem.message), { code: problem.code }));
  else done(value);
};
worker.onerror = () => {
  for (const { failed } of waiting.values()) failed(new Error(t("local_broken")));
  waiting.clear();
};

function inWorker(what, given, moved = []) {
  return new Promise((done, failed) => {
    asked += 1;
    waiting.set(asked, { done, failed });
    worker.postMessage({ id: asked, what, given }, moved);
  });
}

export async function galleries() {
  facts ??= await (await load("facts.json")).json();
  const { galleries: there, embedder, dimension, limits, bytes } = facts;
  return { galleries: there, embedder, dimension, limits, bytes };
}

// Opened at the first photo: who only looks at the page loads nothing.
function open() {
  opened ??= loadAll().catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

async function loadAll() {
  await galleries();
  const models = {};
  const bytes = Object.values(facts.networks).reduce((sum, one) => sum + one.size_bytes, 0);
  let there = 0;
  for (const [role, { url }] of Object.entries(facts.networks)) {
    models[role] = await whole(await load(url), (count) => {
      there += count;
      const done = { done: number(there / 1e6), all: number(bytes / 1e6) };
      dispatchEvent(new CustomEvent("loading", { detail: t("local_loading", done) }));
    });
  }
  await inWorker("open", { models, facts }, Object.values(models));
}

async function whole(answer, progressed) {
  const parts = [];
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts).arrayBuffer();
    parts.push(value);
    progressed(value.length);
  }
}

async function words(gallery) {
  const key = `${language} ${gallery}`;
  if (!wordsOf.has(key)) {
    const said = await (await load("words.json", { gallery, language })).json();
    wordsOf.set(key, { words: new Words(said), titles: said.titles, looks: said.looks });
  }
  return wordsOf.get(key);
}

async function people(gallery) {
  if (!peopleOf.has(gallery)) {
    const table = await (await load("people.json", { gallery })).json();
    const halves = new Uint16Array(await (await load("vectors", { gallery })).arrayBuffer());
    peopleOf.set(gallery, { table, found: new People({ ...table, halves, looks: await looks() }) });
  }
  return peopleOf.get(gallery);
}

let looksLoaded = null;

async function looks() {
  if (!facts.looks) return null;
  if (!looksLoaded) {
    const values = new Float32Array(await (await load(facts.looks.url)).arrayBuffer());
    looksLoaded = {};
    let at = 0;
    for (const [name, length] of facts.looks.parts) {
      looksLoaded[name] = values.subarray(at, at + length);
      at += length;
    }
  }
  return looksLoaded;
}

export async function match(photo, { gallery = "", people: among = "all", skip = 0, crops = false }) {
  const answer = await faces(photo, { crops, gallery });
  if (answer.error) return answer;
  const usable = answer.faces.filter((face) => face.usable);
  const { words: said } = await words(gallery);
  if (!usable.length) {
    const refused = answer.faces.map((face) => face.refusal);
    const error = refused.length
      ? { code: "no_usable_face", message: said.noUsable(refused) }
      : { code: "no_face", message: said.unanswered("no_face") };
    return { ...answer, error };
  }
  for (const face of usable) Object.assign(face, await nearest(face.embedding, { gallery, among, skip }), { card: null });
  return answer;
}

export async function faces(photo, { crops = false, gallery = "", frame = false } = {}) {
  await open();
  const { words: said } = await words(gallery);
  let read;
  try {
    read = await inWorker("read", { photo, crops, frame });
  } catch (error) {
    if (!said.said.unanswered[error.code]) throw new Failed(error.message || t("local_broken"));
    return { path: "photo", faces: [], faces_left_out: 0, error: { code: error.code, message: said.unanswered(error.code) } };
  }
  let count = 0;
  const found = read.faces.map((face) => ({
    ...face,
    usable: face.embedding !== null,
    number: face.embedding ? (count += 1) : null,
    reason: face.refusal && { code: face.refusal.code, message: said.refused(face.refusal) },
  }));
  return { path: "photo", width: read.width, height: read.height, faces: found, faces_left_out: read.leftOut, error: null };
}

async function nearest(embedding, { gallery, among, skip }) {
  const { table, found } = await people(gallery);
  const { words: said, titles, looks: described } = await words(gallery);
  const matches = found.search(embedding, { skip, people: among }).map(({ row, rank, similarity }) => {
    const { word, step } = said.near(similarity);
    return {
      rank, similarity, word, step, person: table.numbers[row], title: titles[row], looks: described[row],
      said: said.similarity(similarity),
    };
  });
  const whole_ = skip === 0 && among === "all";
  const best = matches[0] && said.near(matches[0].similarity);
  const last = matches.at(-1);
  const caveats = []; // who stands here may be themself: nothing is to be said of that
  if (whole_ && found.seemsOlder(embedding, facts.sure)) caveats.push("few_of_the_age");
  if (whole_ && best?.nobody_close) caveats.push("nobody_close");
  return {
    matches,
    headline: !best ? said.said.nobody : whole_ ? best.headline : best.headline_part,
    overline: !best || whole_ ? (best?.overline ?? "") : said.part({ first: matches[0].rank, last: last.rank }),
    sentence: whole_ ? (best?.sentence ?? null) : null,
    caveats,
    caveat_sentences: best?.found_out ? [] : caveats.map((code) => said.said.caveats[code]),
  };
}

export async function near(embedding, { gallery = "", people: among = "all", skip = 0 }) {
  await open();
  return nearest(embedding, { gallery, among, skip });
}

export async function compare(a, b, { face_a: chosenA, face_b: chosenB }) {
  const both = [];
  for (const [which, photo] of [["a", a], ["b", b]]) {
    const answer = await match(photo, {});
    if (answer.error) return { which, error: answer.error };
    both.push(answer.faces.filter((face) => face.usable));
  }
  let best = null;
  both[0].forEach((one, k) => {
    if (chosenA && chosenA !== k + 1) return;
    both[1].forEach((other, n) => {
      if (chosenB && chosenB !== n + 1) return;
      const similarity = one.embedding.reduce((sum, value, place) => sum + value * other.embedding[place], 0);
      if (!best || similarity > best.similarity) best = { similarity, face_a: k + 1, face_b: n + 1 };
    });
  });
  const { words: said } = await words("");
  const row = said.pair(best.similarity);
  return {
    ...best, word: row.word, step: row.step, sentence: row.sentence, said: said.similarity(best.similarity),
    usable_a: both[0].length, usable_b: both[1].length, card: null, error: null,
  };
}

// For tests: a straightened face as it is -> its vector.
export async function embed(crop) {
  await open();
  return inWorker("embed", { photo: crop });
}
