// The live camera: box and points over the video, the eight while the face holds still. One request at a time.

import * as api from "./answers.js";
import { Followed } from "./follow.js";
import { showPeople } from "./people.js";
import { drawPoints } from "./pictures.js";
import { number, t } from "./texts.js";

const $ = (id) => document.getElementById(id);
const FRAME_SIDE = 640;
const QUALITY = 0.85;
const PEOPLE_EVERY_MS = 400;
const SPOKEN_EVERY_MS = 5000; // to screen readers
const RATE_OVER_MS = 3000;

export class CameraPanel {
  constructor(choices, failed, taken) {
    this.choices = choices;
    this.failed = failed;
    this.stream = null;
    this.followed = new Followed();
    // Not on the page: browsers encode those at once, and the page's own when they are idle, 20 ms later.
    this.frame = "OffscreenCanvas" in window ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
    $("camera-start").addEventListener("click", () => this.start());
    $("camera-stop").addEventListener("click", () => this.stop());
    $("camera-take").addEventListener("click", async () => {
      const photo = await this.grab(Infinity, 0.95);
      this.stop();
      taken(photo);
    });
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.say(t(window.isSecureContext ? "camera_no" : "camera_insecure"), true);
      return;
    }
    this.say(t("looking"));
    try {
      const video = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch {
      this.say(t("camera_no"), true);
      return;
    }
    $("video").srcObject = this.stream;
    await $("video").play();
    this.buttons(true);
    $("live").hidden = false;
    this.times = [];
    this.peopleAt = this.spokenAt = 0;
    this.followed.forget();
    await this.loop(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    $("video").srcObject = null;
    this.followed.forget();
    $("marks").getContext("2d").clearRect(0, 0, $("marks").width, $("marks").height);
    $("live").hidden = true;
    this.buttons(false);
    this.say("");
  }

  buttons(running) {
    $("camera-start").hidden = running;
    $("camera-stop").hidden = $("camera-take").hidden = !running;
  }

  // The next frame goes out when the last answer is back: whoever is slow sends less.
  async loop(stream) {
    while (this.stream === stream) {
      try {
        await this.once(stream);
      } catch (error) {
        if (this.stream !== stream) return;
        this.say(error.message, true);
        if (error.status === 401) {
          this.stop();
          this.failed(error, () => this.start());
          return;
        }
        await new Promise((done) => setTimeout(done, 1000 * Math.max(1, error.retryAfterS ?? 1)));
      }
    }
  }

  async once(stream) {
    const photo = await this.grab(FRAME_SIDE, QUALITY);
    if (!photo) {
      await new Promise((done) => setTimeout(done, 50));
      return;
    }
    const answer = await api.faces(photo, { embeddings: true, frame: true });
    if (this.stream !== stream) return;
    const face = this.followed.next(answer.faces);
    this.mark(answer, face);
    this.measure();
    if (!face) {
      this.say(t("camera_none"));
      return;
    }
    const now = performance.now();
    if (!this.followed.still) {
      if (!this.peopleAt) this.say(t("camera_hold"));
      return;
    }
    if (now - this.peopleAt < PEOPLE_EVERY_MS) return;
    const near = await api.near(this.followed.mean(), { gallery: this.choices().gallery, people: $("people").value });
    if (this.stream !== stream) return;
    this.peopleAt = now;
    showPeople($("live-people"), near.matches);
    $("live-sentence").textContent = near.sentence ?? "";
    const best = near.matches[0];
    if (best && now - this.spokenAt > SPOKEN_EVERY_MS) {
      this.spokenAt = now;
      this.say(t("answered", { count: near.matches.length, name: best.title, word: best.word }));
    }
  }

  async grab(side, quality) {
    const video = $("video");
    if (!video.videoWidth) return null;
    const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
    this.frame.width = Math.round(video.videoWidth * scale);
    this.frame.height = Math.round(video.videoHeight * scale);
    this.frame.getContext("2d").drawImage(video, 0, 0, this.frame.width, this.frame.height);
    if (this.frame.convertToBlob) return this.frame.convertToBlob({ type: "image/jpeg", quality });
    return new Promise((done) => this.frame.toBlob(done, "image/jpeg", quality));
  }

  mark(answer, followed) {
    const marks = $("marks");
    [marks.width, marks.height] = [this.frame.width, this.frame.height];
    const pen = marks.getContext("2d");
    for (const face of answer.faces) {
      const [x0, y0, x1, y1] = face.box;
      pen.strokeStyle = face === followed ? "#ffcb3d" : "#e9e9ee";
      pen.lineWidth = 3;
      pen.setLineDash(face.usable ? [] : [8, 8]);
      pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
      if (face.usable) drawPoints(marks, face, 1);
    }
  }

  measure() {
    const now = performance.now();
    this.times.push(now);
    this.times = this.times.filter((time) => now - time <= RATE_OVER_MS);
    const spanS = (now - this.times[0]) / 1000;
    if (spanS <= 0) return;
    const rate = (this.times.length - 1) / spanS;
    $("live-speed").textContent = t("camera_speed", { rate: number(rate, 1), count: this.followed.kept.length });
    $("live-speed").dataset.rate = String(rate);
  }

  say(text, bad = false) {
    if ($("camera-status").textContent !== text) $("camera-status").textContent = text;
    $("camera-status").classList.toggle("bad", bad);
  }
}
