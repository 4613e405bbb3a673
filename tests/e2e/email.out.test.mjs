// Mail out: through somebody else's SMTP server, read by somebody else's MIME parser, verified by somebody else's DKIM.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { SmartHost, refusal } from "./lib/smarthost.mjs";
import { Authority } from "./lib/tls.mjs";
import { until } from "./lib/wait.mjs";

const require = createRequire(import.meta.url);
const { dkimVerify } = require("mailauth/lib/dkim/verify");
const nodemailer = require("nodemailer");

const account = (host, more = {}) => ({
	from: "Care Team <care@shop.example>",
	hosts: host.map ? host.map((h) => `127.0.0.1:${h.port ?? h}`).join(", ") : `127.0.0.1:${host.port}`,
	tls: "none",
	retry_min: "50ms",
	retry_max: "500ms",
	...more,
});

const status = (api, id, want) =>
	until(`message ${id} to be ${want}`, async () => {
		const m = await api.message(id);
		return m.status === want ? m : false;
	});

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

describe("mail out", () => {
	let host, gateway, api, dir;
	let n = 0;
	const fresh = (at = "people.example") => `anna${++n}@${at}`;

	before(async () => {
		dir = mkdtempSync(join(tmpdir(), "threadline-mail-"));
		execFileSync("openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", join(dir, "rsa.pem")], { stdio: "ignore" });
		execFileSync("openssl", ["genpkey", "-algorithm", "ED25519", "-out", join(dir, "ed.pem")], { stdio: "ignore" });
		host = await new SmartHost({
			recipient: (address) => {
				if (address.startsWith("unknown")) throw refusal(550, "5.1.1 no such user here");
				if (address.startsWith("full")) throw refusal(452, "4.2.2 mailbox full");
				if (address.startsWith("plain")) throw refusal(550, "we do not know that one");
			},
			content: (mail) => {
				if (mail.text.includes("forbidden")) throw refusal(554, "5.7.1 content rejected");
			},
		}).listen();
		gateway = await Gateway.start({
			"email main": account(host, {
				dkim: `r1:${join(dir, "rsa.pem")}, e1:${join(dir, "ed.pem")}`,
				reply_address: "reply+*@shop.example",
				bounce_address: "bounce+*@shop.example",
				public_url: "https://gateway.shop.example/",
				feedback_id: "shop",
				domains: "other.example",
			}),
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		rmSync(dir, { recursive: true, force: true });
	});

	async function signatures(mail) {
		const record = (file, kind) => {
			const key = createPublicKey(readFileSync(join(dir, file)));
			const der = key.export({ type: "spki", format: "der" });
			return `v=DKIM1; k=${kind}; p=${(kind === "rsa" ? der : der.subarray(-32)).toString("base64")}`;
		};
		const records = { "r1._domainkey.shop.example": record("rsa.pem", "rsa"), "e1._domainkey.shop.example": record("ed.pem", "ed25519") };
		const resolver = async (name, type) => {
			if (type === "TXT" && records[name]) return [[records[name]]];
			throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
		};
		return (await dkimVerify(mail.raw, { resolver })).results;
	}

	async function signedByBoth(mail) {
		const results = await signatures(mail);
		assert.deepEqual(results.map((r) => [r.algo, r.status.result]).sort(), [["ed25519-sha256", "pass"], ["rsa-sha256", "pass"]], JSON.stringify(results.map((r) => r.status)));
		for (const r of results) assert.equal(r.signingDomain, "shop.example");
	}

	it("goes out: text, addresses, ids, both signatures", async () => {
		const to = fresh();
		const m = await api.send({ to, channel: "email", subject: "Your order", text: "It is on its way.\n\n.\nBye  \n" });
		assert.equal(m.channel, "email");
		assert.equal(m.deliveries[0].address, to);
		const mail = await host.mailTo(to);
		const done = await status(api, m.id, "sent");
		assert.equal(mail.parsed.subject, "Your order");
		assert.equal(mail.parsed.from.text, '"Care Team" <care@shop.example>');
		assert.equal(mail.parsed.to.text, to);
		assert.equal(mail.parsed.text.trim(), "It is on its way.\n\n.\nBye");
		assert.equal(mail.parsed.messageId, `<${m.id}.1@shop.example>`);
		assert.deepEqual(done.deliveries[0].external_ids, [`${m.id}.1@shop.example`]);
		assert.match(mail.from, /^bounce\+[a-z2-7]{44}@shop\.example$/);
		assert.match(mail.parsed.replyTo.value[0].address, /^reply\+[a-z2-7]{44}@shop\.example$/);
		assert.notEqual(mail.from.slice(7, 51), mail.parsed.replyTo.value[0].address.slice(6, 50));
		assert.ok(Math.abs(mail.parsed.date - Date.now()) < 60000);
		assert.equal(mail.hello, "shop.example");
		assert.equal(mail.parsed.headers.has("list-unsubscribe"), false);
		assert.equal(mail.parsed.headers.has("auto-submitted"), false);
		await signedByBoth(mail);
		const forged = { raw: Buffer.concat([Buffer.from("From: Somebody <x@evil.example>\r\n"), mail.raw]) };
		for (const r of await signatures(forged)) assert.notEqual(r.status.result, "pass", "a second From breaks the signature");
	});

	it("is found by its address alone, without naming the channel", async () => {
		const to = fresh();
		const m = await api.send({ to, text: "No channel, no subject." });
		assert.equal(m.channel, "email");
		await host.mailTo(to);
		await status(api, m.id, "sent");
	});

	for (const [label, subject, text] of [
		["German", "Größe: 2 × „M“", "Schöne Grüße aus Köln\nÄÖÜ äöü ß €"],
		["Russian", "Ваш заказ в пути — спасибо, что вы с нами, и до новых встреч в нашем магазине", "Здравствуйте!\nВаш заказ в пути."],
		["emoji and CJK", "🎉 你好，世界 👩‍👩‍👧‍👦", "日本語のテキスト 🎉\n你好"],
		["long lines", "x".repeat(300), `${"word ".repeat(600)}end`],
		["what looks encoded", "=?utf-8?q?not_this?= =?x", "=?utf-8?q?nor_this?= =20 =\n=3D"],
		["From lines and dots", "dots", "From here\n.\n..\n.x\nFrom there"],
		["trailing spaces", "spaces  in   between", "a \n\tb\t\n  c"],
	])
		it(`carries ${label} unchanged`, async () => {
			const to = fresh();
			await api.send({ to, subject, text });
			const mail = await host.mailTo(to);
			assert.equal(mail.parsed.subject, subject);
			assert.equal(mail.parsed.text.replace(/\n$/, ""), text);
			assert.ok(!/[\x80-\xff]/.test(mail.text), "seven bits are enough");
			assert.ok(mail.text.split("\r\n").every((l) => l.length <= 998));
			await signedByBoth(mail);
		});

	it("carries HTML beside its text, with an inline image and a file", async () => {
		const to = fresh();
		const upload = (bytes, name, type) =>
			api.want(201, "POST", `/v1/attachments?name=${encodeURIComponent(name)}`, bytes, { "Content-Type": type });
		const logo = await upload(PNG, "logo.png", "image/png");
		const bill = await upload(Buffer.from("%PDF-1.4\n%äöü\n"), "Rechnung März.pdf", "application/pdf");
		const html = '<p>Hällo <b>Anna</b> <img src="cid:logo.png" alt="logo"></p>';
		const m = await api.send({ to, subject: "Both", text: "Hällo Anna", options: { html }, attachments: [logo, bill] });
		const mail = await host.mailTo(to);
		await status(api, m.id, "sent");
		assert.equal(mail.parsed.text.trim(), "Hällo Anna");
		const [image, file] = [mail.parsed.attachments.find((a) => a.filename === "logo.png"), mail.parsed.attachments.find((a) => a.filename === "Rechnung März.pdf")];
		assert.equal(mail.parsed.attachments.length, 2);
		assert.deepEqual(image.content, PNG);
		assert.equal(image.contentDisposition, "inline");
		assert.equal(image.related, true);
		assert.equal(file.contentType, "application/pdf");
		assert.equal(file.content.toString(), "%PDF-1.4\n%äöü\n");
		assert.ok(mail.parsed.html.includes("data:image/png;base64"), "the image is found by its Content-ID");
		await signedByBoth(mail);
	});

	it("makes a text from HTML alone, for the timeline and for the mail", async () => {
		const to = fresh();
		const m = await api.send({ to, subject: "HTML", options: { html: "<h1>Good news</h1><p>Your <b>bill</b> is &euro; 10</p><script>no()</script>" } });
		assert.match(m.text, /Good news\s+Your bill is € 10/);
		const { parsed } = await host.mailTo(to);
		assert.match(parsed.text, /Good news\s+Your bill is € 10/);
		assert.match(parsed.html, /<b>bill<\/b>/);
		const empty = await api.request("POST", "/v1/messages", { to, text: " " });
		assert.equal(empty.body.code, "text_empty");
	});

	it("fails when the recipient is refused, with the server's code and words", async () => {
		const unknown = fresh("x.example").replace("anna", "unknown");
		const m = await api.send({ to: unknown, text: "hello" });
		const [d] = (await status(api, m.id, "failed")).deliveries;
		await until("the address to be suppressed", async () => (await api.send({ to: unknown, text: "hello again" })).status === "suppressed");
		assert.equal(d.code, "5.1.1");
		assert.match(d.reason, /recipient refused: 550 5\.1\.1 no such user here/);
		const p = await api.send({ to: fresh("x.example").replace("anna", "plain"), text: "hello" });
		assert.equal((await status(api, p.id, "failed")).deliveries[0].code, "550");
		const c = await api.send({ to: fresh(), text: "forbidden words" });
		assert.equal((await status(api, c.id, "failed")).deliveries[0].code, "5.7.1");
	});

	it("tries again when it is refused for now", async () => {
		const to = fresh("x.example").replace("anna", "full");
		const m = await api.send({ to, text: "hello" });
		const tried = await until("two attempts", async () => {
			const [d] = (await api.message(m.id)).deliveries;
			return d.attempts >= 2 && d;
		});
		assert.equal(tried.code, "4.2.2");
		assert.match(tried.reason, /452 4\.2\.2 mailbox full/);
		await api.want(200, "POST", `/v1/messages/${m.id}/cancel`).catch(() => {});
	});

	it("lets no value end its field", async () => {
		const to = fresh();
		const m = await api.send({ to, subject: "a\r\nBcc: victim@x.example", text: "hello" });
		assert.equal((await status(api, m.id, "failed")).deliveries[0].code, "header_invalid".slice(0, 15));
		const f = await api.send({ to, from: "Eve <eve@evil.example>", text: "hello" });
		assert.match((await status(api, f.id, "failed")).deliveries[0].code, /^from_not_allow/);
		const o = await api.send({ to, from: "Other Team <team@other.example>", text: "hello" });
		await status(api, o.id, "sent");
		assert.equal((await host.mailTo(to)).parsed.from.text, '"Other Team" <team@other.example>');
	});

	it("puts international domains into their ASCII form", async () => {
		const to = fresh("bücher.example");
		const m = await api.send({ to, text: "hello" });
		const mail = await host.mailTo(to); // smtp-server shows the domain in Unicode
		await status(api, m.id, "sent");
		assert.match(mail.text, new RegExp(`\\r\\nTo: anna${n}@xn--bcher-kva\\.example\\r\\n`));
	});

	it("carries References and In-Reply-To", async () => {
		const to = fresh();
		await api.send({ to, text: "hello", options: { in_reply_to: "<b@x.example>", references: "<a@x.example>" } });
		const { parsed } = await host.mailTo(to);
		assert.equal(parsed.inReplyTo, "<b@x.example>");
		assert.deepEqual([parsed.references].flat(), ["<a@x.example>", "<b@x.example>"]);
	});

	it("gives marketing mail a one-click unsubscribe that works by POST alone", async () => {
		const to = fresh();
		await api.want(200, "PUT", "/v1/consents", { address: to, channel: "email", purpose: "marketing", state: "opt_in", source: "api" });
		const m = await api.send({ to, subject: "Offer", text: "Ten percent off.", purpose: "marketing" });
		await status(api, m.id, "sent");
		const mail = await host.mailTo(to);
		const link = /<(https:\/\/gateway\.shop\.example\/email\/main\/unsubscribe\/[\w-]+)>/.exec(mail.text.replace(/\r\n\s+/g, " "))[1];
		assert.match(mail.text, /\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n/);
		assert.match(mail.text, /\r\nFeedback-ID: \d+:main:marketing:shop\r\n/);
		assert.match(mail.text, /\r\nAuto-Submitted: auto-generated\r\n/);
		for (const field of ["list-unsubscribe", "list-unsubscribe-post"]) assert.match(mail.text.slice(0, mail.text.indexOf("From:")).replace(/\s+/g, ""), new RegExp(`h=[^;]*:${field}[:;]`), "RFC 8058 wants it signed");
		await signedByBoth(mail);
		assert.ok(!link.includes(to.split("@")[0]), "the link does not show the address");
		const here = gateway.url + new URL(link).pathname;
		const page = await fetch(here);
		assert.equal(page.status, 200);
		assert.match(await page.text(), /<form method="post">/);
		const again = await api.send({ to, text: "Another offer.", purpose: "marketing" });
		await status(api, again.id, "sent"); // the GET has changed nothing
		const post = await fetch(here, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "List-Unsubscribe=One-Click" });
		assert.equal(post.status, 200);
		const refused = await api.send({ to, text: "A third offer.", purpose: "marketing" });
		assert.equal(refused.status, "suppressed");
		assert.equal(refused.deliveries[0].reason, "opted_out");
		const service = await api.send({ to, text: "Your bill." });
		await status(api, service.id, "sent");
		assert.equal((await fetch(`${here}x`, { method: "POST" })).status, 404);
		assert.equal((await fetch(`${gateway.url}/email/main/unsubscribe/abc`)).status, 404);
	});

	it("keeps its connections", async () => {
		const before = host.connections;
		const sent = await Promise.all(Array.from({ length: 50 }, (_, i) => api.send({ to: fresh(), text: `number ${i}` })));
		for (const m of sent) await status(api, m.id, "sent");
		assert.ok(host.connections - before <= 12, `${host.connections - before} connections for 50 mails`);
	});
});

