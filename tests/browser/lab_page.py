"""A notebook in a real browser: open it, run it, use its sliders and buttons, see what it shows."""

import time
from pathlib import Path

PANEL = "window.jupyterapp.shell.currentWidget"

# Everything in the notebook that can move: images, canvases, SVGs and HTML widgets.
PICTURES = """
() => [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output')]
  .flatMap(area => [...area.querySelectorAll('img, canvas, svg, .widget-html-content')])
  .map(node => node.tagName === 'CANVAS' ? node.toDataURL()
             : node.tagName === 'IMG' ? node.currentSrc + node.src : node.outerHTML)
"""


class LabPage:
    """One browser page with JupyterLab in it. `complaints` collects what its console reports."""

    def __init__(self, page, server, screenshots: Path | None = None):
        self.page, self.server, self.screenshots = page, server, screenshots
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("console", self._listen)

    def _listen(self, message) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.complaints.append(f"console error: {message.text} ({where})")

    def open(self, notebook: str, timeout: float = 60) -> float:
        """Open a notebook in a workspace of its own; seconds until its kernel is idle.

        A run that is asked for before the kernel is idle is silently lost.
        """
        begin = time.monotonic()
        name = f"test-{time.monotonic_ns()}"
        address = f"{self.server.url}/lab/workspaces/{name}/tree/{notebook}"
        self.page.goto(f"{address}?token={self.server.token}&reset")
        idle = f"() => {PANEL}?.sessionContext?.session?.kernel?.status === 'idle'"
        self.wait(f"window.jupyterapp && ({idle})()", timeout)
        return time.monotonic() - begin

    def wait(self, condition: str, timeout: float, arg=None):
        """Wait until a condition in JavaScript holds.

        Asked at every frame, as is the default, the browser would draw sixty frames a second for
        the question alone, with processor time that what is being tested needs.
        """
        return self.page.wait_for_function(condition, arg=arg, polling=50, timeout=timeout * 1000)

    def run_all(self, timeout: float = 300) -> None:
        """Run every cell, from top to bottom, and wait for the end of the last one."""
        self._run("run-all-cells", timeout)

    def _run(self, command: str, timeout: float) -> None:
        """One of the notebook's own commands, to its end."""
        self.page.evaluate(
            """command => {
              window.ran = false;
              window.jupyterapp.commands.execute(`notebook:${command}`)
                .finally(() => { window.ran = true; });
            }""",
            command,
        )
        self.wait("() => window.ran", timeout)

    def _go_to(self, containing: str) -> None:
        """Make the first code cell whose source contains the text the active one."""
        found = self.page.evaluate(
            f"""text => {{
              const content = {PANEL}.content;
              const index = content.widgets.findIndex(cell => cell.model.type === 'code'
                  && cell.model.sharedModel.source.includes(text));
              if (index >= 0) content.activeCellIndex = index;
              return index;
            }}""",
            containing,
        )
        assert found >= 0, f"no code cell contains {containing!r}"

    def run_cell(self, containing: str) -> None:
        """Run the first code cell whose source contains the text; do not wait for its end."""
        self._go_to(containing)
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")

    def type_over(self, containing: str, old: str, new: str) -> None:
        """Type `new` in the place of `old`, in the first code cell whose source contains a text."""
        found = self.page.evaluate(
            f"""async ([text, old]) => {{
              const content = {PANEL}.content;
              const index = content.widgets.findIndex(cell => cell.model.type === 'code'
                  && cell.model.sharedModel.source.includes(text));
              if (index < 0) return false;
              const cell = content.widgets[index];
              content.activeCellIndex = index;
              await content.scrollToItem(index);
              await cell.ready;
              const start = cell.model.sharedModel.source.indexOf(old);
              if (start < 0) return false;
              content.mode = 'edit';
              cell.editor.focus();
              cell.editor.setSelection({{
                start: cell.editor.getPositionAt(start),
                end: cell.editor.getPositionAt(start + old.length),
              }});
              return true;
            }}""",
            [containing, old],
        )
        assert found, f"no code cell contains {containing!r} and in it {old!r}"
        self.page.keyboard.insert_text(new)

    def said(self, containing: str, words: str, timeout: float = 20) -> str:
        """Wait until the output of the cell that contains a text says `words`; all that it says."""
        cell = f"""const content = {PANEL}.content;
          const index = content.widgets.findIndex(cell => cell.model.type === 'code'
              && cell.model.sharedModel.source.includes(text));"""
        # What is out of sight is not drawn.
        self.page.evaluate(
            f"async text => {{ {cell} await content.scrollToItem(index); }}", containing
        )
        said = f"{cell} const said = content.widgets[index].outputArea?.node.innerText ?? '';"
        found = f"([text, words]) => {{ {said} return said.includes(words) ? said : null; }}"
        return self.wait(found, timeout, [containing, words]).json_value()

    def run_to(self, containing: str, timeout: float = 300) -> None:
        """Run all cells above the first one that contains the text; then start that one."""
        self._go_to(containing)
        self.page.evaluate(
            """() => {
              const run = name => window.jupyterapp.commands.execute(`notebook:${name}`);
              window.above = window.ran = false;
              run('run-all-above').then(() => {
                window.above = true;
                run('run-cell').finally(() => { window.ran = true; });
              });
            }"""
        )
        self.wait("() => window.above", timeout)

    def run_below(self, containing: str, timeout: float = 300) -> None:
        """Run the first cell that contains the text and all below it, to the end of the last."""
        self._go_to(containing)
        self._run("run-all-below", timeout)

    def try_sliders(self) -> None:
        """Each slider moves a picture, one step there and back."""
        handles = self.sliders()
        for index in range(handles.count()):
            slider = handles.nth(index)
            keys = ["ArrowRight", "ArrowLeft"]
            for key in reversed(keys) if at_its_end(slider) else keys:
                self.move(slider, key)

    def repaints(self, seconds: float) -> float:
        """How many times a second the pictures change, watched for a while in the page."""
        return self.page.evaluate(
            f"""async seconds => {{
              const pictures = {PICTURES};
              let last = pictures().join(), changes = 0;
              const end = performance.now() + 1000 * seconds;
              while (performance.now() < end) {{
                await new Promise(requestAnimationFrame);
                const now = pictures().join();
                if (now !== last) {{ changes += 1; last = now; }}
              }}
              return changes / seconds;
            }}""",
            seconds,
        )

    def errors(self) -> list[str]:
        """What went wrong in the cells: the name and text of each error output."""
        return self.page.evaluate(
            f"""() => {PANEL}.content.widgets.filter(cell => cell.model.type === 'code').flatMap(
                  (cell, index) => cell.model.outputs.toJSON()
                    .filter(out => out.output_type === 'error')
                    .map(out => `code cell ${{index + 1}}: ${{out.ename}}: ${{out.evalue}}`))"""
        )

    def printed(self) -> list[str]:
        """What the cells have printed, one text for each output."""
        return self.page.evaluate(
            f"""() => {PANEL}.content.widgets.filter(cell => cell.model.type === 'code').flatMap(
                  cell => cell.model.outputs.toJSON()
                    .filter(out => out.name === 'stdout').map(out => [out.text].flat().join('')))"""
        )

    def pictures(self) -> list[str]:
        """What every picture of the notebook shows now, in order."""
        return self.page.evaluate(PICTURES)

    def sliders(self):
        """The handles of the sliders that are not at rest: of ipywidgets, and of film players."""
        area = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"
        awake = ".noUi-target:not([disabled]) .noUi-handle"
        return self.page.locator(f"{area} {awake}, {area} input[type=range]")

    def move(self, slider, key: str = "ArrowRight", timeout: float = 10) -> float:
        """Press a key on a slider; milliseconds until a picture has changed, seen in the page."""
        slider.scroll_into_view_if_needed()
        slider.focus()
        before = self.pictures()
        self.page.evaluate(
            f"""before => {{
              const pictures = {PICTURES};
              window.changed = null;
              document.addEventListener('keydown', () => {{
                const begin = performance.now();
                const look = () => {{
                  if (pictures().join() !== before) window.changed = performance.now() - begin;
                  else requestAnimationFrame(look);
                }};
                look();
              }}, {{ once: true, capture: true }});
            }}""",
            ",".join(before),
        )
        self.page.keyboard.press(key)
        self.wait("() => window.changed !== null", timeout)
        return self.page.evaluate("() => window.changed")

    def wait_for_change(self, before: list[str], timeout: float = 30) -> None:
        """Wait until the pictures are others than `before` (an answer of `pictures`)."""
        changed = f"before => ({PICTURES})().join() !== before"
        self.wait(changed, timeout, ",".join(before))

    def press(self, label: str) -> None:
        """Press the notebook's first visible button with this label."""
        button = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output")
        button.get_by_role("button", name=label).first.click()

    def screenshot(self, name: str) -> None:
        """Keep a picture of the page, if a folder for screenshots was asked for."""
        if self.screenshots:
            self.screenshots.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(self.screenshots / f"{name}.png"))


def at_its_end(slider) -> bool:
    """A handle of ipywidgets says where it stands in ARIA's words, a plain input in its own."""
    return slider.evaluate(
        """node => {
          const said = name => Number(node.getAttribute(`aria-value${name}`));
          return node.matches('input') ? Number(node.value) >= Number(node.max)
                                       : said('now') >= said('max');
        }"""
    )
