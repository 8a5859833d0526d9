// What is said of likenesses and refusals: the server's own sentences, as tables that came along.

export class Words {
  // said: /local/words.json.
  constructor(said) {
    this.said = said;
  }

  // A row of a table of {floor, ...}, floors falling: what is true of this similarity.
  static at(table, similarity) {
    return table.find((row) => similarity >= row.floor) ?? table.at(-1);
  }

  similarity(value) {
    return this.said.similarities[Math.min(Math.max(Math.round(value * 100), -100), 100) + 100];
  }

  near(similarity) {
    return Words.at(this.said.near, similarity);
  }

  pair(similarity) {
    return Words.at(this.said.pair, similarity);
  }

  unanswered(code) {
    return this.said.unanswered[code] ?? this.said.unanswered.not_a_picture;
  }

  // Among people who were chosen, or later ones: what stands above.
  part({ first, last }) {
    return first > 1 ? filled(this.said.places, { first, last }) : this.said.among;
  }

  noUsable(refusals) {
    const count = Math.min(refusals.length, this.said.no_usable.length);
    return filled(this.said.no_usable[count - 1], { count: refusals.length, reason: this.refused(refusals[0]) });
  }

  // A value short of its limit is rounded down and the limit up, one beyond it the other way round.
  refused({ code, value, limit }) {
    const unit = code === "points_unsure" ? 0.01 : 1;
    const [counted, most] = [value / unit, limit / unit].map((one) => Math.round(one * 1e6) / 1e6);
    const [shown, shownLimit] =
      value < limit ? [Math.floor(counted), Math.ceil(most)] : [Math.ceil(counted), Math.floor(most)];
    return filled(this.said.refused[code], { value: shown, limit: shownLimit });
  }
}

// Python's "{value:.0f}" and "{limit:.0%}" with whole numbers.
function filled(text, facts) {
  return text.replace(/\{(\w+)(?::[^}]*?(%?))?\}/g, (_all, name, percent) => `${facts[name]}${percent ?? ""}`);
}
