// The answer: text, channel, send. A note stays in the house.
import { html, useState } from "./lib.js";
import { post, send } from "./api.js";
import { channelName } from "./format.js";

export function Composer({ customer, conversation, onSent }) {
	const [text, setText] = useState("");
	const [channel, setChannel] = useState("auto");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const channels = [...new Set((customer.contact_points || []).map((p) => p.channel))].filter((c) => channelName[c]);

	async function submit(e) {
		e.preventDefault();
		if (!text.trim() || busy) return;
		setBusy(true);
		setError("");
		try {
			const body = { text: text.trim() };
			if (channel === "note")
				await post(`/v1/customers/${customer.id}/interactions`, { kind: "note", ...body, ...(conversation ? { conversation_id: conversation } : {}) });
			else if (conversation)
				await send(`/v1/conversations/${conversation}/reply`, { ...body, ...(channel === "auto" ? {} : { channel }) });
			else
				await send("/v1/messages", { ...body, to: { customer_id: customer.id }, channel, purpose: "service" });
			setText("");
			onSent();
		} catch (problem) {
			setError([problem.message, ...problem.errors.map((x) => `${x.field}: ${x.detail || x.code}`)].join(" – "));
		}
		setBusy(false);
	}

	function typed(e) {
		setText(e.target.value);
		const now = Date.now();
		if (conversation && channel !== "note" && now - (typed.at || 0) > 4000) {
			typed.at = now;
			post(`/v1/conversations/${conversation}/typing`, {}).catch(() => {});
		}
	}

	return html`<form class="composer" onSubmit=${submit}>
		${error && html`<p role="alert" class="error">${error}</p>`}
		<label class="vh" for="answer">Answer</label>
		<textarea id="answer" rows="3" placeholder=${channel === "note" ? "A note for colleagues…" : "Write an answer…"} value=${text} onInput=${typed}
			onKeyDown=${(e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e); }}></textarea>
		<div class="row">
			<label for="channel">by</label>
			<select id="channel" value=${channel} onChange=${(e) => setChannel(e.target.value)}>
				<option value="auto">best channel</option>
				${channels.map((c) => html`<option key=${c} value=${c}>${channelName[c]}</option>`)}
				<option value="note">internal note</option>
			</select>
			<span class="count">${[...text].length || ""}</span>
			<button disabled=${busy || !text.trim()}>${channel === "note" ? "Add note" : "Send"}</button>
		</div>
	</form>`;
}
