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
.PHONY: build build-all build-test demo try test matrix lint lint-all \
  sanitize valgrind torture fuzz coverage soak soak-million latency canaries \
  tsan bench demo-nginx bench-nginx sanitize-nginx install rock clean help
