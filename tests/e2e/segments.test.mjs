// Segments as marketing uses them: looked at before they are kept, made of what customers are, have and did.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("segments", () => {
	let smsc, gateway, api, ada, bo, cy;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc) });
		api = gateway.api;
		await gateway.ready();
		const make = (name, number, more) => api.post("/v1/customers", { name, external_id: `seg-${name}`, stage: "active", ...more }, 201)
			.then(async (c) => (await api.post(`/v1/customers/${c.id}/contact_points`, { address: number, channel: "sms" }, 201), c));
		ada = await make("Ada", "+4915170000001", { tier: "gold", locale: "de-AT", attributes: { plan: "flex", spend: 80 } });
		bo = await make("Bo", "+4915170000002", { tier: "silver", locale: "de", attributes: { plan: "flex", spend: 20 } });
		cy = await make("Cy", "+4915170000003", { tier: "silver", locale: "fr", attributes: { plan: "basic", spend: 60.5 } });
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	const preview = (conditions) => api.post("/v1/segments/preview", { conditions }, 200);
	const names = async (conditions) => {
		const p = await preview(conditions);
		assert.equal(p.count, p.sample.length);
		return p.sample.map((c) => c.name).sort().join(" ");
	};
	const refused = async (conditions, field, code) => {
		const r = await api.request("POST", "/v1/segments/preview", { conditions });
		assert.equal(r.status, 422);
		assert.equal(r.body.errors[0].field, field);
		assert.equal(r.body.errors[0].code ?? r.body.code, code);
	};

	it("counts and shows whom conditions hold for before anything is kept", async () => {
		assert.equal(await names({ tier: "silver" }), "Bo Cy");
		assert.equal(await names({ all: [{ locale: "de" }, { attribute: "spend", above: 50 }] }), "Ada");
		assert.equal(await names({ any: [{ attribute: "plan", is: "basic" }, { not: { tier: "silver" } }] }), "Ada Cy");
		assert.equal(await names({ all: [{ channel: "sms" }, { created: { within: "1h" } }] }), "Ada Bo Cy");
	});

	it("says which condition is wrong", async () => {
		await refused({ all: [{ tier: "x" }, { colour: "red" }] }, "/conditions/all/1", "condition_unknown");
		await refused({ not: { attribute: "spend", above: "much" } }, "/conditions/not/above", "number_expected");
		await refused({ not: { in_segment: "nowhere" } }, "/conditions/not/in_segment", "segment_unknown");
	});

	it("knows consent, texts and events", async () => {
		await api.want(200, "PUT", "/v1/consents", { address: "+4915170000001", channel: "sms", purpose: "marketing", state: "opt_in", source: "shop" });
		assert.equal(await names({ consent: "marketing", channel: "sms" }), "Ada");
		assert.equal(await names({ consent: "marketing", state: "unknown" }), "Bo Cy");
		await smsc.write({ from: "+4915170000002", to: "40404", text: "hello" });
		await until("the text counts", async () => (await names({ message: "inbound", within: "1d" })) === "Bo");
		assert.equal(await names({ not: { message: "inbound", within: "30d" } }), "Ada Cy");
		for (const [amount, days] of [[60, 1], [70, 40], [80, 200]])
			await api.post(`/v1/customers/${cy.id}/interactions`, { kind: "event", name: "bill", metadata: { amount }, at: new Date(Date.now() - days * 864e5).toISOString() }, 201);
		const e = await api.post(`/v1/customers/${ada.id}/interactions`, { kind: "event", name: "bill", text: "November", metadata: { amount: 90 } }, 201);
		assert.deepEqual([e.subject, e.text, e.metadata.amount], ["bill", "November", 90]);
		const twice = { event: "bill", where: [{ data: "amount", above: 50 }], within: "90d", at_least: 2 };
		assert.equal(await names(twice), "Cy");
		assert.equal(await names({ ...twice, at_least: 3 }), "");
		assert.equal((await api.request("POST", `/v1/customers/${ada.id}/interactions`, { kind: "note", name: "bill", text: "x" })).status, 422);
	});

	it("keeps them under names, made of one another, and shows a customer's own", async () => {
		const made = await api.post("/v1/segments", { name: "german", description: "speaks German", conditions: { locale: "de" } }, 201);
		assert.equal((await api.request("POST", "/v1/segments", { name: "german", conditions: { locale: "de" } })).status, 409);
		assert.equal((await api.request("POST", "/v1/segments", { name: "Not a name", conditions: { locale: "de" } })).status, 422);
		assert.equal((await api.request("POST", "/v1/segments", { name: "nothing" })).status, 422);
		await api.post("/v1/segments", { name: "rich", conditions: { all: [{ in_segment: "german" }, { attribute: "spend", above: 50 }] } }, 201);
		assert.deepEqual((await api.get("/v1/segments")).data.map((s) => s.name), ["german", "rich"]);
		assert.equal((await api.get(`/v1/segments/${made.id}`)).description, "speaks German");
		assert.equal((await api.get("/v1/segments/german/count")).count, 2);
		const first = await api.get("/v1/segments/german/customers?limit=1");
		const second = await api.get(`/v1/segments/german/customers?limit=1&cursor=${first.next}`);
		assert.deepEqual([first.data[0].name, second.data[0].name], ["Ada", "Bo"]);
		assert.equal((await api.get(`/v1/segments/german/customers?limit=1&cursor=${second.next}`)).data.length, 0);
		assert.deepEqual((await api.get(`/v1/customers/${ada.id}/segments`)).data.map((s) => s.name), ["german", "rich"]);
		const change = (body, version) => api.request("PATCH", "/v1/segments/german", body, { "If-Match": `"${version}"` });
		assert.equal((await change({ conditions: { locale: ["fr", "de-AT"] } }, 1)).body.version, 2);
		assert.equal((await change({ description: "late" }, 1)).status, 412);
		assert.equal((await change({ conditions: { in_segment: "rich" } }, 2)).status, 422, "a circle");
		assert.deepEqual((await api.get(`/v1/customers/${cy.id}/segments`)).data.map((s) => s.name), ["german", "rich"]);
		assert.equal((await api.request("DELETE", "/v1/segments/german")).status, 409, "rich is made of it");
		await api.want(200, "DELETE", "/v1/segments/rich");
		await api.want(200, "DELETE", "/v1/segments/german");
		assert.equal((await api.request("GET", "/v1/segments/german")).status, 404);
	});

	it("counts merged customers once", async () => {
		await api.post(`/v1/customers/${cy.id}/merge`, { merge_id: bo.id, reason: "one person" }, 200);
		assert.equal(await names({ channel: "sms" }), "Ada Cy");
		assert.equal(await names({ message: "inbound", within: "1d" }), "Cy");
	});

	it("is marketing's to change and everybody's to see", async () => {
		const roles = Object.fromEntries(["agent", "marketing", "integration"].map((r) => [r, gateway.apiAs(r)]));
		const status = async (role, method, path, body) => (await roles[role].request(method, path, body)).status;
		const body = { name: "mine", conditions: { tier: "gold" } };
		assert.equal(await status("agent", "POST", "/v1/segments", body), 403);
		assert.equal(await status("integration", "POST", "/v1/segments/preview", { conditions: { tier: "gold" } }), 403);
		assert.equal(await status("marketing", "POST", "/v1/segments", body), 201);
		assert.equal(await status("agent", "GET", "/v1/segments/mine"), 200);
		assert.equal(await status("agent", "GET", "/v1/segments/mine/customers"), 403);
		assert.equal(await status("integration", "GET", "/v1/segments/mine/customers"), 200);
		assert.equal(await status("agent", "DELETE", "/v1/segments/mine"), 403);
	});
});
