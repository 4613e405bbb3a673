# Threadline. `make run` shows it, `make test` proves it, `make help` lists the rest.
#
#   SAN=address,undefined | SAN=thread   sanitizer build, in its own folder     WERROR=1  warnings are errors (CI)
#   O=2 optimisation   V=1 show commands   PREFIX, SYSCONFDIR, DESTDIR for install

SAN     ?=
O       ?= 2
V       ?= 0
PREFIX  ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
DESTDIR ?=
comma   := ,
Q       := $(if $(filter 1,$(V)),,@)

CC      ?= gcc
CXX     ?= g++
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1)
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Wwrite-strings \
           -Wold-style-definition -Wconversion -Wno-sign-conversion -Wundef $(if $(WERROR),-Werror)
WARNXX  := -Wall -Wextra $(if $(WERROR),-Werror)
BUILD   := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
ifeq ($(FUZZ),1) # the library as libFuzzer wants it; gcc's warnings are gcc's business
SAN     := fuzzer-no-link,address,undefined
BUILD   := build/fuzz
CC      := clang
CXX     := clang++
WARN    := -Wall
endif
SANFLAG := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
MAILFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags libxml-2.0 gmime-3.0 libpq libre librem))
CPPFLAGS += -D_GNU_SOURCE -Igateway -Ichannels -Itemplates -I$(BUILD)/gen $(MAILFLAGS)
# Hidden: else a library that has a function of the same name as one of ours would call ours.
CFLAGS  += -std=c17 -O$(O) -g -fvisibility=hidden $(WARN) $(SANFLAG)
CXXFLAGS += -std=c++17 -O$(O) -g $(WARNXX) $(SANFLAG)
LIBS    := -lmicrohttpd -lgnutls -lcurl -lsmpp34 -lssl -lcrypto -ljansson -lsqlite3 -lpq -licui18n -licuuc -linih -lphonenumber -lsystemd -lpthread -lm
LIBS    += -lxml2 -lmujs $(shell pkg-config --libs gmime-3.0) -lidn2 $(shell pkg-config --libs libre librem)
LDFLAGS += $(SANFLAG)

SRC     := $(sort $(shell find gateway channels templates -name '*.c' -not -path '*/node_modules/*' 2>/dev/null))
SRCXX   := $(sort $(shell find gateway channels -name '*.cc' -not -path '*/node_modules/*' 2>/dev/null))
MAIN    := gateway/main.c
LIBOBJ  := $(patsubst %,$(BUILD)/obj/%.o,$(filter-out $(MAIN),$(SRC)) $(SRCXX)) $(BUILD)/obj/assets.o
BIN     := $(BUILD)/threadline

.PHONY: all
all: $(BIN) ## build/threadline, the gateway

$(BIN): $(BUILD)/obj/$(MAIN).o $(LIBOBJ)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/obj/%.c.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.cc.o: %.cc
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

include etc/build.mk
include tests/tests.mk
-include $(wildcard tests/bench/bench.mk)

.PHONY: run
run: ## install what is missing, build, start with an SMSC simulator and a demo page
	$(Q)etc/packages.sh run
	$(Q)$(MAKE) --no-print-directory all
	$(Q)etc/run.sh $(BIN)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@sed -n 's/^#  / /p' Makefile
