// From a file of customers to the figures of a campaign: over SMS, email and the chat, with what people made of it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import nodemailer from "nodemailer";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

const person = { "User-Agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36" };

describe("a campaign from the file to the figures", { timeout: 60000 }, () => {
	let smsc, host, gateway, api, lmtp, visitor, campaign, offer;
	const phones = ["+4915177400001", "+4915177400002"];
	const mailbox = "gold@people.example";
	const who = {};

	before(async () => {
		const port = await freePort();
		lmtp = await freePort();
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		gateway = new Gateway({
			http: { listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}` },
			outbound: { marketing_needs_opt_in: "no" },
			policy: { track_links: "yes" },
			"sms main": smsAccount(smsc),
			"email care": { from: "Care <care@shop.example>", hosts: `127.0.0.1:${host.port}`, tls: "none", recipients: "care@shop.example", lmtp: `127.0.0.1:${lmtp}`, public_url: `http://127.0.0.1:${port}` },
			"web shop": { origins: "https://shop.example", prechat: "off" },
		});
		gateway.port = port;
		await gateway.prepare();
		await gateway.run();
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	async function chat() {
		const headers = { Origin: "https://shop.example", "Content-Type": "application/json" };
		const ask = (path, body, more) => fetch(`${gateway.url}/web/shop${path}`, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(body) });
		const { token } = await (await ask("/session", {})).json();
		const write = (text) => ask("/message", { client_id: randomUUID(), text }, { Authorization: `Bearer ${token}` });
		await write("hello from the shop");
		const c = await until("the visitor", async () => (await api.get("/v1/conversations?state=open")).data.find((x) => x.last_text === "hello from the shop"));
		await api.want(200, "PATCH", `/v1/conversations/${c.id}`, { state: "closed" });
		return { id: c.customer_id, write };
	}
	const mail = (subject, text) => nodemailer.createTransport({ host: "127.0.0.1", port: lmtp, lmtp: true, secure: false, ignoreTLS: true }).sendMail({ from: mailbox, to: "care@shop.example", subject, text });
	const figures = async () => (await api.get(`/v1/campaigns/${campaign.id}/figures`)).outcomes[0];

	it("brings the customers in and finds them by a segment", async () => {
		const path = join(gateway.dir, "people.csv");
		writeFileSync(path, `no,phone,mail,plan\nj1,${phones[0]},,gold\nj2,${phones[1]},,gold\nj3,,${mailbox},gold\nj4,+4915177400004,,none\n`);
		const done = JSON.parse(gateway.cli(["import", "--quiet", path, "--columns", "no=external_id,phone=phone,mail=email,plan=attributes.plan"]));
		assert.deepEqual([done.state, done.created, done.rejected], ["done", 4, 0]);
		visitor = await chat();
		await api.want(200, "PATCH", `/v1/customers/${visitor.id}`, { attributes: { plan: "gold" } });
		for (const k of ["j1", "j2", "j3"]) who[k] = (await api.get(`/v1/customers?external_id=${k}`)).data[0].id;
		const s = await api.post("/v1/segments", { name: "gold", conditions: { attribute: "plan", is: "gold" } }, 201);
		assert.equal((await api.get(`/v1/segments/${s.id}/count`)).count, 4);
	});

	it("reaches each by the channel there is", async () => {
		const text = "{{ offer.name }}: https://shop.example/pass Answer YES.";
		await api.want(200, "PUT", "/v1/templates/pass", { texts: [{ channel: "sms", text }, { channel: "email", subject: "For you", text }, { channel: "web", text }] });
		await api.post("/v1/templates/pass/publish", {});
		offer = await api.post("/v1/offers", { name: "Gold pass", words: { accept: ["YES"], decline: ["NO"] } }, 201);
		await api.want(200, "PUT", "/v1/consents", { address: phones[0], purpose: "tracking", state: "opt_in", source: "api" });
		campaign = await api.post("/v1/campaigns", { name: "Gold", template: { name: "pass" }, segment: "gold", offer_id: offer.id, channels: ["sms", "email", "web"] }, 201);
		await api.want(200, "POST", `/v1/campaigns/${campaign.id}/start`);
		await until("the end", async () => (await api.get(`/v1/campaigns/${campaign.id}`)).state === "done");
		const rows = (await api.get(`/v1/campaigns/${campaign.id}/customers`)).data;
		const by = async (id) => (await api.message(rows.find((r) => r.customer_id === id).message_id)).channel;
		assert.deepEqual([await by(who.j1), await by(who.j2), await by(who.j3), await by(visitor.id)], ["sms", "sms", "email", "web"]);
		await until("the texts", () => smsc.texts.length === 2);
		await host.mailTo(mailbox);
	});

	it("takes clicks and replies as outcomes, on timelines and in the figures", async () => {
		const link = /http:\/\/127\S+\/l\/[\w-]+/.exec(smsc.texts.find((t) => t.to.endsWith("7400001")).text)[0];
		await until("the click", async () => {
			await fetch(link, { headers: person, redirect: "manual" });
			return (await figures()).clicked === 1;
		}, { every: 300 });
		await smsc.write({ from: phones[0], to: "40404", text: "Yes" });
		await smsc.write({ from: phones[1], to: "40404", text: "No" });
		await mail("Re: For you", "YES\n");
		await visitor.write("yes");
		await until("their answers", async () => ((f) => f.accepted === 3 && f.declined === 1)(await figures()));
		for (const [id, outcome] of [[who.j1, "accepted"], [who.j2, "declined"], [who.j3, "accepted"], [visitor.id, "accepted"]])
			assert.ok((await api.timeline(id)).some((i) => i.kind === "offer" && i.metadata.offer.outcome === outcome), outcome);
		const f = await api.get(`/v1/offers/${offer.id}/figures`);
		assert.deepEqual([f.presented, f.accepted, f.declined], [4, 3, 1]);
	});

	it("writes no more to who has said that it is enough", async () => {
		await smsc.write({ from: phones[0], to: "40404", text: "STOP" });
		await mail("unsubscribe", "");
		await visitor.write("STOP");
		const out = (id) => until("the opt-out", async () => (await api.get(`/v1/customers/${id}/consents`)).data.some((c) => c.purposes.marketing.state === "opt_out"));
		for (const id of [who.j1, who.j3, visitor.id]) await out(id);
		const again = await api.post("/v1/campaigns", { name: "Gold again", template: { name: "pass" }, segment: "gold" }, 201);
		const dry = await api.post(`/v1/campaigns/${again.id}/dry_run`);
		assert.deepEqual([dry.audience, dry.queued, dry.refused], [4, 1, 3]);
		assert.deepEqual(dry.reasons.map((r) => [r.reason, r.n]), [["opted_out", 3]]);
		await api.want(200, "POST", `/v1/campaigns/${again.id}/start`);
		await until("the end", async () => (await api.get(`/v1/campaigns/${again.id}`)).state === "done");
		const f = await api.get(`/v1/campaigns/${again.id}/figures`);
		assert.deepEqual([f.queued, f.refused], [1, 3]);
	});
});
