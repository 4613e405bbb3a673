// The console as marketing uses it, and what the agent sees of it: segments, campaigns with live figures, why not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open } from "./lib/browser.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("the console for marketing", { timeout: 120000 }, () => {
	let smsc, gateway, api, browser, page;
	const people = [];

	async function signIn(role) {
		const p = await open(browser, `${gateway.url}/console/`);
		await p.getByLabel("API key").fill(gateway.newKey(role));
		await p.getByRole("button", { name: "Sign in" }).click();
		await p.getByRole("button", { name: "Sign out" }).waitFor();
		p.faults.length = 0; // the browser reports the 401 of the first look itself
		return p;
	}
	const shot = async (name) => process.env.THREADLINE_SHOTS && (await page.screenshot({ path: `${process.env.THREADLINE_SHOTS}/${name}.png` }));

	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc), outbound: { marketing_needs_opt_in: "no" } });
		api = gateway.api;
		await gateway.ready();
		await api.want(200, "PUT", "/v1/templates/promo", { texts: [{ channel: "sms", text: "Hi {{ customer.first_name }}, answer YES." }] });
		await api.post("/v1/templates/promo/publish", {});
		await api.post("/v1/offers", { name: "Summer pass", words: { accept: ["YES"] } }, 201);
		for (let k = 0; k < 3; k++) {
			const c = await api.post("/v1/customers", { name: `Ada${k} Brown`, attributes: { plan: "gold" } }, 201);
			people.push({ ...c, number: `+49151661000${k}` });
			await api.post(`/v1/customers/${c.id}/contact_points`, { address: people[k].number }, 201);
		}
		await api.post(`/v1/customers/${people[2].id}/holds`, { reason: "dispute" });
		browser = await launch();
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
		await smsc?.close();
	});

	it("counts a segment before it is kept, and says where a condition is wrong", async () => {
		page = await signIn("marketing");
		await page.getByRole("link", { name: "Marketing" }).click();
		await page.getByRole("link", { name: "Segments" }).click();
		await page.getByLabel("Condition").fill('{ "attribute": ');
		await page.getByRole("button", { name: "Count" }).click();
		await page.getByRole("alert").getByText("This is not JSON").waitFor();
		page.assertClean();
		await page.getByLabel("Condition").fill('{ "attribut": "plan" }');
		await page.getByRole("button", { name: "Count" }).click();
		await page.getByRole("alert").getByText("conditions").waitFor();
		page.faults.length = 0; // the browser reports the 422 itself
		await page.getByLabel("Condition").fill('{ "attribute": "plan", "is": "gold" }');
		await page.getByRole("button", { name: "Count" }).click();
		await page.getByRole("region", { name: "Count" }).getByText("3 customers").waitFor();
		await shot("segments");
		await page.getByLabel("Name").fill("gold");
		await page.getByRole("button", { name: "Keep" }).click();
		await until("the segment", async () => (await api.get("/v1/segments")).data.some((s) => s.name === "gold"));
		page.assertClean();
	});

	it("makes, rehearses and starts a campaign, and follows it", async () => {
		await page.getByRole("link", { name: "Campaigns" }).click();
		await page.getByText("New campaign").click();
		await page.getByLabel("Name").fill("Summer");
		await page.getByLabel("Template").selectOption("promo");
		await page.getByLabel("To", { exact: true }).selectOption("gold");
		await page.getByLabel("Offer").selectOption("Summer pass");
		await page.getByRole("button", { name: "Make draft" }).click();
		await page.getByRole("heading", { name: "Summer" }).waitFor();
		await page.getByRole("button", { name: "Dry run" }).click();
		const dry = page.getByRole("region", { name: "Dry run" });
		await dry.getByText("Of 3 customers, 2 would get it now").waitFor();
		await dry.getByRole("row").filter({ hasText: "Refused" }).waitFor();
		await shot("dry_run");
		await page.getByRole("button", { name: "Start" }).click();
		await page.locator(".state.done").waitFor();
		await until("the messages", () => smsc.texts.length === 2);
		await smsc.write({ from: people[0].number, to: "40404", text: "YES" });
		const figures = page.getByRole("region", { name: "Figures" });
		await figures.getByRole("row").filter({ hasText: "Refused" }).waitFor();
		const outcome = figures.getByRole("table", { name: "What they made of the offer" }).getByRole("row").last().getByRole("cell");
		await until("the acceptance", async () => (await outcome.nth(4).textContent()) === "1");
		assert.equal(await outcome.nth(1).textContent(), "2");
		await shot("campaign");
		page.assertClean();
	});

	it("shows the agent what is permitted and why not, and no marketing", async () => {
		page = await signIn("agent");
		assert.equal(await page.getByRole("link", { name: "Marketing" }).count(), 0);
		await page.goto(`${gateway.url}/console/#/customers/${people[2].id}`);
		const permission = page.getByRole("region", { name: "Permission" });
		await permission.getByText("Held: dispute").waitFor();
		await permission.getByText("marketing: not asked").waitFor();
		await permission.getByRole("button", { name: "Why not?" }).click();
		await permission.getByText("Marketing may not write.").waitFor();
		await shot("permission");
		await permission.getByRole("button", { name: "End hold" }).click();
		await permission.getByText("Held: dispute").waitFor({ state: "detached" });
		await permission.getByRole("button", { name: "Why not?" }).click();
		await permission.getByText("Marketing may write.").waitFor();
		page.assertClean();
	});
});
