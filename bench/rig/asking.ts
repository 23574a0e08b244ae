/** Asking - sends requests in a closed loop and measures the rate, the server's CPU per request, and the latency. */
import { cents, Recorder } from "./quantile.ts";
import { inLanes, Wire } from "./wire.ts";

export interface Asked {
	readonly perSecond: number;
	/** CPU of the server per request. */
	readonly cpuMicros: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
}
export interface Server {
	readonly port: number;
	cpuSeconds(): number;
}

/** A closed loop: each lane sends its next request after the previous answer. */
export async function asked(
	server: Server,
	requests: number,
	lanes: number,
	ask: (wire: Wire, index: number) => Promise<unknown>,
): Promise<Asked> {
	const wire = new Wire(server.port);
	const took = new Recorder();
	const [cpu, begun] = [server.cpuSeconds(), performance.now()];
	await inLanes(lanes, requests, async (index) => {
		const sent = performance.now();
		await ask(wire, index);
		took.record(performance.now() - sent);
	}).finally(() => wire.close());
	const perSecond = (requests * 1_000) / (performance.now() - begun);
	const cpuMicros = cents(((server.cpuSeconds() - cpu) * 1e6) / requests);
	return { perSecond, cpuMicros, p50Ms: took.at(0.5), p99Ms: took.at(0.99) };
}
