"""Import every module of the installed pdistill; run with the wheel alone, without extras."""

import importlib
import pkgutil
import sys

import pdistill

modules = [found.name for found in pkgutil.walk_packages(pdistill.__path__, "pdistill.")]
for name in modules:
    if name != "pdistill.__main__":  # importing it runs the program
        importlib.import_module(name)
from pdistill import pages  # noqa: E402

if "gift" not in pages.search_results("gift", []):
    sys.exit("the page templates are not in the wheel")
if len(modules) < 40:
    sys.exit(f"only {len(modules)} modules were found in {pdistill.__path__}")
print(f"{len(modules)} modules of {pdistill.__path__[0]} import without extras")
