// Mail in from a mailbox: a real Dovecot, read by IMAP; what came is on the timeline, once, and none is missed.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Dovecot, dovecotMissing } from "./lib/dovecot.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const raw = (from, text, more = "") =>
	`From: ${from}\r\nTo: care@shop.example\r\nSubject: about ${text}\r\nMessage-ID: <${text.replace(/\W/g, "")}@people.example>\r\n${more}\r\n${text}\r\n`;

describe("mail in by IMAP", { skip: dovecotMissing }, () => {
	let dovecot, gateway, api;

	const account = (user, more = {}) => ({
		from: "Care <care@shop.example>",
		hosts: `127.0.0.1:${gateway.nowhere}`,
		tls: "none",
		imap: `127.0.0.1:${dovecot.port}`,
		imap_tls: "none",
		imap_user: user,
		imap_password: "secret",
		imap_poll: "200ms",
		max_size: "256k",
		...more,
	});

	before(async () => {
		dovecot = await Dovecot.start();
		gateway = new Gateway({});
		gateway.nowhere = await freePort();
		dovecot.deliver("first", raw("old@people.example", "already read", ""), { flags: "S" });
		dovecot.deliver("first", raw("new@people.example", "not read yet"));
		gateway.sections = {
			"email first": account("first"),
			"email moving": account("moving", { imap_move: "Erledigtes/Grün" }),
			"email wrong": account("wrong", { imap_password: "guess" }),
		};
		await gateway.prepare();
		await gateway.run();
		api = gateway.api;
	});
	after(async () => {
		await gateway?.stop();
		await dovecot?.close();
	});

	const inbound = async (address) => {
		const c = (await api.get(`/v1/customers?q=${encodeURIComponent(address)}`)).data[0];
		return c ? (await api.get(`/v1/customers/${c.id}/timeline`)).data.filter((i) => i.direction === "inbound") : [];
	};
	const arrives = (address, n = 1) =>
		until(`${n} mails of ${address}\n${dovecot.log()}`, async () => {
			const v = await inbound(address);
			assert.ok(v.length <= n, `${v.length} instead of ${n}`);
			return v.length === n && v;
		});
	const state = async (account) => (await (await fetch(`${gateway.url}/health/ready`)).json()).accounts.find((a) => a.name === account)?.detail?.inbound?.imap;
	const rounds = async (account, n = 2) => {
		for (let k = 0; k < n; k++) {
			const before = (await state(account))?.visited_at;
			await until(`${account} to be visited`, async () => (await state(account))?.visited_at !== before);
		}
	};

	it("takes what nobody has read, and marks it as read", async () => {
		const [i] = await arrives("new@people.example");
		assert.equal(i.text, "not read yet");
		assert.equal(i.subject, "about not read yet");
		assert.equal(i.attachments[0].type, "message/rfc822");
		await until("the flag", () => dovecot.flags("first").join() === "S,S");
		assert.deepEqual(await inbound("old@people.example"), []);
	});

	it("takes what comes later, also when somebody else has read it", async () => {
		dovecot.deliver("first", raw("later@people.example", "one"));
		dovecot.deliver("first", raw("later@people.example", "two"), { flags: "S" });
		dovecot.deliver("first", raw("later@people.example", "three"));
		const v = await arrives("later@people.example", 3);
		assert.deepEqual(v.map((i) => i.text).sort(), ["one", "three", "two"]);
	});

	it("misses none and takes none twice over restarts", async () => {
		const n = 60;
		for (let k = 0; k < n / 2; k++) dovecot.deliver("first", raw("many@people.example", `mail ${k}`));
		await until("some to be there", async () => (await inbound("many@people.example")).length > 0);
		await gateway.kill();
		for (let k = n / 2; k < n; k++) dovecot.deliver("first", raw("many@people.example", `mail ${k}`));
		await gateway.run();
		const all = () => until("all", async () => {
			const c = (await api.get("/v1/customers?q=many@people.example")).data[0];
			const v = c ? (await api.get(`/v1/customers/${c.id}/timeline?limit=200`)).data : [];
			return v.length >= n && v;
		});
		assert.equal((await all()).length, n);
		await gateway.stop({ keep: true });
		await gateway.run();
		await rounds("first");
		const v = await all();
		assert.deepEqual([...new Set(v.map((i) => i.text))].length, n);
		assert.equal(v.length, n);
	});

	it("knows mails again when the mailbox has new UIDs", async () => {
		await rounds("first", 1);
		await gateway.stop({ keep: true });
		await dovecot.stop();
		dovecot.forgetUids("first");
		dovecot.deliver("first", raw("again@people.example", "after the move"));
		await dovecot.run();
		await gateway.run();
		await arrives("again@people.example");
		await rounds("first");
		assert.equal((await inbound("later@people.example")).length, 3);
		assert.equal((await inbound("new@people.example")).length, 1);
		assert.deepEqual(await inbound("old@people.example").then((v) => v.length <= 1), true);
	});

	it("moves mails to a folder when it is told to", async () => {
		dovecot.deliver("moving", raw("moved@people.example", "put me away"));
		await arrives("moved@people.example");
		await until("the folder", () => dovecot.flags("moving").length === 0 && dovecot.flags("moving", "Erledigtes.Gr&APw-n").length === 1);
	});

	it("leaves what is too big, and goes on", async () => {
		dovecot.deliver("first", raw("big@people.example", "x".repeat(300 << 10)));
		dovecot.deliver("first", raw("small@people.example", "after the big one"));
		await arrives("small@people.example");
		assert.deepEqual(await inbound("big@people.example"), []);
		await until("it to be counted", async () => (await state("first")).left >= 1);
	});

	it("takes a mail without a Message-ID once, and one with none of its headers right", async () => {
		dovecot.deliver("first", "From: bare@people.example\n\nno id\n");
		dovecot.deliver("first", "\0\0 : \xff\n\nnothing is right here", {});
		const [i] = await arrives("bare@people.example");
		assert.equal(i.text, "no id");
	});

	it("says why a mailbox cannot be read", async () => {
		const s = await until("the reason", async () => {
			const s = await state("wrong");
			return s?.reason && s;
		});
		assert.equal(s.state, "down");
		assert.match(s.reason, /denied|AUTHENTICATIONFAILED|login/i);
		assert.doesNotMatch(gateway.log, /guess/);
	});

	it("goes on when the server has been away", async () => {
		await dovecot.stop();
		await until("the loss to be noticed", async () => (await state("first")).state === "down");
		await dovecot.run();
		dovecot.deliver("first", raw("back@people.example", "is it back"));
		await arrives("back@people.example");
	});
});
