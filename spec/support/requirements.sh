#!/bin/sh
# Makes sure that what a make target needs is there: `requirements.sh demo`.
# `requirements.sh name command lua5.3` and `... name header 5.3` only say which
# package brings that.
# On Debian and Ubuntu missing packages are installed, where that may be done;
# elsewhere they are named. What is there already, from wherever, is left
# alone; nothing here starts a service.
set -eu

# "a|b": b where this release of the distribution has no a.
# group   check                                  Debian             Fedora            Alpine           Homebrew
table() {
  cat <<'END'
demo command cc                                  gcc                gcc               build-base       -
demo command make                                make               make              make             make
demo libc                                        libc6-dev          glibc-devel       musl-dev         -
demo command pkg-config                          pkg-config         pkgconf-pkg-config pkgconf         pkgconf
demo command lua5.4                              lua5.4             lua               lua5.4           lua
demo package lua5.4,lua-5.4,lua54,lua            liblua5.4-dev      lua-devel         lua5.4-dev       lua
demo package libcurl                             libcurl4-openssl-dev libcurl-devel   curl-dev         curl
demo module lua5.4,cjson                         lua-cjson          lua-cjson         lua5.4-cjson     luarocks:lua-cjson
demo http                                        lua-http,lua5.1    lua-http          luarocks:http    luarocks:http
demo command curl                                curl               curl              curl             curl
demo command openssl                             openssl            openssl           openssl          openssl
demo file /etc/ssl/certs                         ca-certificates    ca-certificates   ca-certificates  -
test command luajit                              luajit2|luajit     luajit            luajit           luajit
test package luajit                              libluajit2-5.1-dev|libluajit-5.1-dev luajit-devel luajit-dev    luajit
test command lua5.1                              lua5.1             compat-lua        lua5.1           -
test package lua5.1,lua-5.1,lua51                liblua5.1-0-dev    compat-lua-devel  lua5.1-dev       -
test command lua5.2                              lua5.2             -                 lua5.2           -
test package lua5.2,lua-5.2,lua52                liblua5.2-dev      -                 lua5.2-dev       -
test command lua5.3                              lua5.3             -                 lua5.3           -
test package lua5.3,lua-5.3,lua53                liblua5.3-dev      -                 lua5.3-dev       -
test module lua5.4,busted                        lua-busted         luarocks:busted   luarocks:busted  luarocks:busted
test file /usr/share/i18n/locales/de_DE          locales            glibc-locale-source -            -
test command luarocks                            luarocks           luarocks          luarocks5.4      luarocks
test command pgrep                               procps             procps-ng         procps           -
test command python3                             python3            python3           python3          python3
nginx nginx                                      nginx,libnginx-mod-http-lua - nginx,nginx-mod-http-lua openresty/brew/openresty
lint command luacheck                            lua-check          luarocks:luacheck luarocks:luacheck luacheck
lint command clang                               clang              clang             clang            llvm
lint command clang-format                        clang-format       clang-tools-extra clang-extra-tools clang-format
lint command clang-tidy                          clang-tidy         clang-tools-extra clang-extra-tools llvm
lint command cppcheck                            cppcheck           cppcheck          cppcheck         cppcheck
bench package libcjson                           libcjson-dev       cjson-devel       cjson-dev        cjson
memory command valgrind                          valgrind           valgrind          valgrind         -
memory debuginfo                                 libc6-dbg          -                 musl-dbg         -
fuzz fuzzer                                      libclang-rt-dev    compiler-rt       compiler-rt      llvm
fuzz command gcovr                               gcovr              gcovr             gcovr            gcovr
matrix command debootstrap                       debootstrap        debootstrap       debootstrap      -
END
}

any_package() {
  for name in $(echo "$1" | tr , ' '); do
    pkg-config --exists "$name" 2>/dev/null && return 0
  done
  return 1
}

any_http() {
  for vm in luajit lua5.1 lua5.2 lua5.3 lua5.4 lua; do
    "$vm" -e 'require "http.server" require "cjson"' 2>/dev/null && return 0
  done
  return 1
}

any_fuzzer() {
  echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
    clang -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null
}

# With Lua in it, as a module or built in.
any_nginx() (
  PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin
  about=$(nginx -V 2>&1) || exit 1
  modules=$(echo "$about" | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
  case $about in *ngx_lua-*) exit 0 ;; esac
  test -e "$modules/ngx_http_lua_module.so"
)

present() {
  case $1 in
    command) command -v "$2" >/dev/null ;;
    file) test -e "$2" ;;
    libc) echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 ;;
    debuginfo) test -d /usr/lib/debug/.build-id ;;
    package) any_package "$2" ;;
    module) "${2%,*}" -e "require '${2#*,}'" 2>/dev/null ;;
    http) any_http ;;
    nginx) any_nginx ;;
    fuzzer) any_fuzzer ;;
  esac
}

