# The load tools and `make bench`. Included by the top Makefile.

BENCHOUT := $(BUILD)/bench
BENCHOBJ := $(BUILD)/obj/tests/bench
BENCHKIT := $(BENCHOBJ)/kit.c.o $(BUILD)/obj/gateway/base/str.c.o
BENCHBIN := $(BUILD)/smscsim $(patsubst %,$(BENCHOUT)/%,campaign httpload httpsink ivrload learn liquid mailload sseload floor timeline segment)

$(BUILD)/smscsim: $(patsubst %,$(BENCHOBJ)/%.c.o,smscsim smsc_session smsc_queue smsc_report wire) $(BENCHKIT)
$(BENCHOUT)/httpload: $(BENCHOBJ)/httpload.c.o $(BENCHKIT)
$(BENCHOUT)/httpsink: $(BENCHOBJ)/httpsink.c.o $(BENCHKIT)
$(BENCHOUT)/ivrload: $(patsubst %,$(BENCHOBJ)/%.c.o,ivrload ivrload_rtp) $(BENCHKIT)
$(BENCHOUT)/mailload: $(BENCHOBJ)/mailload.c.o $(BENCHKIT)
$(BENCHOUT)/sseload: $(BENCHOBJ)/sseload.c.o $(BUILD)/obj/gateway/base/clock.c.o $(BENCHKIT)
$(BENCHOUT)/floor: $(patsubst %,$(BENCHOBJ)/%.c.o,floor floor_http floor_store floor_smpp wire) $(BENCHKIT)
$(BENCHOUT)/timeline: $(patsubst %,$(BENCHOBJ)/%.c.o,timeline timeline_fill kit) $(LIBOBJ)
$(BENCHOUT)/liquid: $(BENCHOBJ)/liquid.c.o $(LIBOBJ)
$(BENCHOUT)/learn: $(BENCHOBJ)/learn.c.o $(LIBOBJ)
$(BENCHOUT)/campaign: $(BENCHOBJ)/campaign.c.o $(BENCHOBJ)/kit.c.o $(LIBOBJ)

$(BENCHOUT)/segment: $(patsubst %,$(BENCHOBJ)/%.c.o,segment kit) $(LIBOBJ)

$(BENCHBIN):
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(BENCHLIBS)
$(BENCHOUT)/floor: BENCHLIBS := -lmicrohttpd -ljansson -lsqlite3 -lpthread
$(BENCHOUT)/timeline $(BENCHOUT)/liquid $(BENCHOUT)/learn $(BENCHOUT)/campaign $(BENCHOUT)/segment: BENCHLIBS := $(LIBS)

# BENCH=name,name  only these figures     RUNS=3  runs of each     COUNT=100000  messages of a run     STORE=postgresql
.PHONY: bench benchtools
benchtools: $(BENCHBIN)
bench: ## figures beside Kannel and the bare steps, in build/bench/results.json (BENCH=, RUNS=, COUNT=)
	$(Q)etc/packages.sh bench
	$(Q)$(MAKE) --no-print-directory all benchtools tests/node_modules/.package-lock.json
	$(Q)BUILD=$(BUILD) BENCH='$(BENCH)' RUNS='$(RUNS)' COUNT='$(COUNT)' STORE='$(STORE)' node tests/bench/run.mjs
