"""Pages of evidence, made section by section: each leaves a Markdown file, and the page is put together from those there are."""

import argparse
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path


def parser(description: str | None, sections: Iterable[str], name: str) -> argparse.ArgumentParser:
    """Options of the script that makes docs/NAME.md of these sections."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("sections", nargs="*", help=f"of {', '.join(sections)}; default all")
    options.add_argument("--parts", type=Path, default=Path(f"reports/output/{name}"), help="their Markdown")
    options.add_argument("--assemble", action="store_true", help="only put the page together")
    options.add_argument("--scale", type=int, default=1, help="so many times fewer series, for a quick look")
    options.add_argument("--page", type=Path, default=Path(f"docs/{name}.md"))
    return options


def make(given: argparse.Namespace, introduction: str, sections: Mapping[str, Callable[[], Iterable[str]]]) -> None:
    """Run the sections asked for, and put the page together from all that are there."""
    given.parts.mkdir(parents=True, exist_ok=True)
    for name in () if given.assemble else given.sections or sections:
        begun = time.process_time()
        text = "\n\n".join(sections[name]()) + "\n"
        (given.parts / f"{name}.md").write_text(text, encoding="utf-8")
        print(f"{name}: {time.process_time() - begun:.0f} s", flush=True)
    parts = [path.read_text(encoding="utf-8") for name in sections if (path := given.parts / f"{name}.md").is_file()]
    given.page.write_text("\n".join([introduction, *parts]), encoding="utf-8")
