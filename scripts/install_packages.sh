#!/bin/sh
# install_packages.sh PYTHON REQUIREMENTS LOG: what pip is at, in one line; all that it says is in LOG, and shown when it fails.
python=$1 requirements=$2 log=$3
total=$(grep -c '^[A-Za-z0-9].*==' "$requirements")
: >"$log"
"$python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r "$requirements" >"$log" 2>&1 &
pip=$!
trap 'kill $pip 2>/dev/null; exit 130' INT TERM
while [ -t 1 ] && kill -0 $pip 2>/dev/null; do
    if grep -q '^Installing collected' "$log"; then doing="putting them in place"; else doing="fetching"; fi
    printf '\r%s of at most %s packages, %s      ' "$(grep -cE '^(Collecting|Requirement already)' "$log")" "$total" "$doing"
    sleep 1
done
if ! wait $pip; then
    printf '\nThe packages could not be installed. The last lines of pip, all of which are in %s:\n' "$log"
    tail -n 15 "$log"
    exit 1
fi
printf '\rThe packages of %s are in place.                    \n' "$requirements"
