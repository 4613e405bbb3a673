// A gateway of its own for each test file: temporary folder, free ports, real process.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, appendFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Api } from "./api.mjs";
import { Database, onPostgres } from "./store.mjs";
import { fetchTrusting } from "./tls.mjs";
import { until } from "./wait.mjs";

export const top = resolve(new URL("../../..", import.meta.url).pathname);
export const binary = resolve(top, process.env.THREADLINE_BIN ?? "build/threadline");

export function freePort() {
	return new Promise((done, fail) => {
		const s = createServer();
		s.once("error", fail);
		s.listen(0, "127.0.0.1", () => {
			const { port } = s.address();
			s.close(() => done(port));
		});
	});
}

// { http: { max_body: "2m" }, "sms main": { host: "…" } } → INI
export function ini(sections) {
	return Object.entries(sections)
		.map(([name, keys]) => {
			const lines = Object.entries(keys).map(([k, v]) => `${k} = ${v}`);
			return `[${name}]\n${lines.join("\n")}\n`;
		})
		.join("\n");
}

export function smsAccount(smsc, more = {}) {
	return {
		host: "127.0.0.1",
		port: smsc.port,
		system_id: smsc.systemId ?? "threadline",
		password: smsc.password ?? "secret",
		source_addr: "40404",
		reconnect_min: "50ms",
		reconnect_max: "500ms",
		...more,
	};
}

export class Gateway {
	// sections: as for ini(); merged over what every test wants.
	// ca: a certificate; then it is spoken to by HTTPS.
	constructor(sections = {}, { dir, env, ca } = {}) {
		this.sections = sections;
		this.scheme = ca ? "https" : "http";
		this.fetch = ca ? fetchTrusting(ca) : fetch;
		this.dir = dir ?? mkdtempSync(join(tmpdir(), "threadline-e2e-"));
		this.env = { ...process.env, ...env };
		this.config = join(this.dir, "threadline.conf");
		this.log = "";
		this.exited = null;
	}

	static async start(sections, options) {
		const g = new Gateway(sections, options);
		await g.prepare();
		await g.run();
		return g;
	}

	async prepare() {
		this.port ??= await freePort();
		this.url = `${this.scheme}://127.0.0.1:${this.port}`;
		const common = {
			http: { listen: `127.0.0.1:${this.port}` },
			store: this.store(),
			log: { level: process.env.E2E_LOG ?? "info" },
			policy: { quiet_hours: "off" }, // tests run at any hour
		};
		const all = { ...common };
		for (const [name, keys] of Object.entries(this.sections)) all[name] = { ...common[name], ...keys };
		writeFileSync(this.config, ini(all));
		this.key ??= this.newKey("admin");
		this.api = new Api(this.url, this.key, this.fetch);
	}

	store() {
		if (!onPostgres) return { dsn: join(this.dir, "threadline.db") };
		this.database ??= new Database();
		return { dsn: this.database.dsn, blobs: join(this.dir, "blobs") };
	}

	cli(args, options = {}) {
		return execFileSync(binary, args, {
			encoding: "utf8",
			env: { ...this.env, THREADLINE_CONFIG: this.config, THREADLINE_URL: this.url, THREADLINE_KEY: this.key ?? "" },
			stdio: ["pipe", "pipe", "pipe"],
			...options,
		});
	}

	newKey(role) {
		const out = this.cli(["key", "create", "--role", role, "--name", `test ${role}`]);
		return /tl_[\w-]{43}/.exec(out)[0];
	}

	apiAs(role) {
		return new Api(this.url, this.newKey(role), this.fetch);
	}

	async run() {
		this.exited = null;
		const child = spawn(binary, ["serve", "--config", this.config], { env: this.env, stdio: ["ignore", "ignore", "pipe"] });
		this.child = child;
		child.stderr.setEncoding("utf8");
		child.stderr.on("data", (text) => {
			this.log += text;
			if (process.env.E2E_LOG_FILE) appendFileSync(process.env.E2E_LOG_FILE, text);
		});
		this.gone = new Promise((done) =>
			child.once("close", (code, signal) => {
				this.exited = { code, signal };
				done(this.exited);
			}),
		);
		await until("the gateway to be live", async () => {
			if (this.exited) throw Object.assign(new Error(`it left: ${JSON.stringify(this.exited)}\n${this.log}`), { fatal: true });
			const r = await this.fetch(`${this.url}/health/live`).catch(() => null);
			return r?.ok;
		});
		return this;
	}

	async ready() {
		await until("every account to be up", async () => (await this.fetch(`${this.url}/health/ready`)).ok);
		return this;
	}

	signal(name) {
		this.child.kill(name);
		return this.gone;
	}

	// SIGTERM must end it with 0; a sanitizer's finding ends it with something else.
	async stop({ keep = false } = {}) {
		if (this.child && !this.exited) {
			const timer = setTimeout(() => this.child.kill("SIGKILL"), 30000);
			await this.signal("SIGTERM");
			clearTimeout(timer);
		}
		const { exited, log } = this;
		if (!keep) {
			rmSync(this.dir, { recursive: true, force: true });
			this.database?.drop();
			this.database = null;
		}
		if (exited && exited.code !== 0 && exited.signal !== "SIGKILL") {
			setTimeout(() => process.exit(1), 5000).unref(); // what the test did not get to close keeps nothing waiting
			throw new Error(`the gateway left with ${JSON.stringify(exited)}\n${log.slice(-6000)}`);
		}
		if (exited?.signal === "SIGKILL" && !this.expectKill) throw new Error(`SIGTERM did not end it\n${log.slice(-6000)}`);
	}

	async kill() {
		this.expectKill = true;
		return this.signal("SIGKILL");
	}
}
