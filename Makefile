# truto: build, try, test. `make help` lists the targets.

LUA ?= lua5.4
PREFIX ?= /usr/local
BUILD = build/$(LUA)

# What the interpreter says it is: 5.1 to 5.5, or luajit. Nothing where there
# is no such interpreter.
LUA_IS := $(shell $(LUA) -e 'io.write(rawget(_G, "jit") and "luajit" \
  or _VERSION:match "[%d.]+$$")' 2>/dev/null)
LUA_VERSION = $(if $(filter luajit,$(LUA_IS)),5.1,$(LUA_IS))

# pkg-config names Lua's packages differently from distribution to
# distribution, and calls any version "lua", so that one counts only where its
# version fits. LUA_CFLAGS can be given where none of them does.
PKG_CONFIG ?= pkg-config
LUA_PACKAGES_luajit = luajit
LUA_PACKAGES = $(or $(LUA_PACKAGES_$(LUA_IS)),lua$(LUA_IS) lua-$(LUA_IS) \
  lua$(subst .,,$(LUA_IS)) $(if $(filter $(LUA_IS).%, \
  $(shell $(PKG_CONFIG) --modversion lua 2>/dev/null)),lua))
LUA_PACKAGE = $(firstword $(foreach package,$(LUA_PACKAGES), \
  $(shell $(PKG_CONFIG) --exists $(package) 2>&1 && echo $(package))))
LUA_CFLAGS ?= $(if $(LUA_PACKAGE), \
  $(shell $(PKG_CONFIG) --cflags $(LUA_PACKAGE)))
# luajit.h is where only LuaJIT's lua.h is.
LUA_HEADER = $(if $(filter luajit,$(LUA_IS)),luajit.h,lua.h)
LUA_NUMBER = $(subst .,0,$(LUA_VERSION))
CURL_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcurl)
CURL_LIBS ?= $(shell $(PKG_CONFIG) --libs libcurl)

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wformat=2 -Wundef \
  -Wwrite-strings -Wvla
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC $(WARNINGS) $(CFLAGS) \
  $(LUA_CFLAGS) $(CURL_CFLAGS)
ifeq ($(CI),true)
ALL_CFLAGS += -Werror
endif
ifeq ($(shell uname -s),Darwin)
SHARED = -bundle -undefined dynamic_lookup
else
SHARED = -shared
endif

