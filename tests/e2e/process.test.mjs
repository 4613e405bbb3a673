// The process as its operator knows it: configuration, signals, exit codes, command line.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, binary, smsAccount, top } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

function threadline(args, input = "", env = {}) {
	const r = spawnSync(binary, args, { input, encoding: "utf8", env: { ...process.env, ...env } });
	return { status: r.status, out: r.stdout, err: r.stderr };
}

describe("the command line", () => {
	it("tells calling it wrongly (2) from failing (1) and from well done (0)", () => {
		assert.equal(threadline([]).status, 2);
		assert.equal(threadline(["nonsense"]).status, 2);
		assert.equal(threadline(["serve", "--nonsense"]).status, 2);
		assert.equal(threadline(["key", "create", "--role"]).status, 2);
		assert.equal(threadline(["check", "--config", "/nowhere/at/all"]).status, 1);
		assert.equal(threadline(["serve", "--config", "/nowhere/at/all"]).status, 1);
		assert.equal(threadline(["send", "+491713920001", "x"], "", { THREADLINE_KEY: "" }).status, 1);
		assert.equal(threadline(["version"]).status, 0);
	});

	it("helps with every command on standard output", () => {
		for (const c of ["serve", "check", "migrate", "key create", "key list", "key revoke", "send", "tail", "explain number"]) {
			const r = threadline([...c.split(" "), "--help"]);
			assert.equal(r.status, 0, c);
			assert.match(r.out, /^usage: threadline /, c);
			assert.equal(r.err, "", c);
		}
	});

	it("cannot write its output and says so", () => {
		const r = spawnSync("sh", ["-c", '"$0" version > /dev/full', binary], { encoding: "utf8" });
		assert.equal(r.status, 1);
		assert.match(r.stderr, /cannot write/);
	});

	it("names file and line of every error in a configuration", () => {
		const dir = mkdtempSync(join(tmpdir(), "threadline-check-"));
		const file = join(dir, "t.conf");
		writeFileSync(file, "[http]\nlisten = 8080\nlisen = 1\n[sms main]\nport = 99999\n[nonsense]\n[log]\nlevel=loud\n");
		const r = threadline(["check", "--config", file]);
		assert.equal(r.status, 1);
		for (const [line, what] of [[3, /lisen/], [4, /host|port/], [6, /nonsense/], [8, /level/]])
			assert.ok(r.err.split("\n").some((l) => l.startsWith(`${file}:${line === 4 ? "" : `${line}:`}`) && what.test(l)), `${line}: ${r.err}`);
		rmSync(dir, { recursive: true });
	});

	it("ships a sample that it accepts", () => {
		const r = threadline(["check", "--config", join(top, "etc/threadline.conf")]);
		assert.equal(r.status, 0, r.err);
		assert.equal(threadline(["check", "--sample"]).out, readFileSync(join(top, "etc/threadline.conf"), "utf8"));
	});
});

describe("explain", () => {
	const lines = (r) => r.out.trim().split("\n").map((l) => JSON.parse(l));

	it("reads numbers, one JSON line each, and goes on after a bad one", () => {
		const r = threadline(["explain", "number", "-"], "0171 3920001\nUS\t(212) 555-0123\nnot a number\n+44 7700 900123\n");
		const [a, b, c, d] = lines(r);
		assert.equal(r.status, 1);
		assert.equal(a.e164, "+491713920001");
		assert.equal(a.kind, "mobile");
		assert.equal(b.e164, "+12125550123");
		assert.equal(b.region, "US");
		assert.equal(c.e164, null);
		assert.ok(c.error);
		assert.equal(d.e164, "+447700900123");
	});

	it("reads PDUs, receipts and texts", () => {
		const pdu = threadline(["explain", "pdu", "00000010000000150000000000000001", "0000"]);
		const [good, bad] = lines(pdu);
		assert.equal(pdu.status, 1);
		assert.equal(good.ok, true);
		assert.equal(good.command, "enquire_link");
		assert.equal(good.sequence, 1);
		assert.equal(bad.ok, false);
		assert.ok(bad.error);
		const [receipt] = lines(
			threadline(["explain", "receipt", "id:0123 sub:001 dlvrd:001 submit date:2601010101 done date:2601010102 stat:DELIVRD err:000 text:x"]),
		);
		assert.equal(receipt.id, "0123");
		assert.equal(receipt.state, "delivered");
		assert.equal(receipt.raw_state, "DELIVRD");
		assert.equal(receipt.is_receipt, true);
		const texts = threadline(["explain", "receipt", "see you at 8", '"quoted" and id:7', ""]);
		assert.equal(texts.status, 0);
		assert.deepEqual(lines(texts).map((t) => [t.is_receipt, t.error ?? null]), [[false, null], [false, null], [false, null]]);
		const [sms] = lines(threadline(["explain", "sms", "Grüße 😀"]));
		assert.equal(sms.encoding, "ucs2");
		assert.equal(sms.segments, 1);
	});
});

