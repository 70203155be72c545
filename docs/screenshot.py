"""Takes the pictures of a report that the README and the docs show, in headless Chromium.

    .venv/bin/python docs/screenshot.py runs/quickstart/report/report.html docs/report.png

``--at`` picks the section to begin at, ``--dark`` the dark scheme, ``--width`` and ``--height`` the window in CSS pixels.
The picture is reduced to 256 colours, which a page of text doesn't show, so that the repository stays small.
Needs the ``dev`` extra (playwright) and a Chromium; nothing is downloaded, and the page is refused any request.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from pathlib import Path

MOST_BYTES = 300_000


def main() -> int:
    """Take one picture; returns 1 when it is too large for the repository."""
    parser = argparse.ArgumentParser(description="Take a picture of a report.")
    parser.add_argument("report", type=Path, help="report.html")
    parser.add_argument("picture", type=Path, help="PNG file to write")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1500)
    parser.add_argument("--scale", type=float, default=1.0, help="pixels per CSS pixel")
    parser.add_argument("--at", default="", metavar="ID", help="begin at this section, such as scores")
    parser.add_argument("--open", default="", metavar="TASK_ID", help="open this task and begin there")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the whole page, however long")
    args = parser.parse_args()
    if not args.report.is_file():
        parser.error(f"{args.report}: no such report; make one with `hpcraft run recipes/quickstart.yaml`")
    data = reduce_colours(take(args))
    args.picture.write_bytes(data)
    print(f"{args.picture}: {len(data):,} bytes")
    if len(data) > MOST_BYTES:
        print(f"{args.picture}: larger than {MOST_BYTES:,} bytes; give a smaller --height or --scale", file=sys.stderr)
        return 1
    return 0


def take(args: argparse.Namespace) -> bytes:
    """The window's contents as PNG."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # Chromium's own sandbox can't be set up by root; the page is ours and its policy allows no request.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(
            viewport={"width": args.width, "height": args.height},
            device_scale_factor=args.scale,
            color_scheme="dark" if args.dark else "light",
            reduced_motion="reduce",  # jumps to the section at once
        )
        tab.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file://") else route.abort())
        place = args.open or args.at
        tab.goto(args.report.resolve().as_uri() + (f"#{place}" if place else ""))
        tab.wait_for_timeout(300)
        picture = tab.screenshot(full_page=args.whole)
        browser.close()
    return picture


def reduce_colours(png: bytes) -> bytes:
    """The same picture with a palette of 256 colours."""
    from PIL import Image

    small = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    sys.exit(main())
