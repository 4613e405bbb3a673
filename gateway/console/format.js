// Texts for people: times, names, states.

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const clock = (at) => time.format(new Date(at));
export const dayOf = (at) => day.format(new Date(at));
export const moment = (at) => (at ? full.format(new Date(at)) : "");
export const short = (at) => (new Date(at).toDateString() === new Date().toDateString() ? clock(at) : dayOf(at));

export const channelName = { sms: "SMS", email: "Email", web: "Web chat", ivr: "Call", loopback: "Loopback", none: "" };
export const channelMark = { sms: "✆", email: "✉", web: "❝", ivr: "☎", loopback: "↺", none: "·" };

export function customerName(c) {
	if (!c) return "…";
	if (c.name) return c.name;
	const tel = (c.contact_points || []).find((p) => p.scheme !== "visitor");
	if (tel) return tel.address;
	return (c.contact_points || []).length ? "Web visitor" : "Nameless prospect";
}

export const statusName = {
	scheduled: "scheduled", queued: "queued", sending: "sending", uncertain: "uncertain: answer lost", sent: "sent",
	partially_delivered: "partly delivered", suppressed: "not sent", cancelled: "cancelled", expired: "expired",
	rejected: "rejected", failed: "failed", undelivered: "undelivered", delivered: "delivered", read: "read", received: "",
};
export const bad = new Set(["suppressed", "expired", "rejected", "failed", "undelivered", "uncertain"]);
