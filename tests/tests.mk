# How the tests are built and run. Included by the top Makefile.

UNITBIN := $(BUILD)/unit

$(UNITBIN): $(UNITOBJ) $(LIBOBJ)
	@echo "  LD    $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

$(BUILD)/obj/tests/%.c.o: CPPFLAGS += -Itests

.PHONY: unit
unit: $(UNITBIN)
	$(Q)$(UNITBIN) -j2
