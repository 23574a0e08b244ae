/**
 * Lease - the right to do a piece of work, held by one process at a time: whoever wants it inserts the next epoch, and the server keeps
 * an `_id` unique, so that two never take the same one. Nobody compares clocks: a holder counts from before it beat, everybody else from
 * when they last saw it beat. For economy only: what rests on it stays right when two hold it for a moment.
 */
import type { Collection } from "mongodb";
import type { Lease } from "../rows.ts";
import { isDuplicate, settled } from "./complaints.ts";
import type { Connection } from "./connection.ts";

/** How long a beat holds, in milliseconds. */
const LASTS = 4000;
const LEASES = "leases";

interface Stored {
	/** `<work>` points near the last epoch; `<work>/<epoch>` is one. */
	readonly _id: string;
	readonly epoch?: number;
	readonly beats?: number;
	readonly released?: boolean;
}
interface Last {
	readonly epoch: number;
	readonly beats: number;
	readonly released: boolean;
}

export class MongoLease implements Lease {
	readonly #work: string;
	readonly #connection: Connection;
	readonly #clock: () => number;
	/** As it was last seen, and since when it has been like that. */
	#seen: Last & { readonly since: number } = { epoch: 0, beats: 0, released: true, since: 0 };
	#mine: number | null = null;
	#until = 0;

	constructor(work: string, connection: Connection, clock = () => performance.now()) {
		this.#work = work;
		this.#connection = connection;
		this.#clock = clock;
	}

	get held(): boolean {
		return this.#mine !== null && this.#clock() < this.#until;
	}
	async want(): Promise<boolean> {
		if (await this.#beat()) return true;
		await this.watch();
		const { released, since } = this.#seen;
		return (released || this.#clock() - since > LASTS) && this.#take();
	}
	async watch(): Promise<void> {
		const last = await this.#in((leases) => this.#last(leases));
		const { epoch, beats, released } = this.#seen;
		if (last.epoch !== epoch || last.beats !== beats || last.released !== released) this.#seen = { ...last, since: this.#clock() };
	}
	async release(): Promise<void> {
		const mine = this.#mine;
		this.#mine = null;
		if (mine !== null) await this.#in((leases) => leases.updateOne({ _id: this.#place(mine) }, { $set: { released: true } }));
	}

	#in<T>(question: (leases: Collection<Stored>) => Promise<T>): Promise<T> {
		return this.#connection.in<Stored, T>(LEASES, question);
	}
	#place(epoch: number): string {
		return `${this.#work}/${epoch}`;
	}
	/** Only the holder beats in its epoch; once there is a next one, it holds nothing any more. */
	async #beat(): Promise<boolean> {
		const mine = this.#mine;
		if (mine === null) return false;
		const from = this.#clock();
		const kept = await this.#in(async (leases) => {
			if (await leases.findOne({ _id: this.#place(mine + 1) })) return false;
			return (await leases.updateOne({ _id: this.#place(mine) }, { $inc: { beats: 1 } })).matchedCount === 1;
		});
		if (kept) this.#until = from + LASTS;
		else this.#mine = null;
		return kept;
	}
	#take(): Promise<boolean> {
		const next = this.#seen.epoch + 1;
		const from = this.#clock();
		return this.#in(async (leases) => {
			try {
				await leases.insertOne({ _id: this.#place(next), beats: 0, released: false });
			} catch (error) {
				if (isDuplicate(error)) return false;
				throw error;
			}
			this.#mine = next;
			this.#until = from + LASTS;
			await settled(() => leases.updateOne({ _id: this.#work }, { $max: { epoch: next } }, { upsert: true }));
			await leases.deleteOne({ _id: this.#place(next - 2) }); // whoever looks begins at the pointer, or at what they saw, which is later
			return true;
		});
	}
	/** From the pointer to where no next one is; what was seen before may be gone, with many after it. */
	async #last(leases: Collection<Stored>): Promise<Last> {
		const pointed = (await leases.findOne({ _id: this.#work }))?.epoch ?? 0;
		let last: Last = { epoch: pointed, beats: 0, released: pointed === 0 };
		for (let epoch = Math.max(1, pointed); ; epoch++) {
			const found = await leases.findOne({ _id: this.#place(epoch) });
			if (!found && epoch > pointed) return last;
			if (found) last = { epoch, beats: found.beats ?? 0, released: found.released === true };
		}
	}
}
