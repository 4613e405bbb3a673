// One message over several channels in turn: a text that cannot be delivered goes on as a mail, and the answer to the mail
// finds the conversation of the text.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import nodemailer from "nodemailer";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

describe("several channels", () => {
	let smsc, host, gateway, api, port;
	let verdict = {};
	let n = 0;

	before(async () => {
		smsc = new Smsc({ onSubmit: () => verdict });
		await smsc.listen();
		host = await new SmartHost().listen();
		port = await freePort();
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			"email care": { from: "care@shop.example", hosts: `127.0.0.1:${host.port}`, tls: "none", lmtp: `127.0.0.1:${port}` },
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	async function customer() {
		const [phone, mail] = [`+49151777000${++n}`, `both${n}@people.example`];
		const c = await api.post("/v1/customers", { name: `Both ${n}` }, 201);
		for (const address of [phone, mail]) await api.post(`/v1/customers/${c.id}/contact_points`, { address }, 201);
		return { ...c, phone, mail };
	}
	const send = (c, more = {}) => api.send({ to: { customer_id: c.id }, channel: ["sms", "email"], subject: "Your fault report", text: "It is repaired.", ...more });
	const deliveries = (id, want) =>
		until(`deliveries of ${id} to be ${want}`, async () => {
			const m = await api.message(id);
			return m.deliveries.map((d) => `${d.channel} ${d.status}`).join(", ") === want && m;
		});

	it("stays on the first one that works", async () => {
		verdict = {};
		const sent = await send(await customer());
		await deliveries(sent.id, "sms delivered");
		assert.equal(host.mails.length, 0);
	});

	it("goes on to the mailbox when the carrier refuses the text, as one message", async () => {
		verdict = { status: 0x0b };
		const c = await customer();
		const sent = await send(c);
		await deliveries(sent.id, "sms failed, email sent");
		const mail = host.mails.find((m) => m.to.includes(c.mail));
		assert.match(mail.text, /Subject: Your fault report/);
		const page = await api.get(`/v1/customers/${c.id}/timeline`);
		assert.equal(page.data.filter((i) => i.direction === "outbound").length, 1, "one message on the timeline");

		const client = nodemailer.createTransport({ host: "127.0.0.1", port, lmtp: true, ignoreTLS: true });
		await client.sendMail({ from: c.mail, to: "care@shop.example", subject: "Re: Your fault report", text: "Thank you!", inReplyTo: /^Message-ID: (\S+)/im.exec(mail.text)[1] });
		client.close();
		const answer = await until("the answer", async () => (await api.get(`/v1/customers/${c.id}/timeline`)).data.find((i) => i.text === "Thank you!"));
		assert.match(answer.thread_reason, new RegExp(sent.id.slice(0, 8)));
	});

	it("goes on when a receipt says that the text was not delivered", async () => {
		verdict = { receipt: "UNDELIV" };
		const c = await customer();
		const sent = await send(c);
		await deliveries(sent.id, "sms undelivered, email sent");
	});

	it("goes no further than the channels that were named, and not to who wants no mail", async () => {
		verdict = { status: 0x0b };
		const c = await customer();
		const only = await api.send({ to: { customer_id: c.id }, channel: "sms", text: "only here" });
		await deliveries(only.id, "sms failed");
		await api.want(200, "PUT", "/v1/consents", { address: c.mail, channel: "email", purpose: "service", state: "opt_out", source: "test" });
		const sent = await send(c);
		await deliveries(sent.id, "sms failed");
	});
});
