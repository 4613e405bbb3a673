#!/bin/sh
# Installs the Debian packages that a purpose needs and that are missing; says nothing when there is nothing to do.
# usage: packages.sh [build|run|test|bench|lint|fuzz]...        (default: build)
# Wants to be root or to have sudo, but only when something is missing. Made for Debian 12.
set -eu

base='gcc g++ make libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev libsmpp34-dev libssl-dev
	libjansson-dev libsqlite3-dev libpq-dev libicu-dev libinih-dev libphonenumber-dev libsystemd-dev
	libxml2-dev libmujs-dev libre-dev librem-dev espeak-ng libgmime-3.0-dev libidn2-dev pkg-config'
smpp34=1.14.1-3+deb12u1 # the release before reads past strings that do not end (CVE-2026-75895)

want=$base
for purpose in "${@:-build}"; do
	case $purpose in
	build | run) ;;
	test) want="$want libcriterion-dev postgresql-15 pgbouncer xsltproc dovecot-imapd postfix swaks baresip-core sip-tester sipsak chromium openssl clang libclang-rt-14-dev" ;;
	bench) want="$want kannel nginx-light libnginx-mod-nchan postfix sip-tester" ;;
	lint) want="$want libcriterion-dev clang clang-format clang-tidy cppcheck binutils" ;;
	fuzz) want="$want clang libclang-rt-14-dev" ;;
	*) echo "packages.sh: unknown purpose \"$purpose\"" >&2 && exit 2 ;;
	esac
done
# Any Node of 18 or later will do, wherever it comes from; Debian's own is 18.
command -v node >/dev/null || want="$want nodejs"
command -v npm >/dev/null || want="$want npm"

# A program that is not a Debian package here counts as well (clang from elsewhere, for example).
missing() {
	for p in $want; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed) [ "$p" != libsmpp34-dev ] || smpp34_is_safe || echo "$p" ;;
		*) echo "$p" ;;
		esac
	done | sort -u
}

smpp34_is_safe() {
	dpkg --compare-versions "$(dpkg-query -W -f '${Version}' libsmpp34-1 2>/dev/null || echo 0)" ge $smpp34
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "packages.sh: be root, or install sudo, or install these yourself: $todo" >&2
		exit 1
	fi
}

todo=$(missing | tr '\n' ' ')
if [ -n "$todo" ]; then
	echo "  APT   $todo"
	as_root apt-get -qq update
	case " $todo " in *" libsmpp34-dev "*) todo="$todo libsmpp34-1" ;; esac
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $todo >/dev/null
fi
if ! smpp34_is_safe; then
	echo "packages.sh: libsmpp34 is older than $smpp34, which a peer can make read past its buffers;" \
		"add Debian's security suite (bookworm-security) to the sources of apt" >&2
	exit 1
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
	echo "packages.sh: node is version $major, 18 or later is needed" >&2
	exit 1
fi
