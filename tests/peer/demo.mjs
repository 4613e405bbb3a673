// `make run`: the gateway on SQLite, an SMSC with handsets to type on, a shop's page with the chat widget, some customers.
// usage: demo.mjs BINARY    Everything lies in build/run/; Ctrl-C ends all of it.
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Smsc } from "./smsc.mjs";

const binary = resolve(process.argv[2] ?? "build/threadline");
const here = new URL(".", import.meta.url).pathname;
const dir = resolve("build/run");
const short = "40404";
const customers = [
	["cust-1001", "Ada Lindqvist", "+491713920001", { tier: "gold", locale: "de-DE" }],
	["cust-1002", "Bruno Keller", "+491713920002", { tier: "silver", locale: "de-DE" }],
	["cust-1003", "Chiara Conti", "+393123456789", { tier: "gold", locale: "it-IT", time_zone: "Europe/Rome" }],
	["cust-1004", "Deniz Aksoy", "+905301112233", { tier: "basic", locale: "tr-TR", time_zone: "Europe/Istanbul" }],
];

function free(port) {
	return new Promise((done) => {
		const s = createServer();
		s.once("error", () => done(port ? free(0) : Promise.reject(new Error("no free port"))));
		s.listen(port, "127.0.0.1", () => {
			const got = s.address().port;
			s.close(() => done(got));
		});
	});
}

const secretFile = join(dir, "site.secret");
const keyFile = join(dir, "admin.key");
const config = join(dir, "threadline.conf");

function configure(ports) {
	mkdirSync(dir, { recursive: true });
	if (!existsSync(secretFile)) writeFileSync(secretFile, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
	writeFileSync(
		config,
		`# Written anew by every "make run".
[http]
listen = 127.0.0.1:${ports.gateway}
public_url = http://127.0.0.1:${ports.gateway}

[store]
dsn = ${dir}/threadline.db

[sms main]
host = 127.0.0.1
port = ${ports.smsc}
system_id = threadline
password = secret
source_addr = ${short}
reconnect_max = 2s

[web demo]
origins = http://127.0.0.1:${ports.pages}, http://localhost:${ports.pages}
identity_secret = file:${secretFile}
title = Nordwind Mobile
`,
	);
}

function cli(...args) {
	const env = { ...process.env, THREADLINE_CONFIG: config };
	return execFileSync(binary, args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "ignore"] }).trim();
}

async function start(ports) {
	const log = join(dir, "threadline.log");
	const child = spawn("sh", ["-c", 'exec "$0" serve --config "$1" 2>>"$2"', binary, config, log], {
		stdio: "ignore",
		detached: true, // Ctrl-C is for us; we stop it in order
	});
	child.once("exit", (code) => {
		if (!stopping) console.error(`\nthe gateway has left with status ${code}; its log is ${log}`);
		stop(stopping ? 0 : 1);
	});
	for (let i = 0; i < 400; i++) {
		const r = await fetch(`http://127.0.0.1:${ports.gateway}/health/live`).catch(() => null);
		if (r?.ok) return child;
		await new Promise((done) => setTimeout(done, 50));
	}
	throw new Error(`the gateway does not answer; its log is ${log}`);
}

class Api {
	constructor(url, key) {
		Object.assign(this, { url, key });
	}
	async call(method, path, body) {
		const r = await fetch(this.url + path, {
			method,
			headers: { Authorization: `Bearer ${this.key}`, ...(body ? { "Content-Type": "application/json" } : {}) },
			body: body && JSON.stringify(body),
		});
		const answer = await r.json().catch(() => ({}));
		return { status: r.status, ok: r.ok, body: answer };
	}
}

async function seed(api) {
	for (const [external_id, name, address, more] of customers) {
		const known = await api.call("GET", `/v1/customers?external_id=${external_id}`);
		if (known.ok && known.body.data.length) continue;
		const made = await api.call("POST", "/v1/customers", { external_id, name, stage: "active", ...more });
		if (!made.ok) {
			console.error(`seed: ${name}: ${made.status} ${made.body.detail ?? ""}`);
			continue;
		}
		await api.call("POST", `/v1/customers/${made.body.id}/contact_points`, { scheme: "tel", address, verified_by: "bss" });
		await api.call("POST", `/v1/customers/${made.body.id}/interactions`, {
			kind: "note",
			text: `Contract M since 2024, paid by direct debit.`,
		});
	}
}

// ---- the pages: handsets, and the shop
const listeners = new Set();
const history = [];
function tell(m) {
	history.push(m);
	for (const r of listeners) r.write(`data: ${JSON.stringify(m)}\n\n`);
}

