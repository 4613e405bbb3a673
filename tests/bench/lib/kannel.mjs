// Kannel at its best: its own processes only, debug trace off (-v 4), no access log. Debian's package.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, Proc, until } from "./proc.mjs";

function configuration({ dir, ports, smsc, window, store, sink }) {
	const spool = store === "spool" ? `store-type = spool\nstore-location = "${dir}/spool"\n` : "";
	return `group = core
admin-port = ${ports.admin}
admin-password = bench
smsbox-port = ${ports.box}
log-file = "${dir}/bearerbox.log"
log-level = 4
box-allow-ip = "127.0.0.1"
dlr-storage = internal
sms-incoming-queue-limit = -1
sms-outgoing-queue-limit = 1000000
${spool}
group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
port = ${smsc}
smsc-username = bench
smsc-password = bench
system-type = ""
transceiver-mode = 1
max-pending-submits = ${window}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${ports.http}
global-sender = 40404
log-file = "${dir}/smsbox.log"
log-level = 4
max-pending-requests = 512

group = sendsms-user
username = bench
password = bench
max-messages = 10
concatenation = true

group = sms-service
keyword = default
get-url = "http://127.0.0.1:${sink ?? 9}/text?from=%p&text=%a"
accepted-smsc = sim
max-messages = 0
omit-empty = true
`;
}

// simulator: of tools.mjs, running. sink: port of the application. store: "none" or "spool".
export async function startKannel({ dir, simulator, window = 100, store = "none", sink }) {
	const ports = { admin: await freePort(), box: await freePort(), http: await freePort() };
	const config = join(dir, "kannel.conf");
	mkdirSync(join(dir, "spool"), { recursive: true });
	writeFileSync(config, configuration({ dir, ports, smsc: simulator.port, window, store, sink }));
	const start = (name) => new Proc(`/usr/sbin/${name}`, ["-v", "4", config], { log: join(dir, `${name}.err`) });
	const bearerbox = start("bearerbox");
	await simulator.event("bound");
	await until("bearerbox to take boxes", () => accepts(ports.box));
	const smsbox = start("smsbox");
	await until("smsbox to take requests", () => accepts(ports.http));
	return {
		port: ports.http,
		cpu: () => bearerbox.cpu() + smsbox.cpu(),
		resident: () => bearerbox.resident() + smsbox.resident(),
		async stop() {
			await smsbox.stop("SIGKILL");
			await bearerbox.stop("SIGKILL");
		},
	};
}

// The same text as the gateway's (gateway.mjs). dlrs: the port that both kinds of callback go to, for the SMSC's answer and
// for the receipt.
export function requests({ subscribers, dlrs }) {
	const text = "{t}+N{n}+Dear+customer,+your+parcel+is+out+for+delivery+today+between+nine+and+eleven";
	const url = encodeURIComponent(`http://127.0.0.1:${dlrs}/dlr?n=`) + "{n}" + encodeURIComponent("&s=%d&i=%F");
	return {
		path:
			`/cgi-bin/sendsms?username=bench&password=bench&from=40404&to=49151${subscribers ? "{c}" : "{m}"}&text=${text}` +
			(dlrs ? `&dlr-mask=31&dlr-url=${url}` : ""),
		subscribers: subscribers || undefined,
	};
}
