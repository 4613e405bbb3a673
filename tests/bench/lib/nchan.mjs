// nginx with nchan, the peer for idle event streams. Debian's nginx-light and libnginx-mod-nchan.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts, freePort, Proc, until } from "./proc.mjs";

export async function startNchan({ dir, clients }) {
	const port = await freePort();
	const config = join(dir, "nginx.conf");
	const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((n) => `\t${n}_temp_path ${dir}/${n};`).join("\n");
	chmodSync(dir, 0o755);
	writeFileSync(
		config,
		`load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
${process.getuid() === 0 ? "user root;" : ""}
worker_processes 1;
worker_rlimit_nofile ${2 * clients};
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections ${2 * clients - 1000}; use epoll; }
http {
	access_log off;
	nchan_shared_memory_size 256M;
${paths}
	server {
		listen 127.0.0.1:${port} backlog=4096;
		location = /sub {
			nchan_subscriber eventsource;
			nchan_channel_id $arg_id;
			nchan_subscriber_first_message newest;
			nchan_eventsource_ping_interval 0;
		}
	}
}
`,
	);
	const p = new Proc("/usr/sbin/nginx", ["-e", `${dir}/error.log`, "-c", config], { log: join(dir, "nginx.err") });
	p.port = port;
	await until("nginx to accept", () => accepts(port));
	return p;
}
