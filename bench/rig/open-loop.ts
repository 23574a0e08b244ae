/**
 * Open loop - detections that arrive on a fixed schedule, independent of earlier ones. Latency counts from the instant each was due, so a
 * stall of the system counts for all that arrive meanwhile (no coordinated omission).
 */
import { Recorder } from "./quantile.ts";
import { headerOf, type Wire } from "./wire.ts";
import type { Passage, Traffic } from "./traffic.ts";

export interface Latencies {
	/** From due until acknowledged: on the disk. */
	readonly acknowledged: Recorder;
	/** From due until its row is readable; one in four. */
	readonly visible: Recorder;
	/** From due until a listener of the live feed has it. */
	readonly heard: Recorder;
}
export interface Ran {
	readonly latencies: Latencies;
	/** Arrivals not yet acknowledged when the last one was due. */
	readonly backlog: number;
	/** Failed arrivals: too many were in flight, or a connection was refused or broken. */
	readonly lost: number;
}
/** Maximum in flight; one more is lost, because a machine has a limited number of connections. */
const mostAtOnce = 4_000;
/** One in this many is read back; more would be a load of its own. */
const readEvery = 4;

/** Milliseconds from now at which each arrival is due: a Poisson process, seeded, the same for the same arguments. */
export function schedule(perSecond: number, seconds: number): readonly number[] {
	let seed = 0x5eed;
	const random = (): number => {
		seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
		return ((seed >>> 0) + 1) / 4_294_967_297;
	};
	const due: number[] = [];
	for (let at = 0; ;) {
		at -= (Math.log(random()) * 1_000) / perSecond;
		if (at >= seconds * 1_000) return due;
		due.push(at);
	}
}

export class OpenLoop {
	readonly #wire: Wire;
	readonly #traffic: Traffic;
	#underWay = 0;
	#lost = 0;
	/** When each detection was due, by id; removed once a listener has it. */
	readonly #due = new Map<string, { readonly at: number; readonly heard: Recorder }>();

	constructor(wire: Wire, traffic: Traffic) {
		this.#wire = wire;
		this.#traffic = traffic;
	}

	/** Records that the live feed delivered a detection. */
	heard(id: string, now: number): void {
		const due = this.#due.get(id);
		if (!due) return;
		this.#due.delete(id);
		due.heard.record(now - due.at);
	}
	/** Number of detections that the feed has not delivered yet. */
	get unheard(): number {
		return this.#due.size;
	}

	async run(perSecond: number, seconds: number): Promise<Ran> {
		const latencies = { acknowledged: new Recorder(), visible: new Recorder(), heard: new Recorder() };
		const arrivals = schedule(perSecond, seconds);
		const pending: Promise<void>[] = [];
		this.#lost = 0;
		const begun = performance.now();
		let next = 0;
		await new Promise<void>((over) => {
			const look = (): void => {
				for (const now = performance.now() - begun; next < arrivals.length && (arrivals[next] ?? 0) <= now; next++)
					pending.push(this.#arrive(begun + (arrivals[next] ?? 0), next % readEvery === 0, latencies));
				if (next < arrivals.length) setTimeout(look, Math.max(0, begun + (arrivals[next] ?? 0) - performance.now()));
				else over();
			};
			look();
		});
		const backlog = arrivals.length - latencies.acknowledged.count;
		await Promise.all(pending);
		return { latencies, backlog, lost: this.#lost };
	}

	async #arrive(due: number, readBack: boolean, latencies: Latencies): Promise<void> {
		const passage: Passage = this.#traffic.next();
		if (this.#underWay >= mostAtOnce) return void this.#lost++;
		this.#underWay++;
		this.#due.set(passage.id, { at: due, heard: latencies.heard });
		try {
			await this.#send(passage, due, readBack, latencies);
		} catch {
			this.#lost++;
			this.#due.delete(passage.id);
		}
		this.#underWay--;
	}
	async #send(passage: Passage, due: number, readBack: boolean, { acknowledged, visible }: Latencies): Promise<void> {
		const answer = await this.#wire.done("POST", "/api/detections", JSON.stringify(passage));
		acknowledged.record(performance.now() - due);
		if (!readBack) return;
		await this.#wire.done("GET", `/api/detections/${passage.id}`, "", `X-Position: ${headerOf(answer, "x-position")}\r\n`);
		visible.record(performance.now() - due);
	}
}