# test includes demo, and so on.
wanted() {
  case $1 in
    demo) echo demo ;;
    nginx|test) echo demo nginx test ;;
    lint) echo demo nginx test lint ;;
    bench) echo demo nginx test bench ;;
    memory) echo demo nginx test lint memory ;;
    fuzz) echo demo nginx test lint fuzz ;;
    matrix) echo matrix ;;
    *) echo "requirements.sh: demo, nginx, test, lint, bench, memory, fuzz," \
         "matrix" >&2
       exit 2 ;;
  esac
}

# What is not there, a line each: the packages, then the check that failed.
missing() {
  groups=" $(wanted "$1") "
  column=$2
  table | while read -r group check rest; do
    case $groups in *" $group "*) ;; *) continue ;; esac
    case $check in
      http|nginx|libc|debuginfo|fuzzer) argument= ;;
      *) argument=${rest%% *}; rest=${rest#* } ;;
    esac
    # shellcheck disable=SC2086
    set -- $rest
    shift $((column - 1))
    present "$check" "$argument" || [ "$1" = - ] ||
      echo "$1 $check $argument"
  done
}

packages_of() { cut -d ' ' -f 1 | tr , '\n' | sort -u; }

# The first of each "a|b" that apt can install.
known_to_apt() {
  while read -r names; do
    case $names in *"|"*) ;; *) echo "$names"; continue ;; esac
    for name in $(echo "$names" | tr '|' ' '); do
      apt-cache show "$name" 2>/dev/null | grep -q ^Package: && break
    done
    echo "$name"
  done
}

missing_debian() { missing "$1" 1 | packages_of | known_to_apt; }

# A package that brings a service shall neither start nor enable it, nor
# disturb one that runs already.
without_services() {
  policy=/usr/sbin/policy-rc.d
  had_nginx=$(dpkg-query -W -f '${Status}' nginx 2>/dev/null || true)
  if [ ! -e $policy ]; then
    trap '$sudo rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
  fi
  "$@" || return 1
  case $had_nginx in *" installed") return ;; esac
  [ -e /etc/init.d/nginx ] || return 0
  $sudo invoke-rc.d --quiet nginx stop >&2 || true
  $sudo update-rc.d nginx disable >&2 || true
}

# Packages that are there and do not bring what they should.
complain() {
  echo "installed, and still not there:" >&2
  echo "$1" | while read -r packages check argument; do
    echo "  $check $argument, which should be in $packages" >&2
  done
  case $1 in *"module lua5.4,cjson"*)
    echo "lua-cjson has a module for Lua 5.4 in Debian 12, Ubuntu 24.04 and" \
      "newer; here: luarocks --lua-version=5.4 install lua-cjson" >&2 ;;
  esac
  exit 1
}

leave_it_to_user() {
  echo "missing; install as root with: apt-get install" \
    $(missing_debian "$1") >&2
  exit 1
}

# How to become root, into `sudo`.
become_root() {
  sudo=
  [ "$(id -u)" != 0 ] || return 0
  sudo="sudo DEBIAN_FRONTEND=noninteractive"
  command -v sudo >/dev/null || leave_it_to_user "$1"
}

install_debian() {
  export DEBIAN_FRONTEND=noninteractive
  # A package can itself be what a later check needs, as pkg-config is.
  for round in 1 2; do
    [ -n "$(missing "$1" 1)" ] || return 0
    become_root "$1"
    [ "$round" = 2 ] || $sudo apt-get update -qq >&2 || leave_it_to_user "$1"
    packages=$(missing_debian "$1")
    echo "installing:" $packages >&2
    without_services $sudo apt-get install -y -qq --no-install-recommends \
      $packages >&2 || leave_it_to_user "$1"
  done
  lacking=$(missing "$1" 1)
  [ -z "$lacking" ] || complain "$lacking"
}

# The column of the table for this system, and what installs its packages.
manager() {
  for manager in "1 apt-get install" "2 dnf install" "3 apk add" \
    "4 brew install"; do
    set -- $manager
    ! command -v "$2" >/dev/null || { echo "$manager"; return; }
  done
  echo "1 the package, as Debian calls it,"
}

# `name command lua5.3` or `name header 5.3`
name() {
  case $1 in
    command) check="command $2" ;;
    header) check="package $(echo "$2" | sed 's/^5/lua5/')" ;;
  esac
  set -- $(manager)
  column=$1
  shift
  packages=$(table | awk -v check="$check" -v column="$((3 + column))" '
    { split($3, names, ","); $3 = names[1] }
    $2 " " $3 == check { print $column; exit }')
  case $packages in *"|"*) packages=$(echo "$packages" | known_to_apt) ;; esac
  case ${packages:--} in
    -) echo "no package of it is known here" ;;
    *) echo "$* $packages" ;;
  esac
}

advise() {
  set -- "$1" $(manager)
  column=$2
  packages=$(missing "$1" "$column" | packages_of)
  [ -n "$packages" ] || return 0
  shift 2
  echo "missing; install with: $*" \
    $(echo "$packages" | grep -v ^luarocks:) >&2
  echo "$packages" | sed -n 's/^luarocks:/and: luarocks install /p' >&2
  exit 1
}

case $1 in
  name) shift; name "$@" ;;
  *) if command -v apt-get >/dev/null; then install_debian "$1"
     else advise "$1"; fi ;;
esac