function shop(url, ports) {
	const secret = readFileSync(secretFile, "utf8").trim();
	const as = customers.find(([id]) => id === url.searchParams.get("as"));
	const hmac = (id) => createHmac("sha256", secret).update(id).digest("hex");
	const links = customers.map(([id, name]) => `<a href="/shop?as=${id}">${name}</a>`).join("");
	return readFileSync(join(here, "shop.html"), "utf8")
		.replace("{{who}}", as ? `Signed in as ${as[1]} <a href="/shop">Sign out</a>` : `Sign in as ${links}`)
		.replace("{{gateway}}", `http://127.0.0.1:${ports.gateway}`)
		.replace("{{identity}}", as ? ` data-external-id="${as[0]}" data-hmac="${hmac(as[0])}" data-name="${as[1]}"` : "");
}

async function bodyOf(req) {
	let text = "";
	for await (const part of req) text += part;
	return JSON.parse(text);
}

function pages(ports, smsc) {
	const server = createHttp(async (req, res) => {
		const url = new URL(req.url, "http://localhost");
		const html = (text) => res.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(text);
		if (url.pathname === "/") return html(readFileSync(join(here, "phones.html")));
		if (url.pathname === "/shop") return html(shop(url, ports));
		if (url.pathname === "/texts") {
			res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
			for (const m of history) res.write(`data: ${JSON.stringify(m)}\n\n`);
			listeners.add(res);
			req.on("close", () => listeners.delete(res));
			return;
		}
		if (url.pathname === "/write" && req.method === "POST") {
			const { from, text } = await bodyOf(req);
			return res.writeHead(204).end(await write(smsc, from, text));
		}
		res.writeHead(404).end();
	});
	return new Promise((done) => server.listen(ports.pages, "127.0.0.1", () => done(server)));
}

async function write(smsc, from, text) {
	const statuses = await smsc.write({ from, to: short, text });
	const bad = statuses.find((s) => s !== 0);
	const note = bad === undefined ? "received by the gateway" : bad === null ? "no gateway is bound" : `refused: 0x${bad.toString(16)}`;
	tell({ number: from, text, wrote: true, note });
}

let stopping = false;
let gateway;
let smsc;
async function stop(code) {
	if (!stopping && gateway && gateway.exitCode === null) {
		stopping = true;
		gateway.kill("SIGTERM");
		return;
	}
	process.exit(code);
}

async function main() {
	const ports = { gateway: await free(8080), pages: await free(8081), smsc: await free(2775) };
	configure(ports);
	smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 800 });
	await smsc.listen(ports.smsc);
	const known = existsSync(keyFile) && readFileSync(keyFile, "utf8").trim();
	const key = known || cli("key", "create", "--role", "admin", "--name", "demo");
	writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
	gateway = await start(ports);
	const url = `http://127.0.0.1:${ports.gateway}`;
	const api = new Api(url, key);
	if ((await api.call("GET", "/v1/me")).status === 401) throw new Error(`build/run holds another store's key: remove it`);
	await seed(api);
	for (const [, name, number] of customers) tell({ number, name });
	smsc.on("text", (t) => {
		const parts = t.parts.length > 1 ? `, ${t.parts.length} parts` : "";
		tell({ number: `+${t.to.replace(/^\+/, "")}`, text: t.text, note: `from ${t.from}${parts}` });
		console.log(`\n  handset ${t.to} shows: ${t.text}`);
	});
	await pages(ports, smsc);
	console.log(`
  Console     ${url}/console/     sign in with
              ${key}
  Handsets    http://127.0.0.1:${ports.pages}/          (the simulated network)
  Shop        http://127.0.0.1:${ports.pages}/shop      (another origin, with the chat widget)
  Log         build/run/threadline.log

  Send a text:

    curl -s ${url}/v1/messages -H 'Authorization: Bearer ${key}' \\
      -H 'Content-Type: application/json' -d '{"to":"${customers[0][2]}","text":"Your order is on its way."}'

  Or type here what a handset writes ("+491713920002 Hello", or just "Hello" from ${customers[0][2]}). Ctrl-C ends it.
`);
	const lines = createInterface({ input: process.stdin });
	lines.on("line", (line) => {
		const m = /^\s*(\+\d{5,15})\s+(.+)$/.exec(line);
		const text = (m ? m[2] : line).trim();
		if (text) write(smsc, m ? m[1] : customers[0][2], text);
	});
	lines.on("error", () => {});
}

process.on("SIGINT", () => stop(0));
process.on("SIGTERM", () => stop(0));
main().catch((e) => {
	console.error(`make run: ${e.message}`);
	stop(1);
});
