# What is embedded in the binary, how it is installed. Included by the top Makefile.

# NAME=FILE for each embedded asset: NAME is what asset_find() is asked for.
ASSETFILES := $(sort $(shell find gateway/console templates -type f \( -name '*.html' -o -name '*.js' -o -name '*.css' \
              -o -name '*.svg' -o -name '*.txt' -o -name '*.ini' -o -name '*.liquid' \) -not -path '*/node_modules/*' 2>/dev/null) \
              $(wildcard gateway/api/openapi.json channels/web/widget.js channels/web/widget.css channels/web/*.html))
ASSETS := $(foreach f,$(ASSETFILES),$(patsubst gateway/%,%,$(patsubst channels/%,%,$(f)))=$(f))

# Browser modules from npm, pinned by the lock file, embedded as "console/vendor/NAME". They import each other by bare
# names, which a page under a strict policy cannot map, so the names are made relative here.
VENDOR  := preact.module.js:preact/dist hooks.module.js:preact/hooks/dist htm.module.js:htm/dist
NPM     := gateway/console/node_modules
VENDORFILES := $(foreach v,$(VENDOR),$(BUILD)/gen/vendor/$(firstword $(subst :, ,$(v))))
ASSETS  += $(foreach f,$(VENDORFILES),console/vendor/$(notdir $(f))=$(f))

define vendor_rule
$(BUILD)/gen/vendor/$(firstword $(subst :, ,$(1))): $(NPM)/.package-lock.json
	@mkdir -p $$(@D)
	$(Q)sed -e 's#from"preact"#from"./preact.module.js"#g' -e '/^\/\/# sourceMappingURL/d' \
		$(NPM)/$(lastword $(subst :, ,$(1)))/$$(@F) > $$@
endef
$(foreach v,$(VENDOR),$(eval $(call vendor_rule,$(v))))

# Rewritten only when what it says has changed, so that a file that went or a new version is noticed.
$(BUILD)/gen/assets.list: FORCE
	@mkdir -p $(@D)
	@echo '$(ASSETS)' | cmp -s - $@ || echo '$(ASSETS)' > $@
$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define THREADLINE_VERSION "$(VERSION)"' | cmp -s - $@ || echo '#define THREADLINE_VERSION "$(VERSION)"' > $@
$(BUILD)/obj/gateway/main.c.o: $(BUILD)/gen/version.h
.PHONY: FORCE
FORCE:

$(BUILD)/gen/assets.S: etc/embed.sh $(BUILD)/gen/assets.list $(ASSETFILES) $(VENDORFILES)
	@mkdir -p $(@D)
	$(Q)etc/embed.sh $(ASSETS) > $@

$(BUILD)/obj/assets.o: $(BUILD)/gen/assets.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

.PHONY: sample
sample: $(BIN) ## write etc/threadline.conf anew from the tables of settings
	$(Q)$(BIN) check --sample > etc/threadline.conf.new && mv etc/threadline.conf.new etc/threadline.conf

.PHONY: install
install: $(BIN) ## binary, sample configuration, systemd unit, man page (PREFIX, SYSCONFDIR, DESTDIR)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/threadline
	install -d $(DESTDIR)$(SYSCONFDIR)/threadline
	test -e $(DESTDIR)$(SYSCONFDIR)/threadline/threadline.conf || \
		install -m 640 etc/threadline.conf $(DESTDIR)$(SYSCONFDIR)/threadline/threadline.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/man/man1
	sed -e 's#@BIN@#$(PREFIX)/bin#g' -e 's#@ETC@#$(SYSCONFDIR)/threadline#g' etc/threadline.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/threadline.service
	install -m 644 etc/threadline.1 $(DESTDIR)$(PREFIX)/share/man/man1/threadline.1

.PHONY: clean
clean: ## remove build/
	rm -rf build
