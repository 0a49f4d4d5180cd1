"""Makes a folder of pictures to try pdistill with: 48 gift ideas drawn from the OpenMoji font, as a shop may have them.

    python examples/make_photos.py FOLDER               pictures, a text beside each, and the same as a table, shop.csv
    python examples/make_photos.py FOLDER --wordless    pictures named as a camera names them, and nothing else

Needs the extra: pip install "pdistill[embedded]". Pictures: OpenMoji (openmoji.org), CC BY-SA 4.0.
"""

import argparse
import csv
import re
from pathlib import Path

from pdistill import example

CATEGORIES = ("plants", "food and drink", "music and electronics", "desk, tools and home")
EACH = 12


def chosen() -> list[example.Idea]:
    """Twelve gift ideas from all over each category, each with a title and a description of its own."""
    ideas: list[example.Idea] = []
    for category in CATEGORIES:
        own = {idea.description: idea for idea in example.ideas() if idea.category == category}
        several = list(own.values())
        ideas += several[:: len(several) // EACH][:EACH]
    return ideas


def file_name(title: str) -> str:
    """'Herb garden planter' -> 'herb-garden-planter.jpg'."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".jpg"


def make(folder: Path, wordless: bool) -> int:
    """Draw the pictures into `folder`; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    ideas = chosen()
    rows = []
    for number, idea in enumerate(ideas):
        name = f"IMG_{2000 + number}.jpg" if wordless else file_name(idea.title)
        example.draw(idea.emoji).save(folder / name, quality=92)
        if not wordless:
            (folder / name).with_suffix(".txt").write_text(idea.description + "\n", encoding="utf-8")
            price = 4.5 + number * 37 % 90
            rows.append((f"A{100 + number}", name, idea.title, idea.description, idea.category, price, number % 4 > 0))
    if wordless:
        return len(ideas)
    # What real folders have too: a photo that no one has named, and one that did not arrive whole.
    example.draw("🎁").save(folder / "IMG_2031.jpg", quality=92)
    whole = (folder / rows[0][1]).read_bytes()
    (folder / "half-a-download.jpg").write_bytes(whole[: len(whole) // 2])
    with (folder / "shop.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("sku", "photo", "name", "details", "category", "price", "in_stock"))
        writer.writerows(rows)
    return len(ideas) + 2


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a folder of pictures to try pdistill with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wordless", action="store_true", help="names like IMG_2000.jpg, and no texts")
    arguments = parser.parse_args()
    print(f"{make(arguments.folder, arguments.wordless)} pictures are in {arguments.folder}.")
