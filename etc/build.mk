# What is embedded in the binary, how it is installed. Included by the top Makefile.

# NAME=FILE for each embedded asset: NAME is what asset_find() is asked for.
ASSETFILES := $(sort $(shell find gateway/console templates -type f \( -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.txt' -o -name '*.ini' -o -name '*.liquid' \) -not -path '*/node_modules/*' 2>/dev/null) \
              $(wildcard gateway/api/openapi.json channels/web/widget.js channels/web/widget.css channels/web/*.html))
ASSETS := $(foreach f,$(ASSETFILES),$(patsubst gateway/%,%,$(patsubst channels/%,%,$(f)))=$(f))

$(BUILD)/gen/assets.S: etc/embed.sh etc/build.mk $(ASSETFILES)
	@mkdir -p $(@D)
	$(Q)etc/embed.sh $(ASSETS) > $@

$(BUILD)/obj/assets.o: $(BUILD)/gen/assets.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

.PHONY: clean
clean:
	rm -rf build
