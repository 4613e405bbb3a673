// Threadline as the bench starts it: with its defaults, but for what a measurement is about.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database, postgresServer } from "../../e2e/lib/store.mjs";
import { build, freePort, out, Proc, top, until } from "./proc.mjs";

const binary = join(build, "threadline");

function ini(sections) {
	const lines = Object.entries(sections).flatMap(([name, keys]) => [
		`[${name}]`,
		...Object.entries(keys).map(([k, v]) => `${k} = ${v}`),
		"",
	]);
	return lines.join("\n");
}

// A new store: a file in dir, or with STORE=postgresql a database in a server of our own that flushes as one in earnest.
let server;
function newStore(dir, store) {
	if (store !== "postgresql") return join(dir, "threadline.db");
	process.env.FSYNC ??= "on";
	server ??= postgresServer();
	return new Database(server.dsn).dsn;
}

// The DSN of a database in a server whose folder stays, for stores that take long to fill. It runs until we end.
let keeper;
export function keptDatabase(name) {
	const script = join(top, "tests/peer/postgres.sh");
	const dir = join(out, "postgres");
	process.env.FSYNC ??= "on";
	process.env.SHARED_BUFFERS ??= "1GB";
	if (!keeper) {
		keeper = execFileSync(script, ["keep", dir], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
		process.once("exit", () => execFileSync(script, ["halt", dir]));
	}
	const sql = (text) => execFileSync("psql", ["-X", "-q", "-t", "-A", "-c", text, keeper], { encoding: "utf8" }).trim();
	const there = sql(`SELECT 1 FROM pg_database WHERE datname = '${name}'`) === "1";
	return { dsn: keeper.replace("///postgres?", `///${name}?`), there, sql };
}

// sms, email: keys of the account "main", without them there is none. sections: further ones of the file. dsn: an existing store, by default a new one.
export async function startGateway({ dir, sms, email, sections: more = {}, store = process.env.STORE, dsn = newStore(dir, store) }) {
	const port = await freePort();
	const config = join(dir, "threadline.conf");
	const sections = { http: { listen: `127.0.0.1:${port}` }, store: { dsn, blobs: join(dir, "blobs") }, log: { level: "warn" }, policy: { quiet_hours: "off" }, ...more };
	if (sms) sections["sms main"] = { host: "127.0.0.1", system_id: "bench", password: "bench", source_addr: "40404", ...sms };
	if (email) sections["email main"] = { from: "Care Team <care@shop.example>", tls: "none", ...email };
	writeFileSync(config, ini(sections));
	const key = execFileSync(binary, ["key", "create", "--role", "admin", "--name", "bench", "--config", config], {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "ignore"],
	});
	const g = new Proc(binary, ["serve", "--config", config], { log: join(dir, "threadline.log") });
	g.port = port;
	g.dsn = dsn;
	g.header = [`Authorization: Bearer ${/tl_[\w-]+/.exec(key)[0]}`];
	const live = () => fetch(`http://127.0.0.1:${port}/health/ready`).then((r) => r.ok, () => false);
	await until("the gateway to be ready", () => {
		if (g.exited) throw new Error(`the gateway ended: see ${dir}/threadline.log`);
		return live();
	});
	return g;
}

// One SMS for each number of the load; {n} makes texts distinct, the stamp lets the simulator know how long they took.
export function messages({ subscribers }) {
	const text = "{t} N{n} Dear customer, your parcel is out for delivery today between nine and eleven";
	return {
		path: "/v1/messages",
		body: JSON.stringify({ to: `+49151${subscribers ? "{c}" : "{m}"}`, text, channel: "sms" }),
		subscribers: subscribers || undefined,
	};
}

export const haveGateway = () => existsSync(binary);
