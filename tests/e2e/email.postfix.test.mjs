// Mail both ways through a real Postfix: it relays what the gateway sends and hands what comes in to the gateway's LMTP
// listener, bounces included. swaks is the customer. Skipped where Postfix or swaks is missing, or without root.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Postfix, postfixMissing } from "../peer/postfix.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { SmartHost, refusal } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

const run = promisify(execFile);
const missing = postfixMissing() ?? (existsSync("/usr/bin/swaks") ? false : "swaks is not installed");

describe("mail through Postfix", { skip: missing, timeout: 120000 }, () => {
	let world, postfix, gateway, api;

	before(async () => {
		const lmtp = await freePort();
		// The world's mail servers: one that takes everything but mail for nobody.
		world = await new SmartHost({
			recipient: (address) => {
				if (address.startsWith("nobody")) throw refusal(550, "5.1.1 no such user");
			},
		}).listen();
		postfix = await Postfix.start({
			relayhost: `[127.0.0.1]:${world.port}`,
			transport_maps: `inline:{ { shop.example = lmtp:inet:127.0.0.1:${lmtp} } }`,
			relay_domains: "shop.example",
			recipient_delimiter: "+",
			minimal_backoff_time: "1s",
			maximal_backoff_time: "2s",
			queue_run_delay: "1s",
			smtputf8_enable: "no",
		});
		gateway = await Gateway.start({
			"email care": {
				from: "Care <care@shop.example>",
				hosts: `127.0.0.1:${postfix.port}`,
				tls: "none",
				lmtp: `127.0.0.1:${lmtp}`,
				reply_address: "reply+*@shop.example",
				bounce_address: "bounce+*@shop.example",
			},
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await postfix?.stop();
		await world?.close();
	});

	const swaks = (from, to, subject, body) =>
		run("swaks", ["--server", "127.0.0.1", "--port", String(postfix.port), "--from", from, "--to", to, "--header", `Subject: ${subject}`, "--body", body, "--hide-all"]);
	const customerOf = (address) => until(`the customer ${address}`, async () => (await api.get(`/v1/customers?q=${encodeURIComponent(address)}`)).data[0]);

	it("sends by Postfix, and the customer's answer comes back by Postfix into the same conversation", async () => {
		const sent = await api.send({ to: "mia@people.example", subject: "Your bill", text: "It is ready." });
		const mail = await world.mailTo("mia@people.example");
		assert.equal(mail.parsed.subject, "Your bill");
		const reply = mail.parsed.replyTo.value[0].address;
		assert.match(reply, /^reply\+/);
		await swaks("mia@people.example", reply, "Re: Your bill", "Thank you, paid.");
		const customer = await customerOf("mia@people.example");
		const answer = await until("the answer", async () => (await api.timeline(customer.id)).find((i) => i.direction === "inbound"));
		assert.match(answer.text, /Thank you, paid\./);
		assert.match(answer.thread_reason, new RegExp(sent.id));
	});

	it("learns from Postfix's report that a mailbox does not exist, and writes there no more", async () => {
		const sent = await api.send({ to: "nobody@people.example", subject: "Hello", text: "Are you there?" });
		const bounced = await until("the bounce", async () => {
			const m = await api.message(sent.id);
			return m.status === "undelivered" && m;
		});
		assert.match(bounced.deliveries[0].code, /5\.1\.1/);
		const again = await api.send({ to: "nobody@people.example", subject: "Hello again", text: "Still there?" });
		assert.equal(again.status, "suppressed");
	});

	it("takes a stranger's mail from Postfix, keeps it in Postfix's queue while it is away, and stores it once", async () => {
		await swaks("new@people.example", "care@shop.example", "A question", "Do you ship to the moon?");
		const customer = await customerOf("new@people.example");
		assert.equal(customer.stage, "prospect");
		await gateway.stop({ keep: true });
		await swaks("new@people.example", "care@shop.example", "Another one", "And to Mars?");
		await until("Postfix to keep it", () => postfix.queued() > 0);
		await gateway.run();
		await gateway.ready();
		await until("the mail", async () => (await api.timeline(customer.id)).some((i) => i.text.startsWith("And to Mars?")));
		await until("Postfix's queue to be empty", () => postfix.queued() === 0);
		assert.equal((await api.timeline(customer.id)).filter((i) => i.text.startsWith("And to Mars?")).length, 1);
	});
});
