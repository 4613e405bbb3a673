// The console as an agent uses it: sign in, see what comes in, answer, see it arrive.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open } from "./lib/browser.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("the console", { timeout: 180000 }, () => {
	let smsc, gateway, browser, page;

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc) });
		await gateway.ready();
		browser = await launch();
		page = await open(browser, `${gateway.url}/console/`);
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
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
		await page.getByRole("navigation").getByText("Is my contract still running?").click();
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

	it("keeps a session that scripts cannot read, and ends it", async () => {
		assert.equal(await page.evaluate(() => document.cookie), "");
		await page.reload();
		await page.getByRole("navigation").waitFor();
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.getByLabel("API key").waitFor();
	});
});
