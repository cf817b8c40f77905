"""Markdown of the repository as pages: README, `docs/`, decisions; and the links between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from customer360.errors import Customer360Error
from customer360.serving.site.frame import GUIDES, link, page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FOLDER: Final = "guides"


class SiteError(Customer360Error):
    """The documentation cannot be made, or the folder for it is somebody else's."""


@dataclass(frozen=True)
class Guide:
    """A page made of a Markdown file.

    Attributes:
        source: Path of the file inside the repository.
        at: Path of the page inside the site.
        title: Its first heading.
    """

    source: PurePosixPath
    at: str
    title: str


def find_guides(root: Path) -> list[Guide]:
    """README, guides and decisions of a repository, in this order and by name."""
    files = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    found = []
    for path in files:
        source = PurePosixPath(path.relative_to(root).as_posix())
        inside = source.relative_to("docs") if source.parts[0] == "docs" else source
        heading = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if heading is None:
            raise SiteError(f"{source}: found no heading; expected a line `# Title`.")
        at = f"{_FOLDER}/{inside.with_suffix('.html').as_posix().lower()}"
        found.append(Guide(source, at, heading[1]))
    return found


def build_guides(root: Path, guides: list[Guide]) -> dict[str, str | bytes]:
    """The pages by their path, and the pictures that they show.

    Raises:
        SiteError: A link leads to a file that is not there; all such are named.
    """
    files: dict[str, str | bytes] = {}
    problems: list[str] = []
    for guide in guides:
        writer = _Writer(root, guide, {each.source: each.at for each in guides})
        files[guide.at] = page(guide.title, [writer.body()], guide.at)
        files |= writer.pictures
        problems += writer.problems
    if problems:
        raise SiteError("Links of the documentation lead nowhere:\n  " + "\n  ".join(problems))
    files[GUIDES] = _contents(guides)
    return files


def _contents(guides: list[Guide]) -> str:
    def listed(wanted: bool) -> str:
        items = (
            f"<li>{link(g.title, g.at.removeprefix(f'{_FOLDER}/'))}</li>"
            for g in guides
            if ("decisions" in g.source.parts) == wanted
        )
        return f"<ul>{''.join(items)}</ul>"

    return page("Guides", [listed(False), "<h2>Decisions</h2>", listed(True)], GUIDES)


def parser() -> MarkdownIt:
    """Markdown as the repository uses it: CommonMark with tables, no HTML."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


class _Writer:
    """Writes one guide."""

    def __init__(self, root: Path, guide: Guide, pages: Mapping[PurePosixPath, str]) -> None:
        self._root, self._guide, self._pages = root, guide, pages
        self._markdown = parser()
        self._slugs: dict[str, int] = {}
        self.pictures: dict[str, str | bytes] = {}
        self.problems: list[str] = []

    def body(self) -> str:
        """The page's content without its first heading, which the frame shows."""
        text = (self._root / self._guide.source).read_text(encoding="utf-8")
        text = re.sub(r"^# .+\n", "", text, count=1, flags=re.MULTILINE)
        tokens = self._markdown.parse(text)
        for place, token in enumerate(tokens):
            if token.type == "heading_open":
                token.attrSet("id", self._slug(tokens[place + 1].content))
            if token.children:
                token.children = list(self._resolved(token.children))
        return str(self._markdown.renderer.render(tokens, self._markdown.options, {}))

    def _slug(self, heading: str) -> str:
        """An anchor by the rule of those who show Markdown: letters, digits, hyphens."""
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = self._slugs.get(slug, 0)
        self._slugs[slug] = number + 1
        return f"{slug}-{number}" if number else slug

    def _resolved(self, tokens: list[Token]) -> Iterator[Token]:
        """Inline tokens with links that lead inside the site; links to other files become text."""
        is_dropped = False
        for token in tokens:
            if token.type == "link_open":
                target = self._target(str(token.attrs["href"]))
                is_dropped = target is None
                if target is not None:
                    token.attrs["href"] = target
            if token.type == "image":
                token.attrs["src"] = self._picture(str(token.attrs["src"]))
            if not (is_dropped and token.type in ("link_open", "link_close")):
                yield token
            if token.type == "link_close":
                is_dropped = False

    def _target(self, href: str) -> str | None:
        """Where a link leads; None for a file of the repository that is no page."""
        parts = urlsplit(href)
        if parts.scheme or not parts.path:
            return href
        source = self._inside(parts.path)
        at = self._pages.get(source)
        if source == PurePosixPath("docs/decisions"):
            at = GUIDES
        if at is None:
            if not (self._root / source).exists():
                self.problems.append(f"{self._guide.source}: {href}")
            return None
        return self._from_here(at) + (f"#{parts.fragment}" if parts.fragment else "")

    def _picture(self, src: str) -> str:
        source = self._inside(src)
        path = self._root / source
        if not path.is_file():
            self.problems.append(f"{self._guide.source}: {src}")
            return src
        at = f"{_FOLDER}/pictures/{source.name}"
        self.pictures[at] = path.read_bytes()
        return self._from_here(at)

    def _inside(self, path: str) -> PurePosixPath:
        """A path relative to the guide's file as one inside the repository."""
        whole = (self._root / self._guide.source.parent / path).resolve()
        return PurePosixPath(whole.relative_to(self._root.resolve()).as_posix())

    def _from_here(self, at: str) -> str:
        return "../" * self._guide.at.count("/") + at
