// `make bench`: measures the figures, writes build/bench/results.json, prints a table. Environment: BENCH=name,name
// (default: all), RUNS=3, COUNT=100000, and those of the figures' own files.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures as campaign } from "./campaign.mjs";
import { figures as customers } from "./customers.mjs";
import { figures as email } from "./email.mjs";
import { figures as ivr } from "./ivr.mjs";
import { figures as growth } from "./growth.mjs";
import { haveGateway } from "./lib/gateway.mjs";
import { killAll, out } from "./lib/proc.mjs";
import { figures as learn } from "./learn.mjs";
import { figures as liquid } from "./liquid.mjs";
import { figures as sms } from "./sms.mjs";
import { figures as stream } from "./stream.mjs";
import { figures as timeline } from "./timeline.mjs";

const figures = [...sms, ...timeline, ...stream, ...email, ...liquid, ...customers, ...campaign, ...learn, ...ivr, ...growth];
const RUNS = Number(process.env.RUNS || 3);
const asked = (process.env.BENCH || "").split(",").filter(Boolean);
const want = (name) => !asked.length || asked.some((a) => name === a || name.startsWith(a + "."));

function median(values) {
	const v = values.filter((x) => x !== undefined && x !== null).sort((a, b) => a - b);
	if (!v.length) return null;
	return v.length % 2 ? v[(v.length - 1) / 2] : (v[v.length / 2 - 1] + v[v.length / 2]) / 2;
}
const round = (v) => (v === null ? null : Number(v.toPrecision(5)));
const over = (a, b) => (a === null || b === null ? null : round(a / b));

function summary(figure, runs) {
	const [value, peer_value, floor] = ["value", "peer_value", "floor"].map((k) => round(median(runs.map((r) => r[k]))));
	return {
		name: figure.name,
		value,
		unit: figure.unit,
		peer: figure.peer ?? null,
		peer_value,
		ratio: over(value, peer_value),
		floor,
		floor_ratio: over(value, floor),
		runs: runs.length,
		command: `make bench BENCH=${figure.name}`,
	};
}

// Every third of a target: what, comparison, bound.
function met(target, r) {
	for (let i = 0; i < target.length; i += 3) {
		const v = r[target[i]];
		if (v === null || (target[i + 1] === ">=" ? v < target[i + 2] : v > target[i + 2])) return false;
	}
	return true;
}

function table(results) {
	const rows = results.map((r) => {
		const { target } = figures.find((f) => f.name === r.name);
		const verdict = !target ? "" : `${met(target, r) ? "met" : "NOT MET"} (${target.join(" ").replaceAll("_", " ")})`;
		return [r.name, r.value, r.unit, r.peer ?? "", r.peer_value, r.ratio, r.floor, r.floor_ratio, verdict].map((c) => String(c ?? ""));
	});
	const head = ["figure", "value", "unit", "peer", "peer's", "ratio", "floor", "/ floor", "target"];
	const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
	for (const r of [head, ...rows]) console.log(r.map((c, i) => c.padEnd(widths[i])).join("  ").trimEnd());
}

// What was measured before and not now stays in the file.
function write(results) {
	const file = join(out, "results.json");
	const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
	const all = figures.map((f) => [...results, ...before].find((r) => r.name === f.name)).filter(Boolean);
	writeFileSync(file, JSON.stringify(all, null, "\t") + "\n");
}

async function main() {
	const chosen = figures.filter((f) => want(f.name));
	const unknown = asked.filter((a) => !figures.some((f) => f.name === a || f.name.startsWith(a + ".")));
	if (unknown.length) throw new Error(`no figure "${unknown}"; there are ${figures.map((f) => f.name).join(", ")}`);
	if (!haveGateway()) throw new Error("build the gateway first");
	mkdirSync(out, { recursive: true });
	const found = [];
	const failures = [];
	for (const measure of new Set(chosen.map((f) => f.measure)))
		for (let run = 1; run <= RUNS; run++) {
			const names = chosen.filter((f) => f.measure === measure).map((f) => f.name);
			process.stderr.write(`  BENCH ${names.join(" ")} (${run} of ${RUNS})\n`);
			try {
				found.push(...(await measure(want)).map((r) => ({ ...r, run })));
			} catch (e) {
				failures.push(`${names.join(" ")}: ${e.message}`);
				process.stderr.write(`  FAIL  ${e.stack}\n`);
				killAll();
				break;
			}
		}
	writeFileSync(join(out, "details.json"), JSON.stringify(found, null, "\t") + "\n");
	const measured = chosen.map((f) => [f, found.filter((r) => r.name === f.name)]).filter(([, runs]) => runs.length);
	const results = measured.map(([f, runs]) => summary(f, runs));
	write(results);
	table(results);
	if (failures.length) process.exitCode = 1;
}

process.on("SIGINT", () => (killAll(), process.exit(130)));
process.on("SIGTERM", () => (killAll(), process.exit(143)));
main().catch((e) => {
	killAll();
	console.error(`bench: ${e.message}`);
	process.exitCode = 1;
});