describe("mail out, when hosts fail", () => {
	it("uses the next host, and the first again when it is back", async () => {
		const second = await new SmartHost().listen();
		const port = await freePort();
		const gateway = await Gateway.start({ "email main": account([port, second]) });
		try {
			await gateway.ready();
			const a = await gateway.api.send({ to: "a@x.example", text: "one" });
			await status(gateway.api, a.id, "sent");
			assert.equal(second.mails.length, 1);
			const first = await new SmartHost().listen(port);
			await until("the first host to be used again", async () => {
				const m = await gateway.api.send({ to: "b@x.example", text: "more" });
				await status(gateway.api, m.id, "sent");
				return first.mails.length > 0;
			});
			await first.close();
			const c = await gateway.api.send({ to: "c@x.example", text: "three" });
			await status(gateway.api, c.id, "sent");
			assert.ok(second.mails.some((m) => m.to[0] === "c@x.example"));
		} finally {
			await gateway.stop();
			await second.close();
		}
	});

	it("waits while no host can be reached, and loses nothing", async () => {
		const port = await freePort();
		const gateway = await Gateway.start({ "email main": account([port]) });
		try {
			const m = await gateway.api.send({ to: "a@x.example", text: "later" });
			assert.equal((await gateway.api.message(m.id)).status, "queued");
			assert.equal((await fetch(`${gateway.url}/health/ready`)).status, 503);
			const host = await new SmartHost().listen(port);
			const done = await status(gateway.api, m.id, "sent");
			assert.equal(done.deliveries[0].attempts, 1);
			assert.equal(host.mails.length, 1);
			await host.close();
		} finally {
			await gateway.stop();
		}
	});

	it("is uncertain when the answer is lost after the whole mail: service is sent again, marketing is not", async () => {
		let lose = true;
		const host = await new SmartHost({
			content: () => {
				if (!lose) return;
				host.cut();
				return "silent";
			},
		}).listen();
		const gateway = await Gateway.start({ outbound: { marketing_needs_opt_in: "no" }, "email main": account(host) });
		try {
			await gateway.ready();
			const m = await gateway.api.send({ to: "m@x.example", text: "an offer", purpose: "marketing" });
			const [d] = (await status(gateway.api, m.id, "uncertain")).deliveries;
			assert.deepEqual(d.external_ids, [`${m.id}.1@shop.example`], "a bounce may still tell what became of it");
			const s = await gateway.api.send({ to: "s@x.example", text: "a bill" });
			await until("the answer to be lost once", async () => (await gateway.api.message(s.id)).deliveries[0].attempts > 0);
			lose = false;
			await status(gateway.api, s.id, "sent");
			assert.equal(host.mails.length, 1);
		} finally {
			await gateway.stop();
			await host.close();
		}
	});

	it("does not go over a connection that is not safe, and says why", async () => {
		const dir = mkdtempSync(join(tmpdir(), "threadline-mail-tls-"));
		const authority = new Authority(dir);
		const { cert, key } = authority.issue("smarthost");
		const tls = { cert: readFileSync(cert), key: readFileSync(key) };
		const starttls = await new SmartHost({ ...tls, authOptional: false }).listen();
		const implicit = await new SmartHost({ ...tls, secure: true }).listen();
		const none = await new SmartHost().listen();
		const login = { user: "user", password: "secret", tls_ca: authority.file };
		const gateway = await Gateway.start({
			"email good": account(starttls, { tls: "required", ...login }),
			"email implicit": account(implicit, { tls: "tls", tls_ca: authority.file }),
			"email stranger": account(starttls, { tls: "required", user: "user", password: "secret" }),
			"email bare": account(none, { tls: "required" }),
			"email wrong": account(starttls, { tls: "required", ...login, password: "other" }),
			"email maybe": account(none, { tls: "starttls" }),
		});
		try {
			const { api } = gateway;
			for (const name of ["good", "implicit", "maybe"]) {
				const m = await api.send({ to: `${name}@x.example`, account: name, text: "hello" });
				await status(api, m.id, "sent");
			}
			const [good] = starttls.mails;
			assert.equal(good.secure, true);
			assert.equal(good.user, "user");
			assert.equal(implicit.mails[0].secure, true);
			assert.equal(none.mails.length, 1);
			const health = await until("the others to have tried", async () => {
				const { accounts } = await (await fetch(`${gateway.url}/health/ready`)).json();
				const v = Object.fromEntries(accounts.map((a) => [a.name ?? a.account, a]));
				return ["stranger", "bare", "wrong"].every((k) => v[k].state !== "connecting") && v;
			});
			for (const k of ["stranger", "bare", "wrong"]) assert.equal(health[k].state, "refused", JSON.stringify(health[k]));
			assert.match(health.stranger.reason, /certificate/i);
			assert.match(health.wrong.reason, /535 5\.7\.8/);
		} finally {
			await gateway.stop();
			for (const h of [starttls, implicit, none]) await h.close();
			rmSync(dir, { recursive: true, force: true });
		}
	});
});

