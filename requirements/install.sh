#!/bin/sh
# install.sh LOCK: the virtual environment in .venv with what requirements/LOCK.txt pins.
# Does nothing when that very lock was the last one installed.
set -eu
lock="requirements/$1.txt"
stamp=".venv/installed-$1.txt"
python="${PYTHON:-python3}"

if cmp -s "$lock" "$stamp"; then
    exit 0
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or later is needed; '$python' is $("$python" -V 2>&1). Say which: make PYTHON=..." >&2
    exit 1
fi
if ! .venv/bin/python -c '' 2>/dev/null; then
    echo "Making the virtual environment in .venv ..."
    "$python" -m venv --clear .venv
fi
# One that another tool made may have no pip.
.venv/bin/python -c 'import pip' 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null
echo "Installing the packages that $lock pins ..."
# Older stamps no longer tell the truth from here on.
rm -f .venv/installed-*.txt
install() {
    "$@" --require-hashes -r "$lock"
}
pip="env PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip install --quiet"
if [ -z "${WITHOUT_UV:-}" ] && $pip --require-hashes -r requirements/uv.txt 2>/dev/null &&
    install .venv/bin/python -m uv pip install --quiet --system-certs --python .venv/bin/python --compile-bytecode; then
    :
else
    echo "Going on with pip, which takes longer ..."
    install $pip
fi
cp "$lock" "$stamp"
