# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154
# Roots of Debian that are kept in a folder, and copies of them that are thrown away. Sourced with SUITE and FOLDER in
# $suite and $folder; by root.
LC_ALL=C.UTF-8
export LC_ALL
[ "$(id -u)" = 0 ] || { echo "skipped: root alone can make roots"; exit 77; }
command -v debootstrap >/dev/null || { echo "skipped: debootstrap is missing"; exit 77; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e $keyring ] || { echo "skipped: debian-archive-keyring is missing"; exit 77; }
git rev-parse --git-dir >/dev/null || { echo "skipped: this is no git checkout"; exit 77; }
unshare -m true || { echo "skipped: nothing can be mounted here"; exit 77; }
mirror=${INKAN_MIRROR-http://deb.debian.org/debian}
work=$(mktemp -d "$folder/work-XXXXXX") || exit 99
trap 'umount -l "$work"/*/root/dev/pts "$work"/*/root 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM
/usr/lib/apt/apt-helper -o Acquire::http::Timeout=20 download-file "$mirror/dists/$suite/Release" "$work/Release" >/dev/null 2>&1 ||
	{ echo "skipped: $mirror does not answer"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

quiet() { # NAME COMMAND...
	what=$1
	shift
	"$@" >"$work/log" 2>&1 </dev/null && return
	tail -n 40 "$work/log"
	fail "$what"
}

# $folder/SUITE-VARIANT is made when it is not there.
kept() { # VARIANT DEBOOTSTRAP'S-VARIANT [SWITCH]
	[ ! -e "$folder/$suite-$1/etc/debian_version" ] || return 0
	quiet "debootstrap $suite" debootstrap --keyring=$keyring --variant="$2" ${3+"$3"} "$suite" "$work/new" "$mirror"
	mv "$work/new" "$folder/$suite-$1"
}

copy() { # VARIANT NAME
	mkdir -p "$work/$2/root" "$work/$2/up" "$work/$2/tmp"
	mount -t overlay overlay -o "lowerdir=$folder/$suite-$1,upperdir=$work/$2/up,workdir=$work/$2/tmp" "$work/$2/root" 2>/dev/null ||
		cp -a "$folder/$suite-$1/." "$work/$2/root"
	cp /etc/resolv.conf "$work/$2/root/etc"
	mkdir -p "$work/$2/root/dev/pts"
	mount -t devpts devpts "$work/$2/root/dev/pts"
	printf '#!/bin/sh\nexit 101\n' >"$work/$2/root/usr/sbin/policy-rc.d"
	chmod 755 "$work/$2/root/usr/sbin/policy-rc.d"
	quiet 'apt-get update' inside "$2" apt-get update
}

inside() { # NAME COMMAND...: what it starts ends with it
	name=$1
	shift
	DEBIAN_FRONTEND=noninteractive HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		unshare --pid --fork --kill-child --mount-proc="$work/$name/root/proc" chroot "$work/$name/root" "$@"
}

installed() { # NAME PACKAGE...
	name=$1
	shift
	quiet "the packages $*" inside "$name" apt-get -qy install --no-install-recommends "$@"
}

# What is in the index (git add), in /src/inkan, as an ordinary user's.
source_in() { # NAME
	mkdir -p "$work/$1/root/src/inkan"
	git archive "$(git write-tree)" | tar -x -C "$work/$1/root/src/inkan"
	inside "$1" sh -c "chmod -R go=u,go-w /src && chown -R 1000:1000 /src"
}

as_user() { # NAME COMMAND...
	name=$1
	shift
	inside "$name" setpriv --reuid=1000 --regid=1000 --clear-groups -- env HOME=/src "$@"
}
