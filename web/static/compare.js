// Two photos: how alike a face of each is.

import * as api from "./answers.js";
import { dots } from "./people.js";
import { bitmapOf, button, drawPhoto, showCard } from "./pictures.js";
import { t } from "./texts.js";

const $ = (id) => document.getElementById(id);

export class ComparePanel {
  constructor(choices, failed) {
    this.choices = choices;
    this.failed = failed;
    this.photos = { a: null, b: null };
    this.faces = {}; // none chosen: the most alike pair
    this.asking = null;
  }

  async take(which, photo) {
    this.photos[which] = photo;
    this.faces = {}; // none chosen: the most alike pair
    $("compare-answer").hidden = true;
    $("a-faces").replaceChildren();
    $("b-faces").replaceChildren();
    this.say("");
    const canvas = $(`${which}-canvas`);
    const bitmap = await bitmapOf(photo);
    if (this.photos[which] !== photo) return;
    canvas.hidden = bitmap === null;
    if (bitmap) drawPhoto(canvas, bitmap);
    await this.ask();
  }

  // Where a pasted photo goes: the first empty place, else the second.
  async takeNext(photo) {
    await this.take(this.photos.a ? "b" : "a", photo);
  }

  async ask() {
    const { a, b } = this.photos;
    if (!a || !b) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const { theme, maxBytes } = this.choices();
    if (Math.max(a.size, b.size) > maxBytes) {
      this.say(t("too_large", { limit: Math.round(maxBytes / 1e6) }), true);
      return;
    }
    this.say(t("looking"));
    try {
      const query = { card: true, theme };
      for (const which of ["a", "b"]) if (this.faces[which]) query[`face_${which}`] = this.faces[which];
      this.show(await api.compare(a, b, query, asking.signal));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say(error.message, true);
      this.failed(error, () => this.ask());
    }
  }

  show(answer) {
    $("compare-answer").hidden = answer.error !== null;
    if (answer.error) {
      const which = answer.which === "b" ? t("second_photo") : t("first_photo");
      this.say(`${which}: ${answer.error.message}`, true);
      return;
    }
    const verdict = t("likeness", answer);
    $("compare-verdict").replaceChildren(dots(answer.step), ` ${verdict}`);
    $("compare-sentence").textContent = answer.sentence;
    showCard($("compare-card"), answer.card, t("card_pair_alt"));
    this.showButtons("a", answer.usable_a, answer.face_a);
    this.showButtons("b", answer.usable_b, answer.face_b);
    this.say(`${verdict}. ${answer.sentence}`);
  }

  showButtons(which, count, chosen) {
    const buttons = Array.from({ length: count > 1 ? count : 0 }, (_none, k) => {
      const one = button(String(k + 1), () => {
        this.faces[which] = k + 1;
        this.ask();
      });
      one.setAttribute("aria-label", t("face", { number: k + 1 }));
      one.setAttribute("aria-pressed", String(k + 1 === chosen));
      return one;
    });
    const focused = $(`${which}-faces`).contains(document.activeElement);
    $(`${which}-faces`).replaceChildren(...buttons);
    if (focused) buttons[chosen - 1]?.focus();
  }

  say(text, bad = false) {
    $("compare-status").textContent = text;
    $("compare-status").classList.toggle("bad", bad);
  }
}
