// kill -9 at random moments while mails go out to a smart host and come in by LMTP: what was acknowledged is never lost, and
// what goes out twice is no more than what was in flight. A mail that came in without an acknowledgement is brought again,
// as a mail server does, and is stored once.
//
// KILL_ROUNDS rounds (12 by default).
import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Number(process.env.KILL_ROUNDS ?? 12);
const connections = 4;
const window = 3 * connections + 4; // what the account holds at most: its connections, twice as many behind them, at least 16
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// One connection of LMTP; say() gives the next reply, null when the connection is lost.
class Lmtp {
	constructor(port) {
		this.text = "";
		this.socket = net.connect(port, "127.0.0.1");
		this.socket.setEncoding("utf8");
		this.socket.on("data", (d) => {
			this.text += d;
			this.#look();
		});
		this.socket.on("error", () => {});
		this.socket.on("close", () => {
			this.lost = true;
			this.#look();
		});
	}

	#look() {
		const m = /^(?:\d{3}-.*\r\n)*(\d{3}) .*\r\n/.exec(this.text);
		if (!this.waiting || (!m && !this.lost)) return;
		if (m) this.text = this.text.slice(m[0].length);
		const done = this.waiting;
		this.waiting = null;
		done(m ? Number(m[1]) : null);
	}

	say(text) {
		if (text) this.socket.write(text);
		return new Promise((done) => {
			this.waiting = done;
			this.#look();
		});
	}

	async open() {
		return (await this.say()) === 220 && (await this.say("LHLO mx.example\r\n")) === 250;
	}

	async bring(from, mail) {
		for (const line of [`MAIL FROM:<${from}>\r\n`, "RCPT TO:<care@shop.example>\r\n"])
			if ((await this.say(line)) !== 250) return false;
		if ((await this.say("DATA\r\n")) !== 354) return false;
		return (await this.say(`${mail}\r\n.\r\n`)) === 250;
	}
}

const letter = ({ serial, from, text }) =>
	[
		`From: <${from}>`,
		"To: <care@shop.example>",
		`Message-ID: <${serial}@people.example>`,
		"Date: Mon, 05 Jan 2026 09:00:00 +0000",
		"Subject: Question",
		"",
		text,
	].join("\r\n");

async function everyInbound(api) {
	const seen = new Map(); // text → how often
	for (let n = 0; n < 50; n++) {
		const customer = (await api.get(`/v1/customers?q=${encodeURIComponent(`in${n}@people.example`)}`)).data[0];
		for (let cursor = ""; customer; ) {
			const page = await api.get(`/v1/customers/${customer.id}/timeline?direction=inbound&limit=200${cursor}`);
			for (const i of page.data) seen.set(i.text.trim(), (seen.get(i.text.trim()) ?? 0) + 1);
			if (!page.next) break;
			cursor = `&cursor=${encodeURIComponent(page.next)}`;
		}
	}
	return seen;
}

describe(`kill -9 amid mail, ${rounds} rounds`, { timeout: 120000 + rounds * 20000 }, () => {
	it("loses nothing that was acknowledged", async (t) => {
		const host = await new SmartHost().listen();
		const lmtp = await freePort();
		const g = new Gateway({
			// What was being sent at a kill has used up an attempt, and a mail waits here through kill after kill.
			outbound: { max_attempts: 1000 },
			"email main": {
				from: "Care <care@shop.example>",
				hosts: `127.0.0.1:${host.port}`,
				tls: "none",
				connections,
				retry_min: "50ms",
				retry_max: "500ms",
				lmtp: `127.0.0.1:${lmtp}`,
			},
		});
		await g.prepare();
		const accepted = new Map(); // id → subject of each 202
		const acknowledged = new Set(); // text of each mail answered with 250
		const open = []; // brought, not acknowledged: will be brought again
		let serial = 0;
		let over = false;

		const sending = async (round) => {
			while (!over) {
				const subject = `out ${round} ${++serial}`;
				const r = await fetch(`${g.url}/v1/messages`, {
					method: "POST",
					headers: { Authorization: `Bearer ${g.key}`, "Content-Type": "application/json" },
					body: JSON.stringify({ to: `out${serial % 100}@people.example`, subject, text: `Parcel ${serial} is out for delivery.` }),
				}).catch(() => null);
				const body = r?.status === 202 ? await r.json().catch(() => null) : null;
				if (body?.id) accepted.set(body.id, subject);
				else await pause(5);
			}
		};
		const bringing = async (round, stop) => {
			for (let line; !stop(); ) {
				if (!line || line.lost) {
					line = new Lmtp(lmtp);
					if (!(await line.open())) {
						await pause(5);
						continue;
					}
				}
				const again = open.shift();
				const mail = again ?? { serial: ++serial, from: `in${serial % 50}@people.example`, text: `in ${round} ${serial}` };
				if (await line.bring(mail.from, letter(mail))) acknowledged.add(mail.text);
				else open.push(mail);
			}
		};

		for (let round = 0; round < rounds; round++) {
			await g.run();
			over = false;
			const work = [1, 2, 3, 4].map(() => sending(round)).concat([1, 2, 3].map(() => bringing(round, () => over)));
			// The moment is random: as early as the first connection, as late as the middle of a long run.
			const out = accepted.size + 1 + Math.floor(Math.random() ** 2 * 300);
			const brought = acknowledged.size + 1;
			await until("some load", () => accepted.size >= out && acknowledged.size >= brought, { timeout: 30000, every: 1 });
			await g.kill();
			over = true;
			await Promise.all(work);
			host.cut();
		}

		g.expectKill = false;
		await g.run();
		await g.ready();
		await bringing("last", () => !open.length);
		const counts = () => {
			const seen = new Map();
			for (const m of host.mails) {
				const subject = /^Subject: (.*)\r$/m.exec(m.text)[1];
				seen.set(subject, (seen.get(subject) ?? 0) + 1);
			}
			return seen;
		};
		await until(
			"every accepted mail to reach the smart host",
			() => {
				const seen = counts();
				return [...accepted.values()].every((subject) => seen.has(subject));
			},
			{ timeout: 120000, every: 200 },
		);
		for (const [id, subject] of accepted) {
			const m = await until(`${id} to be sent`, async () => {
				const got = await g.api.message(id);
				return got.status === "sent" && got;
			});
			assert.equal(m.subject, subject);
		}
		const stored = await everyInbound(g.api);
		const missing = [...acknowledged].filter((text) => !stored.has(text));
		assert.deepEqual(missing, [], "acknowledged mails that are not stored");
		const doubled = [...stored].filter(([, n]) => n > 1);
		assert.deepEqual(doubled, [], "mails stored twice");
		const twice = [...counts().values()].reduce((sum, n) => sum + n - 1, 0);
		t.diagnostic(`${accepted.size} accepted, ${acknowledged.size} acknowledged inbound, ${twice} submitted again`);
		assert.ok(twice <= rounds * window, `${twice} duplicates; ${rounds} kills with ${window} in flight explain ${rounds * window}`);
		await g.stop();
		await host.close();
	});
});
