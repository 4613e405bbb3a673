// The console as an agent uses it: sign in, see what comes in by SMS and chat, answer, see it arrive.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import nodemailer from "nodemailer";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open, serveSite, widgetPage } from "./lib/browser.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("the console", { timeout: 180000 }, () => {
	let smsc, site, gateway, browser, page, lmtp;

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		site = await serveSite(() => widgetPage(gateway.url, "shop"));
		lmtp = await freePort();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc), "email care": { from: "care@shop.example", hosts: "127.0.0.1:1", tls: "none", lmtp: `127.0.0.1:${lmtp}`, auth_server: "mx.shop.example" }, "web shop": { origins: site.origin, prechat: "off" } });
		await gateway.ready();
		browser = await launch();
		page = await open(browser, `${gateway.url}/console/`);
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
		await site?.close();
		await smsc?.close();
	});

	it("refuses a key that is none", async () => {
		await page.getByLabel("API key").fill("tl_nonsense");
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByRole("alert").waitFor();
		page.faults.length = 0; // the browser reports the 401 itself
	});

	it("signs in and shows what comes in, live", async () => {
		await page.getByLabel("API key").fill(gateway.newKey("agent"));
		await page.getByRole("button", { name: "Sign in" }).click();
		await page.getByText("live", { exact: true }).waitFor();
		await smsc.write({ from: "+491713950001", to: "40404", text: "Is my contract still running?" });
		await page.getByRole("navigation").getByText("Is my contract still running?").waitFor();
		page.assertClean();
	});

	it("answers in the timeline and shows how far the answer got", async () => {
		await gateway.api.post("/v1/segments", { name: "in_touch", conditions: { message: "inbound", within: "30d" } }, 201);
		await page.getByRole("navigation").getByText("Is my contract still running?").click();
		await page.getByLabel("Segments").getByText("in_touch").waitFor();
		const log = page.getByRole("log");
		await log.getByText("Is my contract still running?").waitFor();
		await page.getByLabel("Answer").fill("Yes, until May.");
		await page.getByRole("button", { name: "Send" }).click();
		await until("the handset to show it", () => smsc.texts.some((t) => t.text === "Yes, until May."));
		await log.getByText("Yes, until May.").waitFor();
		await log.getByText(/delivered/i).first().waitFor();
		await smsc.write({ from: "+491713950001", to: "40404", text: "<b>Thanks</b> & bye" });
		await log.getByText("<b>Thanks</b> & bye").waitFor();
		page.assertClean();
	});

	it("shows the offers of a customer, and takes the agent's click as the answer", async () => {
		const c = await gateway.api.customerOf("+491713950001");
		const [a, b] = await Promise.all(["Summer pass", "Winter pass"].map((name) => gateway.api.post("/v1/offers", { name }, 201)));
		for (const o of [a, b]) await gateway.api.post(`/v1/offers/${o.id}/present`, { customer_id: c.id });
		const offers = page.getByRole("region", { name: "Offers" });
		await offers.getByText("Summer pass").waitFor();
		const item = (name) => offers.getByRole("listitem").filter({ hasText: name });
		await item("Summer pass").getByRole("button", { name: "Accept" }).click();
		await item("Summer pass").getByText("accepted").waitFor();
		await item("Winter pass").getByRole("button", { name: "Decline" }).click();
		await item("Winter pass").getByText("declined").waitFor();
		await page.getByRole("log").getByText('Offer "Summer pass" accepted').waitFor();
		assert.equal((await gateway.api.get(`/v1/offers/${a.id}/figures`)).accepted, 1);
		page.assertClean();
	});

	it("talks with a visitor of the chat, and moves the conversation", async () => {
		const visitor = await open(browser, site.origin);
		await visitor.getByRole("button", { name: "Open chat" }).click();
		const write = async (text) => {
			await visitor.getByLabel("Write a message").fill(text);
			await visitor.keyboard.press("Enter");
		};
		await write("Please look at my bill");
		await page.getByRole("navigation").getByText("Please look at my bill").click();
		const log = page.getByRole("log");
		await log.getByText("Please look at my bill").waitFor();
		await page.getByLabel("Answer").fill("I am looking.");
		await page.getByRole("button", { name: "Send" }).click();
		await visitor.locator(".m.out", { hasText: "I am looking." }).waitFor();
		await page.locator(".entry.outbound summary.read").waitFor();
		await write("Thanks a lot");
		await log.getByText("Thanks a lot").waitFor();
		await page.getByRole("button", { name: "Claim" }).click();
		await page.getByRole("button", { name: "Release" }).waitFor();
		await page.getByRole("button", { name: "Close" }).click();
		await page.locator(".state.closed").waitFor();
		page.assertClean();
		visitor.assertClean();
		await visitor.context().close();
	});

	it("shows of a mail whether its sender was verified, what was written and why it is here", async () => {
		const client = nodemailer.createTransport({ host: "127.0.0.1", port: lmtp, lmtp: true, ignoreTLS: true });
		const bring = (text, verdict) =>
			client.sendMail({
				from: "Mia <mia@people.example>",
				to: "care@shop.example",
				subject: "My contract",
				text,
				headers: verdict && [{ key: "Authentication-Results", value: `mx.shop.example; dmarc=${verdict} header.from=people.example; spf=${verdict} smtp.mailfrom=mia@people.example` }],
			});
		await bring("When does it end?\n\nOn Mon, 5 Jan 2026 at 10:00, Care <care@shop.example> wrote:\n> An offer for you\n", "pass");
		await page.getByRole("navigation").getByText("My contract").or(page.getByRole("navigation").getByText("When does it end?")).first().click();
		const log = page.getByRole("log");
		const first = log.locator(".entry.inbound", { hasText: "When does it end?" });
		await first.getByText("✓ verified").waitFor();
		await first.getByText("whole mail").click();
		await first.getByText("An offer for you").waitFor();
		await first.getByRole("button", { name: "Why is this here?" }).or(first.locator(".why")).first().click();
		await first.getByText("a new matter").waitFor();
		await bring("Please end it today.", "fail");
		await log.locator(".entry.inbound", { hasText: "Please end it today." }).getByText("⚠ not verified").waitFor();
		await bring("And this?");
		await log.locator(".entry.inbound", { hasText: "And this?" }).getByText("sender unchecked").waitFor();
		client.close();
		page.assertClean();
	});

	it("keeps a session that scripts cannot read, and ends it", async () => {
		assert.equal(await page.evaluate(() => document.cookie), "");
		await page.reload();
		await page.getByRole("navigation").waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("API key").waitFor();
	});
});
