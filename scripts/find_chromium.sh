#!/bin/sh
# The browser journeys drive an installed Chromium; where there is none, it comes from Debian's package or from
# Playwright. Prints nothing when one is there.
set -u
found() { for name in chromium chromium-browser google-chrome; do command -v "$name" >/dev/null 2>&1 && return 0; done; return 1; }
playwrights_own() { .venv/bin/python -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p: sys.exit(not os.path.exists(p.chromium.executable_path))' 2>/dev/null; }
found && exit 0
playwrights_own && exit 0
echo "No Chromium is installed; fetching one for the browser journeys."
if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    $as_root apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium >/dev/null 2>&1
    found && exit 0
fi
.venv/bin/python -m playwright install chromium && exit 0
echo "No Chromium could be installed. Install one (package chromium), then run make test again." >&2
exit 1
