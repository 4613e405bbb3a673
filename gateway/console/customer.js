// The right side: one customer, everything that happened, on whatever channel; newest at the bottom, live.
import { html, useState, useEffect, useRef, useCallback } from "./lib.js";
import { get, patch } from "./api.js";
import { listen } from "./stream.js";
import { customer as customerOf } from "./customers.js";
import { customerName, dayOf, channelName } from "./format.js";
import { Entry } from "./entry.js";
import { Composer } from "./composer.js";
import { Offers } from "./offers.js";
import { Permission } from "./permission.js";

// Entries by id, oldest first. What an event names is fetched and put in its place, so order never depends on arrival.
function useTimeline(id, touched) {
	const [entries, setEntries] = useState([]);
	const [older, setOlder] = useState(null);
	const waiting = useRef(new Set());
	const timer = useRef(0);

	const merge = useCallback((list) => setEntries((now) => {
		const all = new Map(now.map((i) => [i.id, i]));
		for (const i of list) all.set(i.id, i);
		return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
	}), []);
	const load = useCallback(async (cursor) => {
		const r = await get(`/v1/customers/${id}/timeline?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
		merge(r.data);
		setOlder(r.next);
	}, [id]);

	useEffect(() => {
		let gone = false;
		load().catch(() => {});
		const fetchNamed = () => {
			timer.current = 0;
			const ids = [...waiting.current];
			waiting.current.clear();
			for (const one of ids) get(`/v1/interactions/${one}`).then((i) => gone || merge([i]), () => {});
		};
		const stop = listen((e) => {
			if (!e.interaction_id || !touched(e)) return;
			waiting.current.add(e.interaction_id);
			if (!timer.current) timer.current = setTimeout(fetchNamed, 60);
		});
		return () => { gone = true; stop(); clearTimeout(timer.current); timer.current = 0; };
	}, [id]);
	return { entries, older, load, merge };
}

function useConversation(id, touched) {
	const [c, setC] = useState(null);
	const load = useCallback(() => (id ? get(`/v1/conversations/${id}`).then(setC, () => {}) : setC(null)), [id]);
	useEffect(() => {
		load();
		return listen((e) => e.conversation_id === id && e.type.startsWith("conversation.") && load());
	}, [id]);
	return [c, load];
}

function Actions({ c, me, reload, onError }) {
	if (!c) return null;
	const mine = c.assignee === (me.author || me.name);
	const change = (body) => patch(`/v1/conversations/${c.id}`, body, { "If-Match": `"${c.version}"` }).then(reload, (problem) => {
		onError(problem.status === 412 ? "Someone else changed this conversation a moment ago." : problem.message);
		reload();
	});
	return html`<div class="actions">
		<span class=${`state ${c.state}`}>${c.state}</span>
		${c.state !== "closed" && (mine
			? html`<button class="quiet" onClick=${() => change({ assignee: null })}>Release</button>`
			: html`<button class="quiet" onClick=${() => change({ assignee: me.author || me.name })}>Claim</button>`)}
		${c.state === "open" && html`<button class="quiet" onClick=${() => change({ state: "snoozed", snoozed_until: new Date(Date.now() + 3600e3).toISOString() })}>Snooze 1 h</button>`}
		${c.state === "closed"
			? html`<button class="quiet" onClick=${() => change({ state: "open" })}>Reopen</button>`
			: html`<button class="quiet" onClick=${() => change({ state: "closed" })}>Close</button>`}
	</div>`;
}

// Which segments the customer is in is asked for anew when what is known of it changes.
function useSegments(c) {
	const [list, setList] = useState([]);
	useEffect(() => {
		let gone = false;
		get(`/v1/customers/${c.id}/segments`).then((r) => gone || setList(r.data), () => gone || setList([]));
		return () => { gone = true; };
	}, [c.id, c.version]);
	return list;
}

function Facts({ c, conversation, ids, me }) {
	const segments = useSegments(c);
	return html`<aside class="facts" aria-label="Customer">
		<h2>${customerName(c)}</h2>
		<p><span class="chip">${c.stage}</span> ${c.tier && html`<span class="chip">${c.tier}</span>`}</p>
		${segments.length > 0 && html`<p aria-label="Segments">${segments.map((s) => html`<span key=${s.id} class="chip" title=${s.description || "Segment"}>${s.name}</span> `)}</p>`}
		<dl>
			${c.external_id && html`<dt>Customer no.</dt><dd>${c.external_id}</dd>`}
			${c.locale && html`<dt>Language</dt><dd>${c.locale}</dd>`}
			${c.time_zone && html`<dt>Time zone</dt><dd>${c.time_zone}</dd>`}
			${(c.contact_points || []).map((p) => html`<dt key=${`t${p.id}`}>${channelName[p.channel]}</dt><dd key=${`d${p.id}`}>${p.scheme === "visitor" ? "browser" : p.address} ${p.verified ? html`<span class="ok" title=${p.verified_by}>✓ verified</span>` : html`<span class="dim">unverified</span>`}</dd>`)}
			${Object.entries(c.attributes || {}).map(([k, v]) => html`<dt key=${`t${k}`}>${k}</dt><dd key=${`d${k}`}>${typeof v === "object" ? JSON.stringify(v) : String(v)}</dd>`)}
		</dl>
		<${Offers} id=${c.id} conversation=${conversation} ids=${ids} />
		<${Permission} id=${c.id} me=${me} ids=${ids} />
	</aside>`;
}

function Days({ entries }) {
	let last = "";
	const out = [];
	for (const i of entries) {
		const d = dayOf(i.at);
		if (d !== last) out.push(html`<h4 key=${`d${i.id}`} class="day">${d}</h4>`);
		last = d;
		out.push(html`<${Entry} key=${i.id} i=${i} />`);
	}
	return out;
}

export function Customer({ id, conversation, me }) {
	const [c, setC] = useState(null);
	const [error, setError] = useState("");
	const [typing, setTyping] = useState(0);
	const ids = useRef(new Set([id]));
	const touched = useCallback((e) => ids.current.has(e.customer_id) || (conversation && e.conversation_id === conversation), [conversation]);
	const { entries, older, load } = useTimeline(id, touched);
	const [thread, reload] = useConversation(conversation, touched);
	const log = useRef(null);
	const pinned = useRef(true);

	useEffect(() => {
		let gone = false;
		const look = (fresh) => customerOf(id, fresh).then((v) => {
			if (gone) return;
			ids.current = new Set([id, v.id, ...(v.members || []), ...(v.contact_points || []).map((p) => p.customer_id)]);
			setC(v);
		}, (problem) => gone || setError(problem.message));
		look(false);
		const stop = listen((e) => {
			if (!touched(e)) return;
			if (/^(customer|identity)\./.test(e.type)) look(true);
			if (e.type === "chat.typing") { setTyping(Date.now() + 5000); setTimeout(() => setTyping((v) => (v <= Date.now() ? 0 : v)), 5100); }
			if (e.type === "message.received") setTyping(0);
		});
		return () => { gone = true; stop(); };
	}, [id, conversation]);

	// Stays at the newest entry unless the reader has scrolled up.
	useEffect(() => { if (pinned.current && log.current) log.current.scrollTop = log.current.scrollHeight; }, [entries, typing]);

	if (error && !c) return html`<main class="empty"><p role="alert">${error}</p></main>`;
	if (!c) return html`<main class="empty"></main>`;
	return html`<main class="customer">
		<section class="thread" aria-label="Timeline">
			<header><h1>${customerName(c)}</h1><${Actions} c=${thread} me=${me} reload=${reload} onError=${setError} /></header>
			${error && html`<p role="alert" class="error">${error}</p>`}
			<div class="log" ref=${log} tabindex="0" role="log" aria-live="polite" onScroll=${(e) => { const t = e.target; pinned.current = t.scrollHeight - t.scrollTop - t.clientHeight < 60; }}>
				${older && html`<button class="quiet older" onClick=${() => { pinned.current = false; load(older); }}>Earlier</button>`}
				<${Days} entries=${entries} />
				${typing > Date.now() && html`<p class="typing" role="status">is typing…</p>`}
			</div>
			<${Composer} customer=${c} conversation=${conversation} onSent=${() => { pinned.current = true; load().catch(() => {}); }} />
		</section>
		<${Facts} c=${c} conversation=${conversation} ids=${ids} me=${me} />
	</main>`;
}
