// Mail in: somebody else's LMTP client writes to the gateway as a mail server does; what came is on the timeline.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { simpleParser } from "mailparser";
import nodemailer from "nodemailer";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

// A mail server's side of LMTP, by hand: for what a well-behaved client would not send.
class Raw {
	static async connect(port) {
		const c = new Raw();
		c.text = "";
		c.socket = net.connect(port, "127.0.0.1");
		c.socket.setEncoding("utf8");
		c.socket.on("data", (d) => (c.text += d));
		c.socket.on("error", () => {});
		c.ended = new Promise((done) => c.socket.on("close", done));
		await c.until(/^220 .*\r\n/);
		return c;
	}
	until(re) {
		return until(`${re} in ${JSON.stringify(this.text)}`, () => re.exec(this.text));
	}
	// Sends, and waits for n further lines of answer.
	async say(text, n = 1) {
		const before = this.lines().length;
		this.socket.write(text);
		return until(`${n} lines after ${JSON.stringify(text.slice(0, 60))}`, () => this.lines().length >= before + n && this.lines().slice(before));
	}
	lines() {
		return this.text.split("\r\n").slice(0, -1).filter((l) => /^\d{3} /.test(l));
	}
}

describe("mail in", () => {
	let host, gateway, api, port, client;
	const socket = () => join(gateway.dir, "lmtp.sock");

	before(async () => {
		host = await new SmartHost().listen();
		port = await freePort();
		gateway = new Gateway({});
		gateway.sections = {
			"email care": {
				from: "Care <care@shop.example>",
				hosts: `127.0.0.1:${host.port}`,
				tls: "none",
				reply_address: "reply+*@shop.example",
				bounce_address: "bounce+*@shop.example",
				recipients: "care@shop.example, @help.shop.example",
				auth_server: "mx.shop.example",
				max_size: "2m",
				lmtp: `127.0.0.1:${port}, ${socket()}`,
			},
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
		client = nodemailer.createTransport({ host: "127.0.0.1", port, lmtp: true, secure: false, ignoreTLS: true, pool: true });
	});
	after(async () => {
		client?.close();
		await gateway?.stop();
		await host?.close();
	});

	const ours = (address) =>
		until(`our mail to ${address}`, async () => {
			const mail = host.mails.find((m) => m.to.includes(address));
			return mail && { ...mail, parsed: await simpleParser(mail.raw) };
		});
	const send = (mail) => client.sendMail({ to: "care@shop.example", ...mail });
	const customerOf = async (address) => (await api.get(`/v1/customers?q=${encodeURIComponent(address)}`)).data[0];
	const timeline = async (address) => {
		const c = await until(`a customer with ${address}`, () => customerOf(address));
		return (await api.get(`/v1/customers/${c.id}/timeline`)).data;
	};
	const inbound = async (address) => (await timeline(address)).filter((i) => i.direction === "inbound");

	it("puts what somebody wrote on their timeline, with the original and its files", async () => {
		const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
		await send({
			from: "Jürgen Groß <jg@people.example>",
			subject: "Grüße aus Köln",
			text: "The bill of März is wrong.\n\n-- \nJürgen",
			attachments: [{ filename: "photo.png", content: png }],
		});
		const [i] = await inbound("jg@people.example");
		assert.equal(i.channel, "email");
		assert.equal(i.subject, "Grüße aus Köln");
		assert.equal(i.text, "The bill of März is wrong.");
		assert.equal(i.metadata.email.sender, "unchecked");
		assert.match(i.metadata.email.whole_text, /-- \nJürgen/);
		assert.deepEqual(i.attachments.map((f) => [f.name, f.type]), [["original.eml", "message/rfc822"], ["photo.png", "image/png"]]);
		assert.equal(i.attachments[1].sha256, createHash("sha256").update(png).digest("hex"));
		const c = await customerOf("jg@people.example");
		assert.equal(c.name, "Jürgen Groß");
		assert.equal(c.stage, "prospect");
		assert.ok(i.conversation_id);
	});

	it("keeps the same mail once", async () => {
		const mail = { from: "twice@people.example", subject: "once", text: "only once", messageId: "<once@people.example>" };
		await send(mail);
		await send(mail);
		await send({ ...mail, subject: "later", text: "another one", messageId: "<other@people.example>" });
		await until("the other one", async () => (await inbound("twice@people.example")).some((i) => i.text === "another one"));
		assert.equal((await inbound("twice@people.example")).length, 2);
	});

	it("threads an answer by the signed token, by In-Reply-To and by References", async () => {
		for (const [who, keys, by] of [
			["token", (m) => ({ to: m.parsed.replyTo.value[0].address }), "token"],
			["irt", (m) => ({ inReplyTo: m.parsed.messageId }), "in_reply_to"],
			["refs", (m) => ({ references: `<first@people.example> ${m.parsed.messageId} <last@people.example>` }), "references"],
		]) {
			const address = `${who}@people.example`;
			const sent = await api.send({ to: address, channel: "email", subject: "Offer 17", text: "Do you want it?" });
			const mail = await ours(address);
			await send({ from: address, subject: "Re: Offer 17", text: "Yes!\n\nOn Mon, Nov 23, 2026 at 9:00 AM Care <care@shop.example> wrote:\n> Do you want it?", ...keys(mail) });
			const [i] = await until("the answer", async () => {
				const found = await inbound(address);
				return found.length && found;
			});
			assert.equal(i.text, "Yes!");
			assert.equal(i.metadata.email.matched_by, by);
			assert.match(i.thread_reason, new RegExp(sent.id.slice(0, 8)));
		}
	});

	it("never joins the conversation of another customer, whatever token a mail carries", async () => {
		const sent = await api.send({ to: "victim@people.example", channel: "email", subject: "private", text: "your contract" });
		const mail = await ours("victim@people.example");
		await send({ from: "thief@people.example", to: mail.parsed.replyTo.value[0].address, subject: "Re: private", text: "let me in" });
		const [i] = await until("the mail", async () => {
			const found = await inbound("thief@people.example");
			return found.length && found;
		});
		assert.notEqual(i.conversation_id, (await api.message(sent.id)).conversation_id);
		assert.equal((await inbound("victim@people.example").catch(() => [])).length, 0);
	});

	it("takes a sender for verified only if our own server says so", async () => {
		for (const [who, results, want] of [
			["good", "mx.shop.example; dkim=pass header.d=people.example", "verified"],
			["dmarc", "mx.shop.example; spf=fail; dmarc=pass (p=reject) header.from=people.example", "verified"],
			["other", "mx.shop.example; dkim=pass header.d=evil.example", "unverified"],
			["failed", "mx.shop.example; dkim=fail header.d=people.example; dmarc=fail", "unverified"],
			["stranger", "mx.evil.example; dmarc=pass", "unchecked"],
		]) {
			await send({ from: `${who}@people.example`, subject: who, text: who, headers: { "Authentication-Results": results } });
			const [i] = await until(who, async () => {
				const found = await inbound(`${who}@people.example`);
				return found.length && found;
			});
			assert.equal(i.metadata.email.sender, want, who);
		}
	});

	const dsn = (original, address, status, said) =>
		[
			"From: Mail Delivery System <MAILER-DAEMON@mx.people.example>",
			"To: bounce@shop.example",
			"Subject: Undelivered Mail Returned to Sender",
			"Auto-Submitted: auto-replied",
			"MIME-Version: 1.0",
			'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
			"",
			"--b",
			"",
			"This is the mail system. Your message could not be delivered.",
			"--b",
			"Content-Type: message/delivery-status",
			"",
			"Reporting-MTA: dns; mx.people.example",
			"",
			`Final-Recipient: rfc822; ${address}`,
			"Action: failed",
			`Status: ${status}`,
			`Diagnostic-Code: smtp; 550 ${status} ${said}`,
			"",
			"--b",
			"Content-Type: text/rfc822-headers",
			"",
			`Message-ID: ${original}`,
			"--b--",
			"",
		].join("\r\n");

	it("moves a bounced message and stops mail to an address that does not exist", async () => {
		for (const [who, status, said, suppressed] of [
			["gone", "5.1.1", "no such user", true],
			["full", "5.2.2", "mailbox full", false],
		]) {
			const address = `${who}@bounced.example`;
			const sent = await api.send({ to: address, channel: "email", subject: "hello", text: "hello" });
			const mail = await ours(address);
			await until("sent", async () => (await api.message(sent.id)).status === "sent");
			const c = await Raw.connect(port);
			await c.say("LHLO mx\r\n");
			await c.say(`MAIL FROM:<>\r\n`);
			// By the VERP address once, by the Message-ID of the returned header the other time.
			const [rcpt] = await c.say(`RCPT TO:<${who === "gone" ? mail.from : "care@shop.example"}>\r\n`);
			assert.match(rcpt, /^250 /);
			await c.say("DATA\r\n");
			const [kept] = await c.say(dsn(mail.parsed.messageId, address, status, said) + ".\r\n");
			assert.match(kept, /^250 /);
			c.socket.end("QUIT\r\n");
			const m = await until("undelivered", async () => {
				const found = await api.message(sent.id);
				return found.status === "undelivered" && found;
			});
			assert.match(m.deliveries[0].code, new RegExp(`^${status}`));
			const next = await api.send({ to: address, channel: "email", subject: "again", text: "again" });
			assert.equal(next.status, suppressed ? "suppressed" : "queued", who);
		}
	});

	it("records an automatic answer as one", async () => {
		await send({ from: "away@people.example", subject: "Out of office", text: "I am away until Monday.", headers: { "Auto-Submitted": "auto-replied" } });
		const [i] = await until("it", async () => {
			const found = await inbound("away@people.example");
			return found.length && found;
		});
		assert.equal(i.metadata.email.class, "auto-reply");
		assert.ok(!host.mails.some((m) => m.to.includes("away@people.example")), "nothing answers it");
	});

	it("answers each recipient for itself, over a pipeline, at a UNIX socket as well", async () => {
		const c = await Raw.connect(port);
		const said = await c.say("LHLO mx\r\nMAIL FROM:<a@people.example> SIZE=200 BODY=8BITMIME\r\nRCPT TO:<care@shop.example>\r\nRCPT TO:<nobody@shop.example>\r\nRCPT TO:<any@help.shop.example>\r\nDATA\r\n", 6);
		assert.deepEqual(said.map((l) => l.slice(0, 3)), ["250", "250", "250", "550", "250", "354"]);
		const kept = await c.say("From: a@people.example\r\nSubject: x\r\n\r\n..dot\r\nbare\n.\nlf\r\n.\r\nQUIT\r\n", 3);
		assert.deepEqual(kept.map((l) => l.slice(0, 3)), ["250", "250", "221"]);
		await c.ended;
		const [i] = await inbound("a@people.example");
		assert.match(i.text, /^\.dot\nbare\n\.\nlf/, "a dot between lone line feeds ends nothing");

		const over = await new Promise((done, fail) => {
			const s = net.connect(socket());
			let text = "";
			s.setEncoding("utf8").on("data", (d) => (text += d));
			s.on("close", () => done(text)).on("error", fail);
			s.write("LHLO x\r\nQUIT\r\n");
		});
		assert.match(over, /250 SIZE 2097152\r\n221 /);
	});

	it("refuses what is too big, at MAIL and at the end of DATA", async () => {
		const c = await Raw.connect(port);
		await c.say("LHLO mx\r\n");
		assert.match((await c.say("MAIL FROM:<b@people.example> SIZE=9999999\r\n"))[0], /^552 5\.3\.4/);
		await c.say("MAIL FROM:<b@people.example>\r\n");
		await c.say("RCPT TO:<care@shop.example>\r\n");
		await c.say("DATA\r\n");
		const line = `${"x".repeat(998)}\r\n`;
		assert.match((await c.say(`Subject: big\r\n\r\n${line.repeat(3000)}.\r\n`))[0], /^552 5\.3\.4/);
		assert.match((await c.say("MAIL FROM:<b@people.example>\r\n"))[0], /^250/);
		c.socket.destroy();
	});

	it("lets go of a peer that speaks nonsense", async () => {
		const c = await Raw.connect(port);
		c.socket.write("GET / HTTP/1.1\r\n".repeat(40));
		await c.ended;
		assert.match(c.text, /421 4\.7\.0/);
	});
});
