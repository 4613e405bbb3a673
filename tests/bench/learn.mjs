// learn.*: the gateway's learner (gateway/learn) on simulated customers, 100,000 in each of ten worlds (WORLDS), whose segments
// like different variants, channels and hours; answers come late, a hold-out group of 5 % gets anything. The same seeds each
// time, so the same figures. Peers: the oracle, who knows all chances; the one arm that is best for all.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { out } from "./lib/proc.mjs";

const WORLDS = Number(process.env.WORLDS || 10);

async function learn() {
	const worlds = Array.from({ length: WORLDS }, (_, k) => JSON.parse(execFileSync(join(out, "learn"), [String(k + 1)], { encoding: "utf8" })));
	const sum = (of) => worlds.reduce((n, w) => n + of(w), 0) / WORLDS;
	const regret = (what) => sum((w) => w.early[what] + w.late[what]);
	return [
		{ name: "learn.accepted", value: sum((w) => w.late.learner), peer_value: sum((w) => w.late.oracle), floor: sum((w) => w.late.fixed), detail: { worlds } },
		{ name: "learn.worst", value: Math.min(...worlds.map((w) => w.late.learner / w.late.oracle)) },
		{ name: "learn.regret", value: regret("regret"), peer_value: regret("regret_fixed") },
	];
}

export const figures = [
	{ name: "learn.accepted", unit: "offers after 20 %", peer: "oracle", target: ["ratio", ">=", 0.9], measure: learn },
	{ name: "learn.worst", unit: "of the oracle's", target: ["value", ">=", 0.9], measure: learn },
	{ name: "learn.regret", unit: "offers lost of all", peer: "best for all", target: ["ratio", "<=", 0.5], measure: learn },
];
