// The console: sign in, then conversations beside the customer's timeline.
import { html, render, useState, useEffect } from "./lib.js";
import { get } from "./api.js";
import { connect, disconnect } from "./stream.js";
import { SignIn } from "./sign_in.js";
import { Inbox, Desk } from "./inbox.js";
import { Customer } from "./customer.js";
import { Marketing, markets, cares } from "./marketing.js";

function App() {
	const [me, setMe] = useState(undefined); // undefined: not asked yet; null: signed out
	const [live, setLive] = useState(false);
	const [chosen, setChosen] = useState(fromHash());

	useEffect(() => {
		get("/v1/me").then(setMe, () => setMe(null));
		const onHash = () => setChosen(fromHash());
		addEventListener("hashchange", onHash);
		return () => removeEventListener("hashchange", onHash);
	}, []);
	useEffect(() => {
		if (me && cares(me)) connect(setLive);
		return disconnect;
	}, [me && me.id]);

	if (me === undefined) return null;
	if (me === null) return html`<${SignIn} onSignedIn=${setMe} />`;
	const out = () => setMe(null);
	if (!cares(me)) return html`<${Desk} me=${me} onSignedOut=${out} /><${Marketing} me=${me} page=${chosen.page || "campaigns"} id=${chosen.id} />`;
	return html`
		<${Inbox} me=${me} live=${live} chosen=${chosen} onSignedOut=${out} />
		${chosen.page && markets(me)
			? html`<${Marketing} me=${me} page=${chosen.page} id=${chosen.id} />`
			: chosen.customer
			? html`<${Customer} key=${chosen.customer} id=${chosen.customer} conversation=${chosen.conversation} me=${me} />`
			: html`<main class="empty"><p>Choose a conversation, or find a customer.</p></main>`}`;
}

// The address names what is shown: #/customers/ID/CONVERSATION or #/marketing/PAGE/ID. So it can be linked, and back goes back.
function fromHash() {
	const [, place, first, second] = location.hash.split("/");
	if (place === "marketing") return { customer: "", conversation: "", page: first || "campaigns", id: second || "" };
	return { customer: first || "", conversation: second || "" };
}

render(html`<${App} />`, document.getElementById("app"));
