// customers.import: a million customers from a CSV file through the API, as `threadline import` does it.
// segment.count: how long the count of a segment takes among them, on the embedded store.
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "./lib/gateway.mjs";
import { build, freshDir, out } from "./lib/proc.mjs";

const CUSTOMERS = Number(process.env.CUSTOMERS || 1000000);
const store = join(out, `customers-${CUSTOMERS}.db`);

// Line by line, the same each time; a small generator of pseudo-random numbers stands for chance.
function writeLines(path, head, lines) {
	const fd = openSync(path, "w");
	let text = head;
	for (const line of lines) {
		text += line;
		if (text.length > 1 << 20) {
			writeSync(fd, text);
			text = "";
		}
	}
	writeSync(fd, text);
	closeSync(fd);
	return path;
}

function* chance() {
	for (let x = 88172645463325252n; ; ) {
		x ^= (x << 13n) & 0xffffffffffffffffn;
		x ^= x >> 7n;
		x ^= (x << 17n) & 0xffffffffffffffffn;
		yield Number(x & 0xffffffn);
	}
}

const columns = "external_id,name,locale,time_zone,tier,phone,email,attributes.plan,attributes.spend:number,attributes.vip:boolean,consent.sms.marketing\n";
function* customers() {
	const random = chance();
	const one = (list) => list[random.next().value % list.length];
	for (let i = 0; i < CUSTOMERS; i++)
		yield `c${i},"Customer, ${i}",${one(["de", "de-AT", "fr"])},Europe/Berlin,${one(["gold", "silver", ""])},+49151${String((i * 7919) % 10000000).padStart(7, "0")}${i % 10},${i % 2 ? `c${i}@mail.example` : ""},p${i % 20},${i % 100}.5,${i % 4 === 0},${one(["opt_in", "opt_out", ""])}\n`;
}

// Half of the customers have two bills each.
function* bills() {
	const random = chance();
	for (let i = 0; i < CUSTOMERS; i++)
		yield `c${Math.floor(i / 2) * 2},bill,2026-0${1 + (i % 9)}-01,b${i},${random.next().value % 100}.9\n`;
}

function bring(g, file) {
	const env = { ...process.env, THREADLINE_URL: `http://127.0.0.1:${g.port}`, THREADLINE_KEY: g.header[0].split(" ")[2] };
	const began = performance.now();
	const r = spawnSync(join(build, "threadline"), ["import", "--quiet", file], { env, encoding: "utf8" });
	if (r.status !== 0) throw new Error(`the import failed: ${r.stderr}`);
	return { ...JSON.parse(r.stdout), seconds: (performance.now() - began) / 1000 };
}

// The store stays for segment.count.
async function bringAll() {
	const dir = freshDir("gateway");
	for (const end of ["", "-wal", "-shm"]) rmSync(store + end, { force: true });
	const people = writeLines(join(dir, "people.csv"), columns, customers());
	const events = writeLines(join(dir, "bills.csv"), "external_id,event,at,event_id,data.amount:number\n", bills());
	const g = await startGateway({ dir });
	const cpu = g.cpu();
	const first = bring(g, people);
	const cpu_us = ((g.cpu() - cpu) * 1e6) / CUSTOMERS;
	const second = bring(g, events);
	await g.stop();
	if (first.created !== CUSTOMERS || second.events !== CUSTOMERS) throw new Error(`not all are there: ${JSON.stringify([first, second])}`);
	for (const end of ["-wal", ""]) if (existsSync(g.dsn + end)) renameSync(g.dsn + end, store + end);
	return { first, second, cpu_us };
}

async function imported() {
	const { first, second, cpu_us } = await bringAll();
	return [
		{ name: "customers.import", value: CUSTOMERS / first.seconds, detail: { seconds: first.seconds, cpu_us } },
		{ name: "customers.import_events", value: CUSTOMERS / second.seconds, detail: { seconds: second.seconds } },
	];
}

async function counted() {
	if (!existsSync(store)) await bringAll();
	const seen = JSON.parse(execFileSync(join(out, "segment"), [store], { encoding: "utf8" }));
	return [{ name: "segment.count", value: seen.offer, floor: seen.walk, detail: seen }];
}

export const figures = [
	{ name: "customers.import", unit: "customers/s", measure: imported },
	{ name: "customers.import_events", unit: "events/s", measure: imported },
	{ name: "segment.count", unit: `ms for a count among ${CUSTOMERS} customers`, target: ["value", "<=", 1000], measure: counted },
];
