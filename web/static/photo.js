// One photo: its faces, the eight of the chosen one, the card, the stages.

import * as api from "./answers.js";
import { showPeople } from "./people.js";
import { bitmapOf, button, drawFaces, drawPhoto, showCard } from "./pictures.js";
import { showStages } from "./stages.js";
import { t } from "./texts.js";

const $ = (id) => document.getElementById(id);
const STEP = 8;

export class PhotoPanel {
  constructor(choices, failed) {
    this.choices = choices; // () => {gallery, theme, maxBytes}
    this.failed = failed;
    this.photo = null;
    this.bitmap = null;
    this.chosen = 1;
    this.skip = 0;
    this.asking = null;
    $("another").addEventListener("click", () => this.leave());
    $("people").addEventListener("change", () => this.ask({ skip: 0 }));
    $("next").addEventListener("click", () => this.ask({ skip: this.skip + STEP }));
    $("why-ask").addEventListener("click", () => this.askWhy());
    $("previous").addEventListener("click", () => this.ask({ skip: Math.max(0, this.skip - STEP) }));
  }

  async take(photo) {
    this.leave();
    this.photo = photo;
    $("photo-drop").hidden = $("sample-row").hidden = true;
    const bitmap = await bitmapOf(photo);
    if (this.photo !== photo) return;
    this.bitmap = bitmap;
    $("no-preview").hidden = bitmap !== null;
    $("photo-canvas").hidden = bitmap === null;
    if (bitmap) drawPhoto($("photo-canvas"), bitmap);
    $("photo-answer").hidden = false;
    this.hideAnswer();
    await this.ask({ face: 1, skip: 0, first: true });
  }

  leave() {
    this.asking?.abort();
    this.photo = this.bitmap = null;
    this.say("");
    this.hideAnswer();
    $("photo-answer").hidden = true;
    $("photo-drop").hidden = $("sample-row").hidden = false;
  }

  // Asks anew about the same photo: nothing of it stayed at the server.
  async ask({ face = this.chosen, skip = this.skip, first = false } = {}) {
    if (!this.photo) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const { gallery, theme, maxBytes } = this.choices();
    if (this.photo.size > maxBytes) {
      this.say(t("too_large", { limit: Math.round(maxBytes / 1e6) }), true);
      return;
    }
    this.say(t("looking"));
    const query = { gallery, theme, card: face, skip, people: $("people").value, crops: true, embeddings: true };
    try {
      const answer = await api.match(this.photo, query, asking.signal);
      this.chosen = face;
      this.skip = skip;
      this.show(answer, first);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say(error.message, true);
      this.failed(error, () => this.ask({ face, skip, first }));
    }
  }

  // What carries the likeness: asked for, since it takes thirteen more vectors.
  async askWhy() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const { gallery, theme } = this.choices();
    this.say(t("looking"));
    try {
      const query = { gallery, theme, why: this.chosen, skip: this.skip, people: $("people").value };
      const answer = await api.match(this.photo, query, asking.signal);
      const { why } = answer.faces.find((face) => face.number === this.chosen);
      $("why-ask").hidden = true;
      showCard($("why-card"), why.card, `${why.sentence} ${t("why_alt")}`);
      this.say(why.sentence);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say(error.message, true);
      this.failed(error, () => this.askWhy());
    }
  }

  hideWhy(offered) {
    $("why").hidden = !offered || api.LOCAL; // it takes the server's pictures
    $("why-ask").hidden = false;
    showCard($("why-card"), null);
  }

  show(answer, first) {
    const usable = answer.faces.filter((face) => face.usable);
    const face = usable[this.chosen - 1];
    if (this.bitmap) {
      const scale = drawPhoto($("photo-canvas"), this.bitmap);
      // The server measured the file; the canvas shows it smaller.
      drawFaces($("photo-canvas"), answer.faces, scale * (this.bitmap.width / (answer.width || this.bitmap.width)), this.chosen);
    }
    this.showButtons(usable);
    if (!face) {
      this.hideAnswer();
      this.showRefused(answer); // also without an answer there may be more faces than were looked at
      $("no-preview").hidden = true; // no answer comes that it could speak of
      this.say(answer.error?.message ?? "", true);
      return;
    }
    this.showRefused(answer);
    const best = face.matches[0];
    $("photo-overline").textContent = face.overline ?? "";
    $("photo-title").textContent = face.headline || t("nearest");
    $("photo-sentence").textContent = face.sentence ?? "";
    $("photo-caveats").replaceChildren(...face.caveat_sentences.map(line));
    showPeople($("photo-people"), face.matches);
    $("previous").disabled = this.skip === 0;
    $("next").disabled = face.matches.length < STEP;
    showCard($("photo-card"), face.card, t("card_alt"));
    this.hideWhy(face.matches.length > 0);
    showStages($("steps"), this.bitmap, face);
    $("photo-result").hidden = $("stages").hidden = false;
    this.say(best ? t("answered", { count: face.matches.length, name: best.title, word: best.word }) : t("nobody"));
    if (first) $("photo-title").focus({ preventScroll: true });
  }

  showButtons(usable) {
    const buttons = usable.map((face) => {
      const one = button(String(face.number), () => this.ask({ face: face.number, skip: 0 }));
      one.setAttribute("aria-label", t("face", { number: face.number }));
      one.setAttribute("aria-pressed", String(face.number === this.chosen));
      return one;
    });
    const focused = $("faces").contains(document.activeElement);
    $("faces").replaceChildren(...(usable.length > 1 ? buttons : []));
    if (focused) buttons[this.chosen - 1]?.focus();
  }

  showRefused(answer) {
    const lines = answer.faces.filter((face) => face.reason).map((face) => face.reason.message);
    const place = $("refused");
    place.replaceChildren();
    if (answer.faces.some((face) => face.usable) && lines.length) {
      const title = document.createElement("p");
      title.className = "quiet";
      title.textContent = `${t("faces_refused")} (${lines.length}): ${lines[0]}`;
      place.append(title);
    }
    if (answer.faces_left_out) {
      const left = document.createElement("p");
      left.className = "quiet";
      left.textContent = t("faces_left_out", { count: answer.faces_left_out });
      place.append(left);
    }
  }

  hideAnswer() {
    $("photo-result").hidden = $("stages").hidden = true;
    $("faces").replaceChildren();
    $("refused").replaceChildren();
    showCard($("photo-card"), null);
    this.hideWhy(false);
  }

  say(text, bad = false) {
    $("photo-status").textContent = text;
    $("photo-status").classList.toggle("bad", bad);
  }
}

function line(text) {
  const one = document.createElement("li");
  one.textContent = text;
  return one;
}
