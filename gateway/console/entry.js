// One entry of the timeline.
import { html, useState } from "./lib.js";
import { clock, moment, channelName, channelMark, statusName, bad } from "./format.js";

function Delivery({ d }) {
	const why = [d.reason, d.code].filter(Boolean).join(" ");
	return html`<details class="delivery">
		<summary class=${bad.has(d.status) ? "bad" : d.status}>${statusName[d.status] || d.status}${why && bad.has(d.status) ? `: ${why}` : ""}</summary>
		<dl>
			<dt>to</dt><dd>${d.address} (${channelName[d.channel]}, ${d.account})</dd>
			${d.segments > 0 && html`<dt>size</dt><dd>${d.encoding}, ${d.segments} ${d.segments === 1 ? "segment" : "segments"}</dd>`}
			${d.external_ids && d.external_ids.length > 0 && html`<dt>carrier id</dt><dd>${d.external_ids.map((x) => x.id || x).join(", ")}</dd>`}
			${(d.history || []).map((s, i) => html`<dt key=${`t${i}`}>${moment(s.at)}</dt><dd key=${`d${i}`}>${s.status} ${s.cause ? `– ${s.cause}` : ""}</dd>`)}
		</dl>
	</details>`;
}

function Files({ list }) {
	if (!list || !list.length) return null;
	return html`<ul class="files">${list.map((f) => html`<li key=${f.sha256}><a href=${`/v1/attachments/${f.sha256}?name=${encodeURIComponent(f.name)}`} download=${f.name}>📎 ${f.name}</a> <small>${Math.ceil(f.size / 1024)} KB</small></li>`)}</ul>`;
}

// Whether a mail is from whom it says, by the checks of the mail server that the operator has named.
const trust = {
	verified: ["✓ verified", "The mail server has verified the sender's domain."],
	unverified: ["⚠ not verified", "The mail server could not verify that this is from whom it says."],
	unchecked: ["sender unchecked", "No mail server has said whether this is from whom it says."],
};
const robots = { "auto-reply": "automatic reply", bounce: "bounce", delay: "delayed", complaint: "complaint" };

function Mail({ m }) {
	const [word, title] = trust[m.sender] || trust.unchecked;
	return html`<span class=${`trust ${m.sender}`} title=${title}>${word}</span>${robots[m.class] && html`<span class="robot">${robots[m.class]}</span>`}`;
}

function Whole({ text }) {
	return html`<details class="whole"><summary>whole mail</summary><p class="text">${text}</p></details>`;
}

export function Entry({ i }) {
	const [why, setWhy] = useState(false);
	const mail = i.channel === "email" && i.direction === "inbound" && i.metadata && i.metadata.email;
	const side = i.kind === "note" ? "note" : i.direction;
	return html`<article class=${`entry ${side}`} data-id=${i.id}>
		<header>
			<span class="mark" title=${channelName[i.channel]}>${channelMark[i.channel]}</span>
			<span>${i.kind === "note" ? "Note" : channelName[i.channel] || i.kind}</span>
			<span class="author">${i.direction === "outbound" || i.kind === "note" ? i.author : i.contact ? (i.contact.scheme === "visitor" ? "visitor" : i.contact.address) : ""}</span>
			${mail && html`<${Mail} m=${mail} />`}
			<time datetime=${i.at} title=${moment(i.at)}>${clock(i.at)}</time>
			${i.thread_reason && html`<button class="quiet why" aria-expanded=${String(why)} title="Why is this here?" onClick=${() => setWhy(!why)}>?</button>`}
		</header>
		${i.subject && html`<h3>${i.subject}</h3>`}
		<p class="text">${i.text}</p>
		${mail && mail.whole_text && html`<${Whole} text=${mail.whole_text} />`}
		<${Files} list=${i.attachments} />
		${why && html`<p class="reason">${i.thread_reason}</p>`}
		${(i.deliveries || []).map((d) => html`<${Delivery} key=${d.id} d=${d} />`)}
	</article>`;
}
