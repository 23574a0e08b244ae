/**
 * Bare node - a Moleculer broker with one action that returns an object at once: the baseline of every call. Over NATS it runs in its own
 * process.
 */
import { type BrokerOptions, ServiceBroker, type ServiceSchema } from "moleculer";

export const answering: ServiceSchema = {
	name: "bare",
	actions: { answer: { params: { id: "string", at: "string" }, handler: () => ({ inService: true, certified: true, lightKmh: 80 }) } },
};
export const bareOptions = (natsUrl?: string): BrokerOptions => ({
	logger: false,
	namespace: "bare",
	...(natsUrl === undefined ? {} : { transporter: { type: "NATS", options: { url: natsUrl } } }),
	nodeID: `bare-${process.pid}`,
	skipProcessEventRegistration: true,
});

if (import.meta.main) {
	const broker = new ServiceBroker(bareOptions(process.env["NATS_URL"]));
	broker.createService(answering);
	await broker.start();
	process.once("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
}
