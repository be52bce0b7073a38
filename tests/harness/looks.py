"""How a page is looked at: on which screens, by whose rules."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Screen:
    """A screen: its width in pixels, and whether it is dark."""

    width: int
    dark: bool

    @property
    def name(self) -> str:
        return f"{self.width}-{'dark' if self.dark else 'light'}"

    @property
    def options(self) -> dict[str, Any]:
        height = {360: 780, 768: 1024}.get(self.width, 900)
        return {"width": self.width, "height": height, "dark": self.dark, "touch": self.width < 800}


SCREENS = [Screen(width, dark) for width in (360, 768, 1440) for dark in (False, True)]
ALWAYS = {"360-dark", "768-light", "1440-light"}
"""Each width once, and both themes: the rest is for the long proofs."""


def violations(page: Page) -> list[str]:
    """What axe finds, one line each: the rule, and the first elements that break it."""
    page.evaluate(_AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", _RULES)
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]


def overflow(page: Page) -> list[str]:
    """The elements that make a page wider than its screen."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.body.querySelectorAll('*')]
            .filter(each => each.getBoundingClientRect().right > width + 1)
            .slice(0, 5).map(each => each.outerHTML.slice(0, 160));
        }"""
    )
    return found


def unreachable(page: Page) -> list[str]:
    """The visible things to click or fill that Tab never reaches, and those that do not show their focus."""
    page.evaluate(
        """() => {
          // From the top, wherever the page begins by itself.
          document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex');
          window.scrollTo(0, 0);
          const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
          window.__left = new Set([...document.querySelectorAll(all)].filter(each =>
            each.checkVisibility({visibilityProperty: true}) && !each.disabled));
          window.__dim = [];
        }"""
    )
    for _ in range(400):
        page.keyboard.press("Tab")
        done = page.evaluate(
            """() => {
              const at = document.activeElement;
              if (!at || at === document.body) return true;
              const shown = at.closest('label') || at;
              const outlined = each => getComputedStyle(each).outlineStyle !== 'none' ||
                getComputedStyle(each).boxShadow !== 'none';
              if (window.__left.has(at) && !outlined(at) && !outlined(shown))
                window.__dim.push(at.outerHTML.slice(0, 160));
              window.__left.delete(at);
              // One of a group of radio buttons stands for all of it.
              if (at.type === 'radio') for (const each of [...window.__left])
                if (each.type === 'radio' && each.name === at.name) window.__left.delete(each);
              return window.__left.size === 0;
            }"""
        )
        if done:
            break
    left: list[str] = page.evaluate(
        "() => [...[...window.__left].map(each => 'never: ' + each.outerHTML.slice(0, 160)),"
        " ...window.__dim.map(each => 'unseen: ' + each)]"
    )
    return left
