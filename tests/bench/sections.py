"""The page of results: what comes first, and sections that are measured, or written, apart from one another."""

from pathlib import Path

_MARK = "\n## "


def keep_first(page: Path, text: str) -> None:
    """Replace what comes before all sections."""
    _, mark, rest = page.read_text().partition(_MARK)
    page.write_text(text + mark + rest)


def keep_section(page: Path, title: str, text: str) -> None:
    """Replace a section in its place, or add it at the end."""
    first, *sections = page.read_text().rstrip("\n").split(_MARK)
    new = f"{title}\n\n{text.rstrip()}\n"
    titles = [section.partition("\n")[0] for section in sections]
    if title in titles:
        sections[titles.index(title)] = new
    else:
        sections.append(new)
    page.write_text(
        _MARK.join([first.rstrip("\n") + "\n", *(section.rstrip("\n") + "\n" for section in sections)])
    )
