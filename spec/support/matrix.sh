#!/bin/sh
# Builds truto and runs its specs on other systems, and prints a table:
# `matrix.sh [SYSTEM...]`, with the VMs in TEST_VMS.
#
# Each system is a folder of Debian's packages, by default under build/matrix,
# made by debootstrap from the mirror that apt uses here, and kept; remove a
# system's folder to have it made anew. What is mounted there is mounted in a
# namespace of its own, and what runs there ends with it.
set -eu

folder=${MATRIX_FOLDER:-build/matrix}
: "${TEST_VMS:=lua5.4 luajit}"

# name    suite     architecture  packages beside the requirements
systems() {
  cat <<'LIST'
bookworm  bookworm  native        -
trixie    trixie    native        -
sid       sid       native        -
i386      bookworm  i386          -
gnutls    trixie    native        libcurl4-gnutls-dev
LIST
}

fail() {
  echo "$1" >&2
  exit 2
}

mirror() {
  apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 !~ /-/ { print $1; exit }'
}

# Runs a command in a system: `inside ROOT COMMAND...`. There the first
# process is a shell that waits, which reaps what loses its parent.
inside() {
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child sh -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --bind /sys "$root/sys"
    mount -t tmpfs -o mode=755 dev "$root/dev"
    for device in null zero full random urandom tty; do
      : > "$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    status=0
    chroot "$root" "$@" || status=$?
    exit $status' - "$@"
}

# `make_system NAME SUITE ARCHITECTURE PACKAGES`. Its folder gets its name
# when it is whole.
make_system() {
  root=$folder/$1
  [ ! -d "$root" ] || return 0
  new=$root.new
  rm -rf --one-file-system "$new"
  architecture=$3
  [ "$3" != native ] || architecture=$(dpkg --print-architecture)
  unshare --mount debootstrap --variant=minbase --arch="$architecture" \
    --include=ca-certificates,make,git "$2" "$new" "$(mirror)"
  # What sid says it is may be older than sid's own limit, on a mirror.
  echo 'Acquire::Check-Valid-Until "false";' \
    > "$new/etc/apt/apt.conf.d/90truto"
  if [ "$4" != - ]; then
    inside "$new" apt-get update -qq
    inside "$new" apt-get install -y -qq --no-install-recommends "$4"
  fi
  mv "$new" "$root"
}

# The tree as it stands, without what was built.
copy_tree() {
  rm -rf --one-file-system "$1/truto"
  mkdir "$1/truto"
  git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for file; do [ ! -e "$file" ] || echo "$file"; done' - |
    tar -c -T - .git | tar -x -C "$1/truto"
}

# shellcheck disable=SC2016
SPECS='
  cd /truto
  git config --global --replace-all safe.directory /truto
  sh spec/support/requirements.sh test
  make -s build/libcurl
  build/libcurl > build/libcurl.version
  make -s build-all TEST_VMS="$*"
  sh spec/support/test.sh "$@"'

row() { printf '%-9s %-7s %-33s %6s %6s %7s\n' "$@"; }

# A row a VM, by what test.sh left. `report NAME VM...`
report() {
  name=$1
  shift
  truto=$folder/$name/truto
  libcurl=$(cat "$truto/build/libcurl.version" 2>/dev/null) || libcurl=-
  for vm; do
    counts=$(cat "$truto/build/test/$vm.results" 2>/dev/null) ||
      counts="- - -"
    # shellcheck disable=SC2086
    row "$name" "$vm" "$libcurl" $counts
  done
}

# `run_system NAME SUITE ARCHITECTURE PACKAGES`
run_system() {
  make_system "$@"
  copy_tree "$folder/$1"
  # shellcheck disable=SC2086
  inside "$folder/$1" sh -euc "$SPECS" - $TEST_VMS
}

[ "$(id -u)" = 0 ] || fail "make matrix needs root, for chroot and mount"
[ $# -gt 0 ] || set -- $(systems | cut -d ' ' -f 1)
for name in "$@"; do
  systems | grep -q "^$name " ||
    fail "make matrix knows: $(systems | cut -d ' ' -f 1 | paste -sd ' ')"
done
mkdir -p "$folder"

broken=0
for name in "$@"; do
  echo "$name: see $folder/$name.log" >&2
  # In a process of its own: what fails ends it, and not the others.
  # shellcheck disable=SC2046
  (run_system $(systems | grep "^$name ")) > "$folder/$name.log" 2>&1 &
  wait $! || broken=1
done
row system VM libcurl passed failed skipped
# shellcheck disable=SC2086
for name in "$@"; do report "$name" $TEST_VMS; done
exit $broken
