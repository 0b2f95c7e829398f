# shellcheck shell=bash
# What the *-up scripts and `down` share. A server is one or more processes in the
# foreground, each a child in a session of its own, on 127.0.0.1 only; its state is
# one folder that `down` removes.
#
#   S_DIR    folder for the state of all servers (short: Ceph's sockets live in it)
#   S_PORT   first port; without it a free range is looked for
#   S_CACHE  npm packages, kept between runs
#   S_KEEP   not empty: `down` leaves the state
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
name=$(basename "$0"); name=${name%-up}; name=${name%-down}
state=${S_DIR:-${TMPDIR:-/tmp}/xferdb-servers-$(id -u)}/$name
cache=${S_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xferdb-servers}
bucket=xfer

fail() { echo "$name: $*" >&2; exit 1; }
skip() { echo "$name: $*" >&2; exit 77; }

# ---- what has to be installed

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null; fi
}

# need PROBE PACKAGE...: a program's name or an absolute file; what cannot be had is a skip
need() {
	local probe=$1; shift
	if [[ $probe == /* ]]; then [ -e "$probe" ] && return; else command -v "$probe" >/dev/null && return; fi
	echo "$name: installing $*" >&2
	without_starting_services install_packages "$@" >/dev/null || skip "needs $probe; as root: apt-get install $*"
}

install_packages() {
	local get=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	"${get[@]}" install -y --no-install-recommends "$@" 2>/dev/null ||
		{ "${get[@]}" update && "${get[@]}" install -y --no-install-recommends "$@"; }
}

# A package must not start a service of its own on the machine's usual ports.
without_starting_services() {
	local policy=/usr/sbin/policy-rc.d status=0
	if [ -e $policy ]; then "$@"; return; fi
	printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null && as_root chmod 755 $policy || return
	"$@" || status=$?
	as_root rm -f $policy
	return $status
}

# npm_need FOLDER PACKAGE@VERSION: once, into $cache/FOLDER
npm_need() {
	local folder=$cache/$1
	[ -e "$folder/.complete" ] && return
	mkdir -p "$folder"
	echo '{"private":true}' >"$folder/package.json"
	echo "$name: npm install $2" >&2
	(cd "$folder" && npm install --no-audit --no-fund --loglevel=error "$2") >"$folder/npm.log" 2>&1 ||
		skip "npm could not install $2: $(tail -n 1 "$folder/npm.log")"
	touch "$folder/.complete"
}

# ---- processes, known by pid and start time: a number used again is not ours

born() { cut -d')' -f2 "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

# spawn NAME COMMAND...: output to log/NAME
spawn() {
	local what=$1; shift
	setsid "$@" </dev/null >>"$state/log/$what" 2>&1 9>&- &
	echo "$! $(born $!)" >"$state/run/$what"
}

alive() { [ -n "$2" ] && [ "$(born "$1")" = "$2" ]; }

all_alive() {
	local file pid start
	for file in "$state"/run/*; do
		[ -e "$file" ] && read -r pid start <"$file" && alive "$pid" "$start" || return 1
	done
}

# The whole group, first politely; state that goes away needs no slow clean end.
stop_all() {
	local file pid start tries
	for file in "$state"/run/*; do
		[ -e "$file" ] && read -r pid start <"$file" || continue
		for tries in {1..60}; do
			alive "$pid" "$start" || break
			if [ "$tries" = 1 ] && [ -n "${S_KEEP:-}" ]; then kill -TERM -- "-$pid" || :; fi
			if [ -z "${S_KEEP:-}" ] || [ "$tries" = 60 ]; then kill -KILL -- "-$pid" || :; fi
			sleep 0.05
		done
		rm -f "$file"
	done
}

# ---- the life of a server

# already: prints the lines again and leaves when it is up. From here to the end one at a time.
already() {
	mkdir -p "$state"
	exec 9>"$state.lock"
	flock 9
	[ -s "$state/env" ] && all_alive || return 0
	cat "$state/env"
	exit 0
}

# fresh PORTS: an empty state folder and the first of that many free ports in $port
fresh() {
	stop_all
	rm -rf "$state"
	mkdir -p "$state/run" "$state/log"
	trap '[ $? = 0 ] || { tail -n 5 "$state"/log/* >&2; stop_all; }' EXIT
	port=${S_PORT:-$(python3 "$here/ports.py" "$1")}
}

# $state/tls.crt and tls.key for 127.0.0.1 and localhost
self_signed() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=xferdb-test \
		-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
		-keyout "$state/tls.key" -out "$state/tls.crt" 2>/dev/null
}

# up ENDPOINT ACCESS_KEY SECRET_KEY [KEY=VALUE...]: waits until the bucket is there, then says so
up() {
	local endpoint=$1 access=$2 secret=$3; shift 3
	SECONDS=0
	until PYTHONPATH=$here/../tool python3 "$here/bucket.py" "$endpoint" "$access" "$secret" $bucket \
		2>"$state/log/bucket"; do
		all_alive || fail "one of its processes ended"
		((SECONDS < 90)) || fail "does not answer"
		sleep 0.1
	done
	printf '%s\n' "ENDPOINT=$endpoint" "ACCESS_KEY=$access" "SECRET_KEY=$secret" \
		REGION=us-east-1 "BUCKET=$bucket" "$@" >"$state/env"
	cat "$state/env"
}
