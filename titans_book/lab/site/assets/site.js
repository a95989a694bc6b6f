// The page: formulas, the dark switch, the menu, copy buttons, and where one is on the page.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  for (const place of all(".math")) {
    const tex = place.textContent;
    const display = place.tagName === "DIV";
    place.innerHTML = katex.renderToString(tex, { displayMode: display, throwOnError: false, strict: "ignore" });
  }

  const theme = document.querySelector(".theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const told = () => {
    theme.setAttribute("aria-pressed", isDark());
    document.body.dataset.jpThemeName = isDark() ? "dark" : "light"; // the players listen to it
  };
  theme.onclick = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it is forgotten, then */ }
    told();
  };
  system.addEventListener("change", told);
  told();

  const menu = document.querySelector(".menu");
  const contents = document.querySelector(".contents");
  const open = (wanted) => {
    contents.classList.toggle("open", wanted);
    menu.setAttribute("aria-expanded", wanted);
  };
  menu.onclick = () => open(!contents.classList.contains("open"));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !contents.classList.contains("open")) return;
    open(false);
    menu.focus();
  });
  const current = contents.querySelector("[aria-current]");
  if (current) contents.scrollTop = current.offsetTop - contents.clientHeight / 2;

  for (const block of all(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.onclick = async () => {
      const text = block.querySelector("pre").textContent;
      try { await navigator.clipboard.writeText(text); } catch {
        const box = document.createElement("textarea");
        box.value = text;
        document.body.append(box);
        box.select();
        document.execCommand("copy");
        box.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    };
    block.append(button);
  }

  document.fonts.ready.then(() => {
    for (const block of all("pre, .wide, div.math, .map, .leaf"))
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0; // so that arrow keys can scroll it
  });

  const links = all(".here a");
  if (links.length) {
    const heads = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
    const mark = () => {
      const at = heads.findLastIndex((head) => head.getBoundingClientRect().top < innerHeight / 3);
      links.forEach((link, index) => {
        if (index === at) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }
})();