describe("the service", () => {
	it("drains on SIGTERM: finishes what is in flight and leaves with 0", async () => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		const g = await Gateway.start({ "sms main": smsAccount(smsc) });
		await g.ready();
		await Promise.all(Array.from({ length: 30 }, (_, i) => g.api.send({ to: `+4917139200${10 + i}`, text: `drain ${i}` })));
		const { code } = await g.signal("SIGTERM");
		assert.equal(code, 0, g.log);
		await g.run();
		await until("all to be delivered after the restart", () => new Set(smsc.texts.map((t) => t.text)).size === 30);
		await g.stop();
		await smsc.close();
	});

	it("reads its configuration again on SIGHUP, and keeps the old one when the new one is wrong", async () => {
		const g = await Gateway.start();
		const text = readFileSync(g.config, "utf8");
		writeFileSync(g.config, text.replace("level = info", "level = debug"));
		g.child.kill("SIGHUP");
		await until("the reload to be logged", () => /event=config.reloaded/.test(g.log));
		writeFileSync(g.config, `${text}\n[nonsense]\n`);
		g.child.kill("SIGHUP");
		await until("the refusal to be logged", () => /event=config.kept/.test(g.log));
		assert.equal((await fetch(`${g.url}/health/live`)).status, 200);
		await g.stop();
	});

	it("tells systemd when it is ready, alive and stopping", async () => {
		const dir = mkdtempSync(join(tmpdir(), "threadline-notify-"));
		const heard = [];
		// node has no unix datagram sockets; socat or systemd would be needed to listen: python3 where it is
		const path = join(dir, "notify");
		const listener = spawnSync("python3", ["-c", "import socket"]).status === 0;
		if (!listener) return rmSync(dir, { recursive: true });
		const script =
			"import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('bound',flush=True)\nwhile True: print(s.recv(4096).decode(),flush=True)";
		const py = spawn("python3", ["-c", script, path]);
		py.stdout.on("data", (d) => heard.push(...String(d).trim().split("\n")));
		await until("the listener", () => heard.includes("bound"));
		const g = await Gateway.start({}, { env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" } });
		await until("READY=1", () => heard.includes("READY=1"));
		await until("WATCHDOG=1", () => heard.includes("WATCHDOG=1"));
		await g.stop();
		await until("STOPPING=1", () => heard.includes("STOPPING=1"));
		py.kill();
		rmSync(dir, { recursive: true });
	});

	it("shows a refused account with the SMSC's reason, and takes messages for it all the same", async () => {
		const smsc = new Smsc({ systemId: "threadline", password: "right" });
		await smsc.listen();
		const g = await Gateway.start({ "sms main": smsAccount(smsc, { password: "wrong" }) });
		const health = await until("the refusal to show", async () => {
			const r = await fetch(`${g.url}/health/ready`);
			const body = await r.json();
			return /BINDFAIL|0x0000000d|INVPASWD/i.test(JSON.stringify(body)) ? { status: r.status, body } : false;
		});
		assert.equal(health.status, 503);
		assert.match(await (await fetch(`${g.url}/metrics`, { headers: { Authorization: `Bearer ${g.key}` } })).text(), /threadline/);
		const m = await g.api.send({ to: "+491713920001", text: "waits" });
		assert.equal(m.status, "queued");
		await g.stop();
		await smsc.close();
	});

	it("holds back a key that asks too often, and says when to come again", async () => {
		const g = await Gateway.start({ http: { requests_per_second: 5 } });
		const answers = await Promise.all(Array.from({ length: 40 }, () => g.api.request("GET", "/v1/me")));
		const refused = answers.filter((r) => r.status === 429);
		assert.ok(refused.length >= 20, `${refused.length} refused`);
		assert.ok(refused.every((r) => Number(r.headers.get("retry-after")) >= 1 && r.body.code === "rate_limited"));
		await g.stop();
	});

	it("is driven by send and followed by tail", async () => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		const g = await Gateway.start({ "sms main": smsAccount(smsc) });
		await g.ready();
		const env = { ...process.env, THREADLINE_URL: g.url, THREADLINE_KEY: g.key };
		const out = g.cli(["send", "+491713920001", "from", "the", "terminal"]);
		assert.match(out, /^[0-9a-f-]{36} queued\n$/);
		const tail = spawn(binary, ["tail", "--since", "0", "--types", "message.delivered", "--count", "1", "--json"], { env });
		let told = "";
		tail.stdout.on("data", (d) => (told += d));
		assert.equal(await new Promise((done) => tail.once("close", done)), 0);
		assert.equal(JSON.parse(told.trim().split("\n")[0]).type, "message.delivered");
		assert.throws(() => g.cli(["send", "nonsense", "x"]), (e) => e.status === 1 && /422/.test(e.stderr));
		await g.stop();
		await smsc.close();
	});
});
