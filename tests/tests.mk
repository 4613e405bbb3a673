# How the tests are built and run. Included by the top Makefile.

UNITSRC := $(sort $(shell find tests/unit tests/contract -name '*.c' 2>/dev/null))
UNITOBJ := $(patsubst %,$(BUILD)/obj/%.o,$(UNITSRC))
UNITBIN := $(BUILD)/unit

$(UNITBIN): $(UNITOBJ) $(LIBOBJ)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

$(BUILD)/obj/tests/%.c.o: CPPFLAGS += -Itests
$(BUILD)/obj/tests/fuzz/%.c.o: CFLAGS += -Wno-missing-prototypes

.PHONY: unit unitbin oombin
unitbin: $(UNITBIN)
oombin: $(BUILD)/unit-oom
unit: $(UNITBIN) ## unit and contract tests (SAN=... for a sanitizer)
	$(Q)$(UNITBIN) -j2

# The same tests with the n-th allocation failing (tests/oom/runner.c stands in for Criterion).
OOMWRAP := $(foreach f,malloc calloc realloc reallocarray aligned_alloc free strdup strndup,-Wl,--wrap=$(f))
OOMOBJ  := $(patsubst %,$(BUILD)/obj/%.o,$(wildcard tests/oom/*.c))
$(BUILD)/unit-oom: $(OOMOBJ) $(UNITOBJ) $(LIBOBJ)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) $(OOMWRAP) -o $@ $^ $(LIBS)

.PHONY: oom
oom: $(BUILD)/unit-oom ## unit tests with each allocation failing in turn (with SAN=address,undefined, best)
	$(Q)UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=0:handle_abort=1 $(BUILD)/unit-oom

# tests/fuzz/fuzz_NAME.c: with libFuzzer under clang (FUZZ=1), or with a main that runs the corpus once (replay).
FUZZSRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZBIN := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(FUZZSRC))
FUZZ_SECONDS ?= 60

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.c.o $(if $(FUZZ),,$(BUILD)/obj/tests/fuzz/replay.c.o) $(LIBOBJ)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) $(if $(FUZZ),-fsanitize=fuzzer) -o $@ $^ $(LIBS)

.PHONY: fuzzbins fuzz
fuzzbins: $(FUZZBIN)
fuzz: ## each fuzz target for FUZZ_SECONDS (60) under clang's libFuzzer with ASan and UBSan
	$(Q)etc/packages.sh fuzz
	$(Q)$(MAKE) --no-print-directory FUZZ=1 fuzzbins
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS) $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZSRC))

%/node_modules/.package-lock.json: %/package-lock.json
	@echo "  NPM   $*"
	$(Q)cd $* && npm ci --silent && touch node_modules/.package-lock.json

.PHONY: npm
npm: tests/node_modules/.package-lock.json tests/peer/node_modules/.package-lock.json ## what the tests need from npm

.PHONY: test
test: ## everything; ends with "N passed, N failed"
	$(Q)etc/packages.sh test
	$(Q)tests/run.sh

FORMATTED := $(sort $(shell find gateway channels templates tests -not -path '*/node_modules/*' \( -name '*.c' -o -name '*.h' -o -name '*.cc' \) 2>/dev/null))
.PHONY: lint format
lint: ## clang-format, house rules, cppcheck, clang-tidy
	$(Q)etc/packages.sh lint
	$(Q)$(MAKE) --no-print-directory all $(UNITBIN)
	$(Q)tests/lint/run.sh $(BUILD) $(CPPFLAGS)
format: ## apply .clang-format
	$(Q)clang-format -i $(FORMATTED)
