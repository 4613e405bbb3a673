// The live stream. EventSource reconnects by itself and says where it left off, so nothing is missed.

const listeners = new Set();
let source = null;

export function connect(onState) {
	disconnect();
	source = new EventSource("/v1/stream");
	source.onopen = () => onState(true);
	source.onerror = () => {
		onState(false);
		if (source && source.readyState === EventSource.CLOSED) setTimeout(() => source && connect(onState), 2000);
	};
	// Named events do not reach onmessage, so each family the console shows is named here.
	for (const type of ["message.received", "message.accepted", "message.queued", "message.sent", "message.delivered", "message.undelivered", "message.failed", "message.suppressed", "message.cancelled", "message.expired", "message.uncertain", "message.read", "message.partially_delivered", "message.rejected",
		"interaction.begun", "interaction.added", "conversation.opened", "conversation.assigned", "conversation.snoozed", "conversation.closed", "conversation.reopened", "conversation.updated",
		"customer.created", "customer.updated", "customer.merged", "customer.unmerged", "identity.added", "identity.verified", "identity.removed", "identity.duplicated", "consent.changed", "chat.typing", "chat.online", "chat.offline", "channel.up", "channel.down",
		"offer.presented", "offer.opened", "offer.clicked", "offer.accepted", "offer.declined", "offer.expired"])
		source.addEventListener(type, (e) => {
			const event = JSON.parse(e.data);
			for (const fn of listeners) fn(event);
		});
}

export function disconnect() {
	if (source) source.close();
	source = null;
}

export function listen(fn) {
	listeners.add(fn);
	return () => listeners.delete(fn);
}
