// The search: the index is loaded when the field is first used; "/" goes to the field.
(() => {
  const form = document.querySelector(".search");
  const field = form.querySelector("input");
  const box = form.querySelector(".results");
  const [said, list] = box.children;
  const MOST = 12;
  let loading;

  const load = () => (loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: "search-index.js", onload: done, onerror: failed });
    document.head.append(script);
  }));

  // Every word of the query must be in the section, or begin one of its words.
  function find(query) {
    const wanted = query.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? [];
    let found;
    for (const word of wanted) {
      const scores = new Map();
      for (const [known, places] of Object.entries(BOOK.words)) {
        if (!known.startsWith(word)) continue;
        const weight = known === word ? 1 : word.length / known.length / 2;
        for (let i = 0; i < places.length; i += 2)
          scores.set(places[i], (scores.get(places[i]) ?? 0) + weight * Math.sqrt(places[i + 1]));
      }
      found = found
        ? new Map([...found].filter(([at]) => scores.has(at)).map(([at, score]) => [at, score + scores.get(at)]))
        : scores;
    }
    return [...(found ?? [])].sort((a, b) => b[1] - a[1]).map(([at]) => at);
  }

  function row(at, words) {
    const [page, anchor, heading, snippet] = BOOK.sections[at];
    const [address, title] = BOOK.pages[page];
    const link = document.createElement("a");
    link.href = address + (anchor && `#${anchor}`);
    const [head, where, text] = ["b", "small", "small"].map((tag) => document.createElement(tag));
    head.textContent = heading;
    where.textContent = title;
    for (const piece of snippet.split(/([\p{L}\p{N}'’]+)/u)) {
      const hit = words.some((word) => piece.toLowerCase().startsWith(word));
      const part = document.createElement(hit ? "mark" : "span");
      part.textContent = piece;
      text.append(part);
    }
    link.append(head, ...(title === heading ? [] : [where]), text);
    const item = document.createElement("li");
    item.append(link);
    return item;
  }

  async function show() {
    const query = field.value.trim();
    box.hidden = !query;
    if (!query) return;
    await load();
    if (query !== field.value.trim()) return;
    const hits = find(query);
    const words = query.toLowerCase().split(/\s+/);
    list.replaceChildren(...hits.slice(0, MOST).map((at) => row(at, words)));
    const many = hits.length > MOST ? `, the best ${MOST} shown` : "";
    said.textContent = hits.length ? `${hits.length} section${hits.length > 1 ? "s" : ""}${many}` : "Nothing found";
  }

  function step(event) {
    const stops = [field, ...list.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (event.key === "Escape") [field.value, box.hidden] = ["", true], field.focus();
    else if (at < 0 || next === undefined || !stops[next]) return;
    else stops[next].focus();
    event.preventDefault();
  }

  field.oninput = show;
  field.onfocus = () => { load(); show(); };
  form.onkeydown = step;
  form.onsubmit = (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  };
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest?.("input, textarea, select")) return;
    event.preventDefault();
    field.focus();
  });
  addEventListener("click", (event) => { if (!form.contains(event.target)) box.hidden = true; });
  list.addEventListener("click", () => { box.hidden = true; });
})();
