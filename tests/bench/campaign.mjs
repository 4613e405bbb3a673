// campaign.enqueue: a campaign with an offer to everybody: customers a second rendered, policy-checked and queued durably,
// beside the bare insert of the same rows. CUSTOMERS=1000000 for the size that is promised; 200000 by default.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { freshDir, out } from "./lib/proc.mjs";

const CUSTOMERS = Number(process.env.CUSTOMERS || 200000);
const GROWTH_KB = 16384; // in the second half: caches have filled by then

const tool = (...args) => execFileSync(join(out, "campaign"), args.map(String), { encoding: "utf8", maxBuffer: 1 << 20 });

async function enqueue() {
	const dir = freshDir("campaign");
	const [filled, bare] = [join(dir, "campaign.db"), join(dir, "floor.db")];
	tool("fill", filled, CUSTOMERS);
	const run = JSON.parse(tool("run", filled));
	if (run.queued !== CUSTOMERS) throw new Error(`${run.queued} of ${CUSTOMERS} customers were queued`);
	const growth = run.resident_kb_late - run.resident_kb_early;
	if (growth > GROWTH_KB) throw new Error(`memory grew by ${growth} kB during the campaign`);
	const floor = JSON.parse(tool("floor", filled, bare));
	return [{ name: "campaign.enqueue", value: run.rate, floor: floor.rate, detail: { run, floor } }];
}

export const figures = [{ name: "campaign.enqueue", unit: "customers/s", target: ["floor_ratio", ">=", 0.5], measure: enqueue }];
