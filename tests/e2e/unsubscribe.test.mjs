// Whatever way somebody says that it is enough, the next offer is not sent; and an offer is answered by each of them too.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import nodemailer from "nodemailer";
import { AsteriskCall } from "../peer/asterisk.mjs";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

const menu = `<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">
	<menu><prompt>One for yes, nine for no more offers</prompt>
		<choice dtmf="1" next="#yes">yes</choice><choice dtmf="9" next="#stop">stop</choice></menu>
	<form id="yes"><block><data src="threadline:answer?text=YES"/><prompt>Thank you.</prompt><exit/></block></form>
	<form id="stop"><block><data src="threadline:consent?state=out&amp;purpose=marketing"/><prompt>No more offers.</prompt><exit/></block></form>
</vxml>
`;

describe("every channel", { timeout: 120000 }, () => {
	let smsc, host, gateway, api, lmtp, agi, n = 0;
	const calls = [];
	before(async () => {
		const port = await freePort();
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		[lmtp, agi] = [await freePort(), await freePort()];
		gateway = new Gateway({});
		gateway.port = port;
		const folder = join(gateway.dir, "menus");
		mkdirSync(folder);
		writeFileSync(join(folder, "main.vxml"), menu);
		gateway.sections = {
			http: { listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}` },
			outbound: { marketing_needs_opt_in: "no" },
			"sms main": smsAccount(smsc),
			"email care": {
				from: "Care <care@shop.example>", hosts: `127.0.0.1:${host.port}`, tls: "none", recipients: "care@shop.example",
				lmtp: `127.0.0.1:${lmtp}`, public_url: `http://127.0.0.1:${port}`,
			},
			"web shop": { origins: "https://shop.example", prechat: "off" },
			"ivr phone": { door: "fastagi", number: "+49304000", menus: folder, agi_listen: `127.0.0.1:${agi}`, records: join(gateway.dir, "records"), calls: 5 },
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
		for (const [channel, more] of [["sms", {}], ["email", { subject: "Thank you" }], ["web", {}]])
			await api.want(200, "PUT", `/v1/templates/thanks_${channel}`, { texts: [{ channel, ...more, text: "{{ offer.name }} is yours." }] });
		for (const channel of ["sms", "email", "web"]) await api.post(`/v1/templates/thanks_${channel}/publish`, {});
	});
	after(async () => {
		for (const c of calls) c.socket.destroy();
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	const number = () => `+4915177300${String(100 + ++n)}`;
	const mailbox = () => `someone${++n}@people.example`;
	const offer = (to, more = {}) => api.send({ to, purpose: "marketing", text: `Offer ${++n}`, subject: "An offer", ...more });
	const stopped = (to, more) => until(`no offer to ${JSON.stringify(to)}`, async () => (await offer(to, more)).deliveries[0].reason === "opted_out");
	const served = async (to, more) => assert.notEqual((await api.send({ to, text: `Your bill ${++n}`, subject: "Your bill", ...more })).status, "suppressed", "service goes on");
	const client = () => nodemailer.createTransport({ host: "127.0.0.1", port: lmtp, lmtp: true, secure: false, ignoreTLS: true });
	const mail = (from, subject, text) => client().sendMail({ from, to: "care@shop.example", subject, text });
	const call = (from) => {
		const c = new AsteriskCall(agi, { files: [], from });
		calls.push(c);
		return c;
	};
	async function visitor() {
		const post = (path, body, token) =>
			fetch(`${gateway.url}/web/shop${path}`, {
				method: "POST",
				headers: { Origin: "https://shop.example", "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
				body: JSON.stringify(body),
			});
		const { token } = await (await post("/session", {})).json();
		const write = (text) => post("/message", { client_id: randomUUID(), text }, token);
		const hello = `hello ${randomUUID()}`;
		assert.equal((await write(hello)).status, 201);
		const c = await until("the visitor", async () => (await api.get("/v1/conversations?state=open&limit=200")).data.find((x) => x.last_text === hello));
		return { id: c.customer_id, write, conversation: c.id };
	}

	describe("ends offers", () => {
		it("SMS: STOP", async () => {
			const to = number();
			assert.equal((await offer(to)).status, "queued");
			await smsc.write({ from: to, to: "40404", text: "Stop." });
			await stopped(to);
		});

		it("email: one click", async () => {
			const to = mailbox();
			assert.equal((await offer(to)).status, "queued");
			const link = /<(http[^>]*\/unsubscribe\/[\w-]+)>/.exec((await host.mailTo(to)).text.replace(/\r\n\s+/g, " "))[1];
			assert.equal((await fetch(link)).status, 200);
			assert.equal((await offer(to)).status, "queued", "a GET is no wish");
			assert.equal((await fetch(link, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "List-Unsubscribe=One-Click" })).status, 200);
			await stopped(to);
			await served(to);
		});

		it("email: a reply of one word, or a subject alone; not a mail about it", async () => {
			const [word, subject, about] = [mailbox(), mailbox(), mailbox()];
			for (const to of [word, subject, about]) assert.equal((await offer(to)).status, "queued");
			await mail(about, "Unsubscribe", "How do I unsubscribe, and what becomes of my points?");
			await mail(word, "Re: An offer", "Unsubscribe\n\nOn Monday Care wrote:\n> Offer\n");
			await mail(subject, "unsubscribe", "");
			await stopped(word);
			await stopped(subject);
			for (const to of [word, subject]) await served(to);
			const [c] = (await api.get(`/v1/customers?q=${encodeURIComponent(word)}`)).data;
			await until("it is told so", () => host.mails.some((m) => m.to.includes(word) && /no more offers/.test(m.text)));
			if (c) assert.equal((await api.timeline(c.id)).find((i) => i.metadata?.keyword)?.metadata.keyword, "stop");
			await until("the question", async () => (await api.get("/v1/conversations?state=open&limit=200")).data.some((x) => /my points/.test(x.last_text)));
			assert.equal((await offer(about)).status, "queued");
			await mail(word, "Re: An offer", "Start");
			await until("offers again", async () => (await offer(word)).status === "queued");
		});

		it("chat: STOP", async () => {
			const v = await visitor();
			const to = { customer_id: v.id };
			assert.equal((await offer(to, { channel: "web" })).status, "queued");
			await v.write("help");
			assert.equal((await offer(to, { channel: "web" })).status, "queued");
			await v.write("STOP");
			await stopped(to, { channel: "web" });
			await served(to, { channel: "web" });
		});

		it("telephone: a key", async () => {
			const to = number();
			assert.equal((await offer(to)).status, "queued");
			const c = call(to.replace("+49", "0"));
			await until("the menu", () => c.heard(/no more offers/));
			c.press("9");
			await c.ended;
			await stopped(to);
			await served(to);
		});

		it("preference page", async () => {
			const to = number();
			const c = (await offer(to)).customer_id;
			const { url } = await api.want(200, "POST", `/v1/customers/${c}/preference_link`, {});
			const [point] = (await api.get(`/v1/customers/${c}/contact_points`)).data;
			assert.equal((await fetch(url, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: `shown=${point.id}&what=none` })).status, 200);
			await stopped(to);
		});

		it("API: consent, and suppression", async () => {
			const [a, b] = [number(), number()];
			for (const to of [a, b]) assert.equal((await offer(to)).status, "queued");
			await api.want(200, "PUT", "/v1/consents", { address: a, purpose: "marketing", state: "opt_out", source: "agent" });
			await stopped(a);
			await api.post("/v1/suppressions", { address: b, purpose: "marketing", reason: "do_not_call" }, 201);
			assert.equal((await offer(b)).deliveries[0].reason, "on_suppression_list");
		});
	});

	describe("answers offers", () => {
		const made = (accepted) =>
			api.post("/v1/offers", { name: `Pass ${++n}`, value: { amount: "5.00", currency: "EUR" }, words: { accept: ["YES"], decline: ["No thanks"] }, ...(accepted ? { answers: { accepted } } : {}) }, 201);
		const present = (o, c) => api.want(200, "POST", `/v1/offers/${o.id}/present`, { customer_id: c });
		const accepted = (c, channel) =>
			until(`an offer of ${c} to be accepted`, async () => {
				const line = await api.timeline(c);
				return line.find((i) => i.kind === "offer" && i.metadata.offer.outcome === "accepted" && i.channel === channel);
			});
		async function customer(address) {
			const c = await api.post("/v1/customers", { name: "Ada Brown" }, 201);
			await api.post(`/v1/customers/${c.id}/contact_points`, { address }, 201);
			return c.id;
		}

		it("by mail", async () => {
			const from = mailbox();
			const c = await customer(from);
			const o = await made("thanks_email");
			await present(o, c);
			await mail(from, "Re: An offer", "Yes!\n\nOn Monday Care wrote:\n> Answer YES\n");
			await accepted(c, "email");
			await until("the answer", () => host.mails.some((m) => m.to.includes(from) && m.text.includes(`${o.name} is yours.`)));
		});

		it("by chat", async () => {
			const v = await visitor();
			await present(await made("thanks_web"), v.id);
			await v.write("yes");
			await accepted(v.id, "web");
		});

		it("by a key on the telephone", async () => {
			const to = number();
			const id = await customer(to);
			const o = await made("thanks_sms");
			await present(o, id);
			const c = call(to.replace("+49", "0"));
			await until("the menu", () => c.heard(/One for yes/));
			c.press("1");
			await c.ended;
			await accepted(id, "ivr");
			await until("the answer", () => smsc.texts.some((t) => to.endsWith(t.to) && t.text === `${o.name} is yours.`));
		});
	});
});