describe("mail in a conversation", () => {
	it("answers the customer's own mail, and the answer to that comes home by its token", async () => {
		const host = await new SmartHost().listen();
		const port = await freePort();
		const gateway = await Gateway.start({ "email main": account(host, { reply_address: "reply+*@shop.example", recipients: "care@shop.example", lmtp: `127.0.0.1:${port}` }) });
		const client = nodemailer.createTransport({ host: "127.0.0.1", port, lmtp: true, secure: false, ignoreTLS: true });
		try {
			await gateway.ready();
			const { api } = gateway;
			const asked = await client.sendMail({ from: "Anna <anna@people.example>", to: "care@shop.example", subject: "My bill", text: "Is it paid?" });
			const customer = await until("the customer", async () => (await api.get("/v1/customers?q=anna@people.example")).data[0]);
			const [question] = await api.timeline(customer.id);
			assert.equal(question.subject, "My bill");
			const reply = await api.post(`/v1/conversations/${question.conversation_id}/reply`, { text: "It is." }, 202);
			assert.equal(reply.channel, "email");
			const mail = await host.mailTo("anna@people.example");
			assert.equal(mail.parsed.subject, "Re: My bill");
			assert.equal(mail.parsed.inReplyTo, asked.messageId);
			assert.ok([mail.parsed.references].flat().includes(asked.messageId));
			await client.sendMail({ from: "anna@people.example", to: mail.parsed.replyTo.value[0].address, subject: "Something else", text: "Thanks!" });
			const thanks = await until("the answer", async () => (await api.timeline(customer.id)).find((i) => i.text.startsWith("Thanks!")));
			assert.equal(thanks.conversation_id, question.conversation_id);
		} finally {
			client.close();
			await gateway.stop();
			await host.close();
		}
	});
});
