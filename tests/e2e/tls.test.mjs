// HTTPS without a proxy: the API, the stream, the console's cookie, the command line; wrong files; renewal.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "node:tls";
import { Gateway, binary, ini } from "./lib/gateway.mjs";
import { Stream } from "./lib/sse.mjs";
import { Authority } from "./lib/tls.mjs";
import { until } from "./lib/wait.mjs";

let dir, ca, first, second, g;

// The name in the certificate that a new handshake is given, or the handshake's error.
function handshake(options = {}) {
	return new Promise((done) => {
		const s = connect({ port: g.port, host: "127.0.0.1", ca: ca.pem, ...options }, () => {
			done({ name: s.getPeerCertificate().subject.CN, protocol: s.getProtocol() });
			s.destroy();
		});
		s.once("error", (e) => done({ error: e.code ?? e.message }));
	});
}

function check(http) {
	const file = join(dir, "wrong.conf");
	writeFileSync(file, ini({ http }));
	const r = spawnSync(binary, ["check", "--config", file], { encoding: "utf8" });
	return { status: r.status, said: r.stderr.replaceAll(file, "FILE").replaceAll(dir, "DIR").trim() };
}

before(async () => {
	dir = mkdtempSync(join(tmpdir(), "threadline-tls-"));
	ca = new Authority(dir);
	first = ca.issue("first");
	second = ca.issue("second");
	copyFileSync(first.cert, join(dir, "live.pem"));
	copyFileSync(first.key, join(dir, "live.key"));
	g = await Gateway.start({ http: { tls_cert: join(dir, "live.pem"), tls_key: join(dir, "live.key") } }, { ca: ca.pem });
});

after(async () => {
	await g?.stop();
	rmSync(dir, { recursive: true });
});

describe("HTTPS", () => {
	it("serves the API to who trusts its authority, and to nobody else", async () => {
		const me = await g.api.get("/v1/me");
		assert.equal(me.role, "admin");
		const c = await g.api.post("/v1/customers", { name: "Over TLS" }, 201);
		assert.equal((await g.api.get(`/v1/customers/${c.id}`)).name, "Over TLS");
		await assert.rejects(fetch(`${g.url}/v1/me`));
		assert.deepEqual(await handshake({ ca: undefined }), { error: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
	});

	it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
		assert.equal((await handshake({ maxVersion: "TLSv1.2" })).protocol, "TLSv1.2");
		assert.equal((await handshake()).protocol, "TLSv1.3");
		assert.ok((await handshake({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })).error);
	});

	it("answers plain HTTP on its port with nothing", async () => {
		await assert.rejects(fetch(`${g.url.replace("https", "http")}/health/live`));
		assert.equal((await g.fetch(`${g.url}/health/live`)).status, 200);
	});

	it("streams events, and resumes where the stream broke off", async () => {
		const s = await Stream.follow(g, "?types=customer.");
		await g.api.post("/v1/customers", { name: "First" }, 201);
		const e = await s.type("customer.created");
		await s.close();
		const missed = await g.api.post("/v1/customers", { name: "While away" }, 201);
		const again = await Stream.follow(g, "?types=customer.", { lastEventId: e.id });
		assert.equal((await again.type("customer.created")).body.customer_id, missed.id);
		await again.close();
	});

	it("marks the console's cookie as one for HTTPS only", async () => {
		const r = await g.fetch(`${g.url}/v1/session`, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ key: g.key }),
		});
		assert.match(r.headers.get("set-cookie"), /;\s*Secure/i);
	});

	it("is reached by the command line with the authority named", () => {
		const trusting = g.cli(["tail", "--since", "0", "--types", "customer.", "--count", "1", "--json", "--cacert", ca.file]);
		assert.equal(JSON.parse(trusting.trim().split("\n")[0]).type, "customer.created");
		assert.throws(() => g.cli(["tail", "--since", "0", "--once"]), (e) => e.status === 1 && /certificate/i.test(e.stderr));
	});
});

describe("a certificate", () => {
	it("that is wrong is said by check with file and line", () => {
		const nothing = join(dir, "nothing.pem");
		const noise = join(dir, "noise.pem");
		writeFileSync(noise, "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n");
		for (const [http, said] of [
			[{ tls_cert: first.cert }, "FILE:2: [http] tls_cert: tls_cert and tls_key come together"],
			[{ tls_cert: nothing, tls_key: first.key }, "FILE:2: [http] tls_cert: DIR/nothing.pem: cannot be read"],
			[{ tls_cert: noise, tls_key: first.key }, "FILE:2: [http] tls_cert: DIR/noise.pem: holds no certificate chain in PEM"],
			[{ tls_cert: first.cert, tls_key: noise }, "FILE:3: [http] tls_key: DIR/noise.pem: holds no private key in PEM that can be read without a password"],
			[{ tls_cert: first.cert, tls_key: second.key }, "FILE:3: [http] tls_key: DIR/second.key: is not the key of the certificate in tls_cert"],
		])
			assert.deepEqual(check(http), { status: 1, said });
		assert.equal(check({ tls_cert: first.cert, tls_key: first.key }).status, 0);
	});

	it("that was renewed is served after SIGHUP, while open streams stay; a wrong one is not taken", async () => {
		const s = await Stream.follow(g, "?types=customer.");
		assert.equal((await handshake()).name, "first");
		writeFileSync(join(dir, "live.pem"), readFileSync(second.cert));
		g.child.kill("SIGHUP");
		await until("the mismatch to be said", () => /event=config.kept/.test(g.log));
		assert.match(g.log, /is not the key of the certificate/);
		assert.equal((await handshake()).name, "first");
		writeFileSync(join(dir, "live.key"), readFileSync(second.key));
		g.child.kill("SIGHUP");
		await until("the new certificate", async () => (await handshake()).name === "second");
		await g.api.post("/v1/customers", { name: "After the renewal" }, 201);
		await s.type("customer.created");
		await s.close();
	});
});