SOURCES = $(wildcard csrc/*.c)
HEADERS = $(wildcard csrc/*.h)
OBJECTS = $(SOURCES:csrc/%.c=$(BUILD)/%.o)
MODULES = $(shell find lua -name '*.lua')
MODULE = $(BUILD)/truto/core.so

# Where a program of this tree finds its modules.
export LUA_PATH = lua/?.lua;lua/?/init.lua;;
RUN = LUA_CPATH="$(BUILD)/?.so;;" $(LUA)

TEST_VMS ?= lua5.4 luajit lua5.3 lua5.2 lua5.1

.DEFAULT_GOAL = build
.PHONY: build build-all build-test demo try test matrix lint lint-all sanitize \
  valgrind torture fuzz coverage soak soak-million latency mutants canaries \
  tsan bench demo-nginx bench-nginx sanitize-nginx install rock clean help

build: $(MODULE) ## build the C module for LUA (lua5.1 ... lua5.4, luajit)

# A header of another Lua compiles, and what comes of it does not work.
.PHONY: lua-header
lua-header:
	@test -n "$(LUA_IS)" || { echo "there is no interpreter $(LUA) here:" \
	  "$$(sh spec/support/requirements.sh name command $(LUA))" >&2; \
	  exit 1; }
	@printf '#include <lua.h>\n#include <$(LUA_HEADER)>\n%s\n' \
	  '#if LUA_VERSION_NUM != $(LUA_NUMBER)' '#error another Lua' '#endif' | \
	  $(CC) $(LUA_CFLAGS) -E - >/dev/null 2>&1 || { \
	  echo "the header of $(LUA) is not here:" \
	  "$$(sh spec/support/requirements.sh name header $(LUA_IS))," \
	  "or give LUA_CFLAGS" >&2; exit 1; }

$(MODULE): $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(CURL_LIBS)

$(BUILD)/%.o: csrc/%.c $(HEADERS) Makefile | lua-header
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Tells which libcurl programs get here.
build/libcurl: spec/support/libcurl.c
	@mkdir -p $(@D)
	$(CC) $(CURL_CFLAGS) -o $@ $< $(CURL_LIBS)

# What specs need beside the module.
$(BUILD)/process.so: spec/support/process.c Makefile | lua-header
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(ALL_CFLAGS) -o $@ $< -lpthread -ldl $(LDFLAGS)

# Those that specs preload into a process.
PRELOADS = $(BUILD)/slow_resolver.so $(BUILD)/clock.so $(BUILD)/older.so \
  $(BUILD)/lacks.so $(BUILD)/freed.so $(BUILD)/nss.so
$(PRELOADS): $(BUILD)/%.so: spec/support/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(SHARED) $(ALL_CFLAGS) -o $@ $< -ldl

build-test: $(MODULE) $(BUILD)/process.so $(PRELOADS)

%-requirements:
	@sh spec/support/requirements.sh $*

# The two lines of make below run after the requirements are there, so that
# pkg-config is asked only then.
demo: demo-requirements ## update one datastore of each type in the sandbox
	@$(MAKE) --no-print-directory -s build
	@$(RUN) examples/demo.lua

# An interpreter of this tree that CMD begins with gets its own build.
TRY_LUA = $(or $(filter luajit lua5.%,$(firstword $(CMD))),$(LUA))
try: demo-requirements ## run CMD='lua5.4 script.lua' in a sandbox
	@$(MAKE) --no-print-directory -s LUA=$(TRY_LUA) build
	@LUA_CPATH="build/$(TRY_LUA)/?.so;;" $(TRY_LUA) \
	  -e 'require "truto.sandbox.program".main()'

build-all:
	@for vm in $(TEST_VMS); do \
	  $(MAKE) --no-print-directory -s LUA=$$vm build-test || exit 1; done

test: test-requirements ## run all specs on every VM
	@$(MAKE) --no-print-directory build-all
	@sh spec/support/test.sh $(TEST_VMS)

# MATRIX="trixie i386" chooses systems, TEST_VMS interpreters.
matrix: matrix-requirements ## the specs on Debian 12, 13, sid, i386, GnuTLS
	@TEST_VMS="$(TEST_VMS)" sh spec/support/matrix.sh $(MATRIX)

lint: lint-requirements ## luacheck, clang-format, clang-tidy, cppcheck
	@$(MAKE) --no-print-directory -s lint-all

lint-all:
	luacheck --quiet lua spec examples *.rockspec
	clang-format --dry-run -Werror csrc/*.[ch]
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
	  --enable=warning,performance,portability,style \
	  --suppress=missingIncludeSystem -D_GNU_SOURCE csrc
	clang-tidy --quiet --warnings-as-errors='*' $(SOURCES) -- \
	  -std=c11 -D_GNU_SOURCE $(LUA_CFLAGS) $(CURL_CFLAGS) 2>/dev/null

sanitize: memory-requirements ## the specs under ASan and UBSan, Lua 5.4
	@sh spec/support/sanitize.sh

valgrind: memory-requirements ## the specs under valgrind, Lua 5.4
	@sh spec/support/valgrind.sh

torture: test-requirements ## every allocation failing in turn
	@sh spec/torture/torture.sh

fuzz: fuzz-requirements ## each fuzzer for FUZZ_SECONDS, by default 20
	@sh spec/fuzz/fuzz.sh

coverage: fuzz-requirements ## lines and branches of the C, by gcov
	@sh spec/torture/coverage.sh

PLAIN = build/bench/baseline build/bench/baseline_many
$(PLAIN): build/bench/%: spec/bench/%.c spec/bench/plain.c spec/bench/plain.h
	@mkdir -p $(@D)
	$(CC) -O2 -o $@ $< spec/bench/plain.c $(CURL_CFLAGS) $(CURL_LIBS) -lcjson

# The measuring programs run on the first core, the server on another.
bench: bench-requirements ## cost of an update beside plain C, 10 minutes
	@$(MAKE) --no-print-directory -s LUA=lua5.4 build $(PLAIN)
	@$(MAKE) --no-print-directory -s LUA=luajit build
	@LUA_PATH="lua/?.lua;lua/?/init.lua;spec/?.lua;;" \
	  LUA_CPATH="build/lua5.4/?.so;;" taskset -c 1 lua5.4 spec/bench/report.lua

demo-nginx: nginx-requirements ## rotate keys from nginx, in the sandbox
	@$(MAKE) --no-print-directory -s LUA=luajit build
	@LUA_CPATH="build/luajit/?.so;;" luajit examples/nginx/demo.lua

bench-nginx: nginx-requirements ## what updates cost an nginx worker
	@$(MAKE) --no-print-directory -s LUA=luajit build
	@lua5.4 spec/bench/nginx.lua
	@lua5.4 spec/bench/nginx_reload.lua

sanitize-nginx: nginx-requirements ## the same under ASan, then under TSan
	@sh spec/support/sanitize_nginx.sh

# Ctrl-C and deadlines are measured with a resolver that never answers.
SLOW = LD_PRELOAD=build/lua5.4/slow_resolver.so

soak_on = LUA_CPATH="build/$(1)/?.so;;" $(1) spec/bench/soak.lua
SOAK_VMS = lua5.4 luajit

# The counts are such that all of it takes under 12 minutes.
soak: test-requirements ## 260,000 calls with faults, and their books
	@$(MAKE) --no-print-directory build-all TEST_VMS="$(SOAK_VMS)"
	@SOAK_CALLS=100000 $(call soak_on,lua5.4)
	@SOAK_CALLS=40000 $(call soak_on,luajit)
	@SOAK_DRIVER=background SOAK_CALLS=60000 $(call soak_on,lua5.4)
	@SOAK_DRIVER=background SOAK_CALLS=60000 $(call soak_on,luajit)

# Clients that are kept, then new ones; about half an hour.
soak-million: test-requirements ## a million sound calls, four times
	@$(MAKE) --no-print-directory -s LUA=lua5.4 build-test
	@for clients in kept new; do for driver in blocking background; do \
	  SOAK_ROWS=ok SOAK_CALLS=1000000 SOAK_CLIENTS=$$clients \
	  SOAK_DRIVER=$$driver $(call soak_on,lua5.4) || exit 1; \
	done; done

latency: test-requirements ## how exact deadlines and Ctrl-C are
	@$(MAKE) --no-print-directory -s LUA=lua5.4 build-test
	@LUA_CPATH="build/lua5.4/?.so;;" $(SLOW) lua5.4 spec/bench/deadlines.lua
	@LUA_CPATH="build/lua5.4/?.so;;" $(SLOW) lua5.4 spec/bench/interrupts.lua

mutants: test-requirements ## broken promises that specs must notice
	@$(MAKE) --no-print-directory -s LUA=lua5.4 build-test
	@lua5.4 spec/mutants/run.lua

canaries: test-requirements ## secrets in any output of the specs
	@sh spec/support/canaries.sh

tsan: memory-requirements ## threads and states under ThreadSanitizer
	@sh spec/support/tsan.sh

install: $(MODULE) ## install for LUA under PREFIX
	install -d "$(DESTDIR)$(PREFIX)/lib/lua/$(LUA_VERSION)/truto"
	install -m 755 $(MODULE) \
	  "$(DESTDIR)$(PREFIX)/lib/lua/$(LUA_VERSION)/truto/core.so"
	@to="$(DESTDIR)$(PREFIX)/share/lua/$(LUA_VERSION)"; \
	for folder in $(sort $(dir $(MODULES:lua/%=%))); do \
	  install -d "$$to/$$folder" && \
	  install -m 644 "lua/$$folder"*.lua "$$to/$$folder" || exit 1; \
	done

# A release's rockspec is this one with the version filled in.
VERSION = $(shell sed -n 's/^return "\(.*\)"/\1/p' lua/truto/version.lua)
rock: ## build a binary rock of this tree with LuaRocks, in build/rock
	rm -rf build/rock && mkdir -p build/rock
	cp -r csrc lua build/rock
	sed -e 's/"scm-1"/"$(VERSION)-1"/' \
	  -e 's/truto-lua.git"/truto-lua.git", tag = "v$(VERSION)"/' \
	  truto-scm-1.rockspec > build/rock/truto-$(VERSION)-1.rockspec
	cd build/rock && luarocks --lua-version=$(LUA_VERSION) make \
	  --pack-binary-rock --deps-mode=none truto-$(VERSION)-1.rockspec
	@ls build/rock/*.rock

clean: ## remove everything that was built
	rm -rf build *.rock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' \
	  Makefile
	@echo
	@echo "LUA=luajit, TEST_VMS=\"lua5.4 luajit\", PREFIX=/usr, DESTDIR="
