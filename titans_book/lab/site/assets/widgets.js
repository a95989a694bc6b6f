// Dials that turn through the settings they were frozen in, and curves to predict.
(() => {
  const data = (root) => JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  for (const root of document.querySelectorAll(".dial")) {
    const { first, words, values, states } = data(root);
    const at = [...first];
    const leaves = [...root.querySelectorAll("[data-leaf]")];
    const shown = leaves.map(() => null);
    const show = () => {
      const state = states[at.join(",")];
      for (const [index, leaf] of leaves.entries()) {
        const value = values[leaf.dataset.leaf][state[leaf.dataset.leaf]];
        if (shown[index] !== value) leaf.innerHTML = shown[index] = value;
      }
    };
    for (const control of root.querySelectorAll("[data-control]")) {
      const number = Number(control.dataset.control);
      control.oninput = () => {
        at[number] = Number(control.value);
        const said = words[number][at[number]];
        if (control.nextElementSibling) control.nextElementSibling.textContent = said;
        if (control.type === "range") control.setAttribute("aria-valuetext", said);
        show();
      };
    }
    show();
  }

  const WIDE = 560, HIGH = 270, LEFT = 54, RIGHT = 16, TOP = 12, FOOT = 46;
  const SHARES = [[0.03, "Spot on."], [0.08, "Very close."], [0.16, "Close."], [0.3, "Some way off, and so worth a second look."]];
  const number = (value) => String(Number(value.toPrecision(3)));

  function between(x, y, at) {
    const i = Math.max(1, x.findIndex((place) => place >= at));
    const share = (at - x[i - 1]) / (x[i] - x[i - 1]);
    return y[i - 1] + share * (y[i] - y[i - 1]);
  }

  function ticks(low, high, count) {
    const rough = (high - low) / count;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * unit).find((size) => size >= rough);
    const first = Math.ceil(low / step - 1e-9) * step;
    return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => first + i * step);
  }

  class Predict {
    constructor(root) {
      Object.assign(this, data(root), { root, told: false });
      const [low, high] = this.limits;
      this.low = low, this.high = high;
      this.from = this.x[0], this.to = this.x.at(-1);
      this.guess = this.knots.map(() => (low + high) / 2);
      this.drawing = make("div", { class: "drawing" });
      this.result = make("p", { role: "status", class: "result" });
      this.button = make("button", { type: "button", class: "show" }, "Show me");
      this.button.onclick = () => this.press();
      const stage = make("div", { class: "stage" }, this.drawing, ...this.knots.map((knot, i) => this.slider(knot, i)));
      const hint = make("p", { class: "hint" }, "Drag the points to where you expect the curve; then let it show.");
      root.append(hint, stage, this.button, this.result);
      this.draw();
    }

    across(x) { return LEFT + ((x - this.from) / (this.to - this.from)) * (WIDE - LEFT - RIGHT); }
    up(y) { return HIGH - FOOT - ((y - this.low) / (this.high - this.low)) * (HIGH - FOOT - TOP); }

    slider(knot, index) {
      const step = (this.high - this.low) / 100;
      const made = make("input", { type: "range", min: this.low, max: this.high, step, value: this.guess[index],
        "aria-label": `height at ${number(knot)}`, "aria-orientation": "vertical" });
      made.style.left = `${(100 * this.across(knot)) / WIDE}%`;
      made.oninput = () => { this.guess[index] = Number(made.value); this.moved = true; this.draw(); };
      return made;
    }

    line(x, y, look) {
      const path = x.map((at, i) => `${i ? "L" : "M"}${this.across(at).toFixed(1)} ${this.up(y[i]).toFixed(1)}`).join("");
      return `<path d="${path}" fill="none" stroke-width="2.2" ${look}/>`;
    }

    axes() {
      const floor = HIGH - FOOT;
      const down = ticks(this.low, this.high, 4).map((y) => `<path d="M${LEFT} ${this.up(y)}H${WIDE - RIGHT}" stroke="var(--edge)"/>
        <text x="${LEFT - 16}" y="${this.up(y) + 4}" text-anchor="end">${number(y)}</text>`);
      const along = ticks(this.from, this.to, 6).map((x) => `<text x="${this.across(x)}" y="${floor + 18}" text-anchor="middle">${number(x)}</text>`);
      const names = `<text x="${(LEFT + WIDE - RIGHT) / 2}" y="${HIGH - 6}" text-anchor="middle">${this.xlabel}</text>
        <text transform="translate(14 ${(TOP + floor) / 2}) rotate(-90)" text-anchor="middle">${this.ylabel}</text>`;
      return down.join("") + along.join("") + names;
    }

    draw() {
      const truth = this.told ? this.line(this.x, this.truth, `stroke="var(--${this.role})" stroke-width="3"`) : "";
      const words = `${this.alt}. ${this.told ? "Your guess, and what happens" : "Your guess"}.`;
      this.drawing.innerHTML = `<svg viewBox="0 0 ${WIDE} ${HIGH}" role="img">${this.axes()}${truth}
        ${this.line(this.knots, this.guess, 'stroke="currentColor" stroke-dasharray="5 4"')}</svg>`;
      this.drawing.firstChild.setAttribute("aria-label", words);
    }

    press() {
      if (!this.moved && !this.asked) {
        this.asked = true;
        this.result.textContent = "You have not moved a point yet. Shape the curve first, or press again to see it without a guess.";
        return;
      }
      this.told = !this.told;
      this.button.textContent = this.told ? "Again" : "Show me";
      this.result.textContent = this.told ? this.verdict() : "";
      this.draw();
    }

    verdict() {
      if (!this.moved) return "This is how it goes. Press Again to try a guess of your own.";
      const misses = this.x.map((x, i) => Math.abs(between(this.knots, this.guess, x) - this.truth[i]));
      const mean = misses.reduce((sum, miss) => sum + miss, 0) / misses.length;
      const share = mean / (this.high - this.low);
      const words = (SHARES.find(([most]) => share <= most) ?? [0, "Far off: those are the ones to learn from."])[1];
      return `${words} On average your curve is ${number(mean)} away, ${Math.round(100 * share)} % of the range.`;
    }
  }

  for (const root of document.querySelectorAll(".predict")) new Predict(root);
})();
