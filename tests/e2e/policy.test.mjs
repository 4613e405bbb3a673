// When marketing may disturb a customer: quiet hours, holds, open complaints, frequency caps; and why not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

// A quiet time around now, by the clock of UTC; it ends within the hour after next.
const hhmm = (ms) => new Date(ms).toISOString().slice(11, 16);
const nearly = Date.now();

describe("what may disturb a customer", () => {
	let smsc, gateway, api, n = 0;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			outbound: { marketing_needs_opt_in: "no" },
			policy: { quiet_hours: `off, FR ${hhmm(nearly - 3600e3)}-${hhmm(nearly + 7200e3)}`.replace("off, ", ""), frequency_cap: "2/1d", holidays: "GB 12-25", topics: "complaint" },
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	async function customer(number, more = {}) {
		const c = await api.post("/v1/customers", { name: "Ada", ...more }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: number ?? `+4915177888${String(100 + ++n)}` }, 201);
		return c;
	}
	const offer = (c, text = `offer ${++n}`, more = {}) => api.send({ to: { customer_id: c.id }, text, purpose: "marketing", ...more });
	const explain = (c, more = {}) => api.want(200, "POST", "/v1/policy/explain", { customer_id: c.id, ...more });

	it("waits for the hour that is lawful where the customer is, and says so", async () => {
		const c = await customer("+33612345678", { time_zone: "UTC" });
		const m = await offer(c);
		assert.equal(m.status, "scheduled");
		assert.equal(m.deliveries[0].reason, "quiet_hours");
		const due = new Date(m.deliveries[0].due_at).getTime();
		assert.equal(hhmm(due), hhmm(nearly + 7200e3));
		assert.equal((await api.send({ to: { customer_id: c.id }, text: "Your bill" })).status, "queued", "service does not wait");
		const late = await offer(c, "too late then", { expires_at: new Date(due - 60e3).toISOString() });
		assert.deepEqual([late.status, late.deliveries[0].reason], ["suppressed", "quiet_hours"]);
		const why = await explain(c);
		assert.deepEqual(why.rules.find((r) => r.rule === "quiet_hours"), { rule: "quiet_hours", verdict: "later", detail: "quiet_hours", until: m.deliveries[0].due_at });
		assert.equal(why.allowed, true);
	});

	it("knows holidays where the customer is", async () => {
		const c = await customer("+447400123456", { time_zone: "Europe/London" });
		const why = await explain(c, { at: "2027-12-25T12:00:00Z" });
		const hour = why.rules.find((r) => r.rule === "quiet_hours");
		assert.deepEqual([hour.verdict, hour.detail, hour.until], ["later", "holiday", "2027-12-26T00:00:00.000Z"]);
	});

	it("holds marketing back for a customer in grief, until somebody ends it", async () => {
		const c = await customer();
		const held = await api.want(200, "POST", `/v1/customers/${c.id}/holds`, { reason: "bereavement", note: "told by the son" });
		assert.equal(held.data[0].in_force, true);
		assert.deepEqual((await api.get(`/v1/customers/${c.id}/holds`)).data, held.data);
		const m = await offer(c);
		assert.deepEqual([m.status, m.deliveries[0].reason], ["suppressed", "held"]);
		assert.equal((await explain(c)).allowed, false);
		const ended = await api.want(200, "DELETE", `/v1/customers/${c.id}/holds/${held.data[0].id}`);
		assert.equal(ended.data[0].in_force, false);
		assert.equal((await offer(c)).status, "queued");
		assert.equal((await api.request("DELETE", `/v1/customers/${c.id}/holds/${c.id}`)).status, 404);
		assert.equal((await api.request("POST", `/v1/customers/${c.id}/holds`, { reason: "x", until: "2020-01-01T00:00:00Z" })).status, 422);
		assert.equal((await gateway.apiAs("integration").request("POST", `/v1/customers/${c.id}/holds`, { reason: "x" })).status, 403);
	});

	it("sells nothing while a complaint is open", async () => {
		const number = "+4915177888999";
		const c = await customer(number);
		await smsc.write({ from: number, to: "40404", text: "My line is dead!" });
		const conversation = await until("the conversation", async () => (await api.timeline(c.id)).find((i) => i.conversation_id)?.conversation_id);
		assert.equal((await api.want(200, "PATCH", `/v1/conversations/${conversation}`, { topic: "complaint" })).topic, "complaint");
		const m = await offer(c);
		assert.deepEqual([m.status, m.deliveries[0].reason], ["suppressed", "topic_open"]);
		await api.want(200, "PATCH", `/v1/conversations/${conversation}`, { state: "closed" });
		assert.equal((await offer(c)).status, "queued");
	});

	it("sends no more than so many in so long, though many ask at once", async () => {
		const c = await customer();
		const all = await Promise.all([1, 2, 3, 4, 5, 6].map((k) => offer(c, `at once ${k}`)));
		assert.deepEqual(all.map((m) => m.status).sort(), ["queued", "queued", "suppressed", "suppressed", "suppressed", "suppressed"]);
		assert.ok(all.filter((m) => m.status === "suppressed").every((m) => m.deliveries[0].reason === "frequency_cap"));
		const capped = (await api.get("/v1/deliveries?status=suppressed&reason=frequency_cap")).data;
		assert.deepEqual(capped.map((d) => d.reason), Array(4).fill("frequency_cap"));
		assert.deepEqual((await api.get("/v1/deliveries?reason=nothing_of_ours")).data, []);
		assert.equal((await api.send({ to: { customer_id: c.id }, text: "service" })).status, "queued");
		assert.equal((await explain(c)).rules.find((r) => r.rule === "frequency_cap").verdict, "no");
	});

	it("names each rule's verdict, and who has said no", async () => {
		const c = await customer();
		const points = (await api.get(`/v1/customers/${c.id}`)).contact_points;
		await api.want(200, "PUT", "/v1/consents", { address: points[0].address, purpose: "marketing", state: "opt_out", source: "api" });
		const why = await explain(c);
		assert.deepEqual([why.allowed, why.rules.find((r) => r.rule === "consent")], [false, { rule: "consent", verdict: "no", detail: "opt_out", until: null }]);
		assert.equal((await explain(c, { purpose: "service" })).allowed, true);
		assert.equal((await api.request("POST", "/v1/policy/explain", { customer_id: c.id, channel: "email" })).status, 422);
	});
});
