// The left column: conversations, newest first, live; and the search for customers.
import { html, useState, useEffect, useRef } from "./lib.js";
import { get, call } from "./api.js";
import { listen } from "./stream.js";
import { customer } from "./customers.js";
import { markets } from "./marketing.js";
import { short, channelMark, channelName, customerName } from "./format.js";

const views = [
	{ name: "Open", query: "state=open" },
	{ name: "Mine", query: "state=open" },
	{ name: "Waiting", query: "state=pending,snoozed" },
	{ name: "Closed", query: "state=closed" },
];

function useConversations(view, me) {
	const [list, setList] = useState(null);
	const timer = useRef(0);
	const query = view.query + (view.name === "Mine" ? `&assignee=${encodeURIComponent(me.author || me.name)}` : "");

	useEffect(() => {
		let stale = false;
		const load = () => get(`/v1/conversations?${query}&limit=100`).then((r) => stale || setList(r.data), () => {});
		setList(null);
		load();
		// Many events of one burst need one look.
		const stop = listen((e) => {
			if (!/^(conversation\.|message\.received|message\.accepted|customer\.|identity\.added)/.test(e.type) || timer.current) return;
			timer.current = setTimeout(() => { timer.current = 0; load(); }, 250);
		});
		return () => { stale = true; stop(); clearTimeout(timer.current); timer.current = 0; };
	}, [query]);
	return list;
}

function Name({ id }) {
	const [c, setC] = useState(null);
	useEffect(() => {
		let stale = false;
		const load = (fresh) => customer(id, fresh).then((v) => stale || setC(v), () => {});
		load(false);
		const stop = listen((e) => e.customer_id === id && /^(customer|identity)\./.test(e.type) && load(true));
		return () => { stale = true; stop(); };
	}, [id]);
	return customerName(c);
}

function Row({ c, active }) {
	return html`<li>
		<a href=${`#/customers/${c.customer_id}/${c.id}`} aria-current=${active ? "true" : undefined}>
			<span class="mark" title=${channelName[c.channel]}>${channelMark[c.channel]}</span>
			<span class="who"><${Name} id=${c.customer_id} /></span>
			<time>${short(c.updated_at)}</time>
			<span class="last">${c.last_text || c.subject || "…"}</span>
			${c.assignee ? html`<span class="chip">${c.assignee}</span>` : html`<span class="chip new">unassigned</span>`}
		</a>
	</li>`;
}

function Search() {
	const [q, setQ] = useState("");
	const [found, setFound] = useState(null);

	useEffect(() => {
		if (q.trim().length < 2) return setFound(null);
		let stale = false;
		const t = setTimeout(() => get(`/v1/customers?q=${encodeURIComponent(q.trim())}&limit=20`).then((r) => stale || setFound(r.data), () => stale || setFound([])), 200);
		return () => { stale = true; clearTimeout(t); };
	}, [q]);

	return html`<div class="search">
		<label class="vh" for="q">Find a customer</label>
		<input id="q" type="search" placeholder="Name, number, words of a message…" value=${q} onInput=${(e) => setQ(e.target.value)} />
		${found && html`<ul class="found">
			${found.length === 0 && html`<li class="none">Nobody found.</li>`}
			${found.map((c) => html`<li key=${c.id}><a href=${`#/customers/${c.id}`} onClick=${() => setQ("")}>
				<b>${customerName(c)}</b> <span>${(c.contact_points || []).filter((p) => p.scheme !== "visitor").map((p) => p.address).join(", ")}</span>
			</a></li>`)}
		</ul>`}
	</div>`;
}

function Head({ me, live, onSignedOut }) {
	async function signOut() {
		await call("DELETE", "/v1/session").catch(() => {});
		onSignedOut();
	}

	return html`<header>
		<img src="/console/icon.svg" alt="" width="26" height="26" />
		<strong>Threadline</strong>
		${live === undefined ? html`<span class="spread"></span>` : html`<span class=${live ? "live on" : "live"} role="status">${live ? "live" : "reconnecting…"}</span>`}
		<button class="quiet" title=${`Signed in as ${me.name}`} onClick=${signOut}>Sign out</button>
	</header>
	${markets(me) && html`<p class="places"><a class="link" href="#/marketing/campaigns">Marketing</a></p>`}`;
}

// The left column of who does not read conversations.
export function Desk({ me, onSignedOut }) {
	return html`<nav class="inbox" aria-label="Places"><${Head} me=${me} onSignedOut=${onSignedOut} /></nav>`;
}

export function Inbox({ me, live, chosen, onSignedOut }) {
	const [view, setView] = useState(views[0]);
	const list = useConversations(view, me);

	return html`<nav class="inbox" aria-label="Conversations">
		<${Head} me=${me} live=${live} onSignedOut=${onSignedOut} />
		<${Search} />
		<div class="tabs" role="tablist">
			${views.map((v) => html`<button key=${v.name} role="tab" aria-selected=${String(v === view)} onClick=${() => setView(v)}>${v.name}</button>`)}
		</div>
		<ul class="list">
			${list && list.length === 0 && html`<li class="none">Nothing here.</li>`}
			${(list || []).map((c) => html`<${Row} key=${c.id} c=${c} active=${c.id === chosen.conversation} />`)}
		</ul>
	</nav>`;
}
