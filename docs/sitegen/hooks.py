"""What MkDocs calls while it builds the site (mkdocs.yml, `hooks`).

Adds the pages that are made of code and schemas, and turns links to files of the repository,
which are outside of docs/, into pages that show these files: the site needs no other host.
"""

import posixpath
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent

LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(?=[)#\s])")
SHOWN = "source"
"""The folder of pages that show files of the repository."""
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".sh": "sh"}
UNSEARCHED = "---\nsearch: {exclude: true}\n---\n\n"
LONGEST = 60_000
"""Characters of a file that are shown: some are tables of many pages."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is written by code, and the files of the repository that pages link to."""
    # Not above: MkDocs puts the path back once it has loaded this file.
    sys.path[:0] = [str(DOCS), str(ROOT)]
    from sitegen.reference import reference_pages

    pages = dict(reference_pages(ROOT))
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    texts = {one.src_uri: one.content_string for one in files.documentation_pages()}
    for target in sorted(linked_outside(texts)):
        files.append(File.generated(config, page_of(target), content=shown(target)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links that leave docs/ to the pages that show what they lead to."""
    here = page.file.src_uri
    if here.startswith(f"{SHOWN}/"):
        return markdown

    def led(found: re.Match[str]) -> str:
        target = outside(here, found[1])
        if target is None:
            return found[1]
        return posixpath.relpath(page_of(target), posixpath.dirname(here) or ".")

    return LINK.sub(led, markdown)


def linked_outside(texts: dict[str, str]) -> set[str]:
    """Files and folders of the repository, outside of docs/, that pages link to."""
    found = set()
    for here, text in texts.items():
        found |= {outside(here, link[1]) for link in LINK.finditer(text)}
    return {one for one in found if one is not None}


def outside(here: str, link: str) -> str | None:
    """What a link of a page leads to, from the repository's root; None if the site has that itself:
    whatever is in docs/, but for programs."""
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(here), link))
    if not (ROOT / target).exists():
        return None
    return target if not f"{target}/".startswith("docs/") or target.endswith(".py") else None


def page_of(target: str) -> str:
    """The page that shows a file or a folder."""
    return f"{SHOWN}/{target.replace('.md', '-md')}.md"


def shown(target: str) -> str:
    """That page: a file as it is, a model card as text, a folder as a list."""
    from sitegen.blocks import code

    path = ROOT / target
    head = f"{UNSEARCHED}# {target}\n\nA file of the repository, as this site was built from.\n\n"
    if path.is_dir():
        return head.replace("file", "folder") + "".join(
            f"- `{one.relative_to(ROOT)}`\n"
            for one in sorted(path.rglob("*"))
            if one.is_file() and "__pycache__" not in one.parts
        )
    text = path.read_text()
    if path.suffix == ".md":
        return UNSEARCHED + re.sub(r"!?\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)
    cut = "" if len(text) <= LONGEST else f"\nThe first {LONGEST} characters.\n"
    return head + code(text[:LONGEST], LANGUAGES.get(path.suffix, "text")) + cut
