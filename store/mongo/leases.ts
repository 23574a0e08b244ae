/**
 * Leases - the rights to do pieces of work, each held by one process at a time: whoever wants one inserts its next epoch, and the server
 * keeps an `_id` unique, so that two never take the same one. One beat says that a process lives, for all it holds, and one look shows
 * it all that is held. Nobody compares clocks: a holder counts from before it beat, everybody else from when they last saw it beat. For
 * economy only: what rests on a lease stays right when two hold it for a moment.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { joined } from "../joined.ts";
import type { Lease } from "../rows.ts";
import { isDuplicate } from "./errors.ts";
import type { Connection } from "./connection.ts";

/** How long a beat holds, in milliseconds. */
const LASTS = 4000;
/** After so many milliseconds without a beat, what a process left is removed. */
const FORGOTTEN = 60_000;
const LEASES = "leases";
const PROCESS = "process:";

interface Stored {
	/** `<work>/<epoch>` is an epoch of a lease; `process:<id>` a process and its beats. */
	readonly _id: string;
	readonly holder?: string;
	readonly beats?: number;
	readonly released?: boolean;
}
/** The newest epoch of a lease. */
interface Epoch {
	readonly epoch: number;
	readonly holder: string;
	readonly released: boolean;
}
const NEVER: Epoch = { epoch: 0, holder: "", released: true };

/** What was seen at once of all leases. */
interface Look {
	/** A moment before this process beat; null where it did not. */
	readonly beat: number | null;
	/** By work. */
	readonly newest: ReadonlyMap<string, Epoch>;
	/** By process. */
	readonly beats: ReadonlyMap<string, number>;
}

/** The leases one process holds and wants. */
export class MongoLeases {
	readonly clock: () => number;
	readonly #connection: Connection;
	readonly #process = randomUUID();
	readonly #all: MongoLease[] = [];
	/** How often each process had beaten when it was last looked, and since when. */
	readonly #lived = new Map<string, { readonly beats: number; readonly since: number }>();

	/** One for all who look in the same moment. */
	readonly look = joined(() => this.#look());

	constructor(connection: Connection, clock = () => performance.now()) {
		this.#connection = connection;
		this.clock = clock;
	}

	lease(work: string): Lease {
		const lease = new MongoLease(work, this);
		this.#all.push(lease);
		return lease;
	}
	async #look(): Promise<Look> {
		const before = this.clock();
		const beat = this.#all.some(({ mine }) => mine !== null);
		if (beat) {
			const living = { _id: PROCESS + this.#process };
			await this.#in((leases) => leases.updateOne(living, { $inc: { beats: 1 } }, { upsert: true }));
		}
		const found = await this.#in((leases) => leases.find({}).toArray());
		const newest = new Map<string, Epoch>();
		const beats = new Map<string, number>();
		for (const { _id, holder = "", beats: times = 0, released = false } of found) {
			if (_id.startsWith(PROCESS)) beats.set(_id.slice(PROCESS.length), times);
			const [work = "", epoch] = _id.split("/");
			if (Number(epoch) > (newest.get(work)?.epoch ?? 0)) newest.set(work, { epoch: Number(epoch), holder, released });
		}
		await this.#forget(beats);
		return { beat: beat ? before : null, newest, beats };
	}
	/** Removes those that have not beaten for long; one that lives after all comes back with its next beat. */
	async #forget(beats: ReadonlyMap<string, number>): Promise<void> {
		const now = this.clock();
		for (const [process, times] of beats)
			if (this.#lived.get(process)?.beats !== times) this.#lived.set(process, { beats: times, since: now });
		const gone = [...this.#lived]
			.filter(([process, { since }]) => !beats.has(process) || now - since > FORGOTTEN)
			.map(([process]) => process);
		for (const process of gone) this.#lived.delete(process);
		const left = gone.filter((process) => beats.has(process) && process !== this.#process).map((process) => PROCESS + process);
		if (left.length > 0) await this.#in((leases) => leases.deleteMany({ _id: { $in: left } }));
	}

	/** Takes the epoch of a work that follows; false where somebody was faster. */
	async take(work: string, epoch: number): Promise<boolean> {
		const place = (number: number): string => `${work}/${number}`;
		const next = { _id: place(epoch), holder: this.#process, released: false };
		const taken = await this.#in((leases) =>
			leases.insertOne(next).then(
				() => true,
				(error: unknown) => (isDuplicate(error) ? false : Promise.reject(error)),
			),
		);
		if (taken) await this.#in((leases) => leases.deleteOne({ _id: place(epoch - 2) })); // whoever looks sees the one before or this one
		return taken;
	}
	async release(work: string, epoch: number): Promise<void> {
		await this.#in((leases) => leases.updateOne({ _id: `${work}/${epoch}` }, { $set: { released: true } }));
	}

	#in<T>(question: (leases: Collection<Stored>) => Promise<T>): Promise<T> {
		return this.#connection.in<Stored, T>(LEASES, question);
	}
}

class MongoLease implements Lease {
	readonly #work: string;
	readonly #leases: MongoLeases;
	/** As it was last seen, with how often its holder had beaten, and since when it has been like that. */
	#seen: Epoch & { readonly beats: number; readonly since: number } = { ...NEVER, beats: 0, since: 0 };
	/** The epoch that is held here. */
	mine: number | null = null;
	#until = 0;

	constructor(work: string, leases: MongoLeases) {
		this.#work = work;
		this.#leases = leases;
	}

	get held(): boolean {
		return this.mine !== null && this.#leases.clock() < this.#until;
	}
	async want(orphaned = false): Promise<boolean> {
		const held = this.mine;
		const look = await this.#look();
		if (held !== null && held === this.mine) {
			if (this.#seen.epoch === held && !this.#seen.released) return this.#keep(look);
			this.mine = null; // another has taken it
		}
		const { epoch, released, since } = this.#seen;
		if (!orphaned && !released && this.#leases.clock() - since <= LASTS) return false;
		const from = this.#leases.clock();
		if (!(await this.#leases.take(this.#work, epoch + 1))) return false;
		this.mine = epoch + 1;
		this.#until = from + LASTS;
		return true;
	}
	async watch(): Promise<void> {
		await this.#look();
	}
	async release(): Promise<void> {
		const { mine } = this;
		this.mine = null;
		if (mine !== null) await this.#leases.release(this.#work, mine);
	}

	#keep({ beat }: Look): boolean {
		if (beat !== null) this.#until = beat + LASTS;
		return this.held;
	}
	async #look(): Promise<Look> {
		const look = await this.#leases.look();
		const last = look.newest.get(this.#work) ?? NEVER;
		const beats = look.beats.get(last.holder) ?? 0;
		const { epoch, released, beats: before } = this.#seen;
		if (last.epoch !== epoch || last.released !== released || beats !== before)
			this.#seen = { ...last, beats, since: this.#leases.clock() };
		return look;
	}
}
