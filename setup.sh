#!/bin/sh
# Sets autod-tui up in this directory and starts it. Safe to run again: what is there already is left alone.
#
#   sh setup.sh demo [ARGUMENTS]    set up, then play the demo
#   sh setup.sh test [ARGUMENTS]    set up with the development tools, then run all tests (ARGUMENTS go to pytest)
#   sh setup.sh                     set up only
#   sh setup.sh dev                 set up with the development tools only
#
# It needs sh, git and Python 3.11 or newer. On Debian and Ubuntu it installs tmux and python3-venv by apt-get when
# they are missing (as root or by sudo); everything else goes into .venv beside this file and nowhere else.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
venv=$here/.venv
uv_version=0.13.8
unfit=3

say() { printf '%s\n' "autod setup: $*" >&2; }
fail() {
    say "$*"
    exit "$unfit"
}
has() { command -v "$1" >/dev/null 2>&1; }

# Run a command quietly; show what it printed only when it fails.
quietly() {
    log=$(mktemp)
    quiet_status=0
    "$@" >"$log" 2>&1 </dev/null || quiet_status=$?
    [ "$quiet_status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$quiet_status"
}

# Run a program that fetches something. Where its own certificates don't do (a company's proxy, say), the system's
# are tried before giving up.
fetching() {
    roots=/etc/ssl/certs/ca-certificates.crt
    if [ ! -r "$roots" ]; then
        quietly "$@"
        return
    fi
    quietly "$@" 2>/dev/null || (
        export PIP_CERT="$roots" SSL_CERT_FILE="$roots"
        quietly "$@"
    )
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"; }

# Install Debian packages; the package lists are fetched only when the install fails without that.
install_packages() {
    has apt-get || fail "please install $* with your system's package manager, then run this again"
    if [ "$(id -u)" -ne 0 ]; then
        has sudo || fail "please install $* as root (apt-get install $*), then run this again"
        sudo -v || fail "sudo was refused; please install $* as root, then run this again"
    fi
    say "installing $* (apt-get) ..."
    apt_get install --no-install-recommends "$@" >/dev/null 2>&1 </dev/null && return 0
    quietly apt_get update || say "apt-get update had errors; trying to go on"
    quietly apt_get install --no-install-recommends "$@" || fail "apt-get could not install $*; its words are above"
}

need_python() {
    has python3 || install_packages python3
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed; $(command -v python3) is $(python3 --version 2>&1)"
}

need_programs() {
    missing=
    has git || missing="$missing git"
    has tmux || missing="$missing tmux"
    # Debian splits venv's other half, ensurepip, off into a package of its own.
    [ -x "$venv/bin/python" ] || python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    # shellcheck disable=SC2086 # one word per package
    [ -z "$missing" ] || install_packages $missing
}

# What the environment was made from: when this changes, it is brought up to date.
wanted_stamp() {
    printf '%s\n' "$1" "$here" "$uv_version" "$(python3 --version)"
    cksum <"$here/uv.lock"
    cksum <"$here/pyproject.toml"
}

venv_works() { [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; }

# Bring .venv to the locked versions: `run` for what autod needs, `dev` for the tools of its development as well.
sync_environment() {
    stamp=$venv/.autod-$1
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_stamp "$1")" ] && [ -x "$venv/bin/autod" ] && venv_works; then
        return 0
    fi
    if ! venv_works || ! grep -qxF "$here" "$venv/.autod-home" 2>/dev/null; then
        say "making the Python environment in .venv ..."
        quietly python3 -m venv --clear "$venv" || fail "python3 -m venv failed; its words are above"
        printf '%s\n' "$here" >"$venv/.autod-home"
    fi
    if [ "$("$venv/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
        say "fetching uv $uv_version ..."
        fetching "$venv/bin/python" -m pip install --retries 1 --disable-pip-version-check "uv==$uv_version" ||
            fail "pip could not fetch uv (is the network there?); its words are above"
    fi
    say "installing the locked packages ..."
    if [ "$1" = dev ]; then groups=--dev; else groups=--no-dev; fi
    # Inexact: uv itself lives in the environment and stays.
    (
        unset VIRTUAL_ENV
        cd "$here"
        export UV_PROJECT_ENVIRONMENT="$venv" UV_PYTHON_DOWNLOADS=never
        fetching "$venv/bin/uv" sync --frozen --inexact --no-progress "$groups"
    ) || fail "the locked packages could not be installed; uv's words are above"
    wanted_stamp "$1" >"$stamp"
}

# Pictures of the screen are drawn by cairo, with a font that has line-drawing characters.
need_drawing() {
    "$venv/bin/python" -c 'import cairosvg' >/dev/null 2>&1 && return 0
    install_packages libcairo2 fonts-dejavu-core
}

set_up() {
    need_python
    need_programs
    sync_environment "$1"
    [ "$1" != dev ] || need_drawing
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
    demo)
        set_up run
        exec "$venv/bin/autod" demo "$@"
        ;;
    test)
        set_up dev
        cd "$here"
        [ $# -gt 0 ] || set -- -n 2 --dist loadfile
        exec "$venv/bin/python" -m pytest "$@"
        ;;
    '' | dev)
        set_up "${command:-run}"
        say "ready: $venv/bin/autod"
        ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
