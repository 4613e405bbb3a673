// The event stream: what an idle follower costs, and how late an event is under the SMS load.
import { startGateway } from "./lib/gateway.mjs";
import { startNchan } from "./lib/nchan.mjs";
import { freshDir, pause } from "./lib/proc.mjs";
import { gatewayMt } from "./sms.mjs";
import { followers } from "./lib/tools.mjs";

const CLIENTS = Number(process.env.CLIENTS || 10000);

// KiB for each follower, once the server's size no longer moves.
async function perClient(server, options) {
	const before = server.resident();
	const clients = await followers({ port: server.port, conns: CLIENTS, ...options });
	let size = server.resident();
	for (let still = 0; still < 5; ) {
		await pause(200);
		const next = server.resident();
		still = Math.abs(next - size) < 64 ? still + 1 : 0;
		size = next;
	}
	const { closed } = await clients.stop();
	if (closed) throw new Error(`${closed} of ${CLIENTS} followers were disconnected`);
	return (size - before) / CLIENTS;
}

async function idle() {
	const g = await startGateway({ dir: freshDir("gateway") });
	const ours = await perClient(g, { header: g.header, path: "/v1/stream?types=conversation.closed" });
	await g.stop();
	const n = await startNchan({ dir: freshDir("nchan"), clients: CLIENTS });
	const theirs = await perClient(n, { path: "/sub?id=all" });
	await n.stop();
	return [{ name: "stream.idle", value: ours, peer_value: theirs, detail: { clients: CLIENTS } }];
}

// From the event's own time, which is before its commit, so more than what is asked for.
async function latency() {
	const around = {
		begin: (g) => followers({ port: g.port, header: g.header, conns: 4, path: "/v1/stream?types=message.delivered" }),
		end: (f) => f.stop(),
	};
	const run = await gatewayMt({ receiptMs: 1000, around });
	return [{ name: "stream.latency_p99", value: run.extra.event_p99_ms, detail: { rate: run.rate, stream: run.extra } }];
}

export const figures = [
	{ name: "stream.idle", unit: "KiB/client", peer: "nginx + nchan", target: ["ratio", "<=", 0.7], measure: idle },
	{ name: "stream.latency_p99", unit: "ms", target: ["value", "<=", 50], measure: latency },
];
