/**
 * Leases - rights to do some work, each held by one process at a time. To acquire a lease, a process inserts its next epoch as an `_id`,
 * which the server keeps unique. One heartbeat renews all leases of a process, and one poll reads all leases. Clocks are never compared: a
 * holder counts from before its heartbeat, an observer from when it saw the heartbeat change. Leases only save duplicate work: correctness
 * does not depend on them.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "mongodb";
import { joined } from "../joined.ts";
import type { Lease } from "../rows.ts";
import { isDuplicate } from "./errors.ts";
import type { Connection } from "./connection.ts";

/** Lifetime of a heartbeat in milliseconds. */
const LASTS = 4000;
/** Milliseconds without a heartbeat after which the document of a process is removed. */
const FORGOTTEN = 60_000;
const LEASES = "leases";
const PROCESS = "process:";

interface Stored {
	/** `<work>/<epoch>` for an epoch of a lease; `process:<id>` for the heartbeats of a process. */
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

/** The result of one poll of all leases. */
interface Look {
	/** Time just before this process's heartbeat; null if it sent none. */
	readonly beat: number | null;
	/** By work. */
	readonly newest: ReadonlyMap<string, Epoch>;
	/** By process. */
	readonly beats: ReadonlyMap<string, number>;
}

/** The leases that one process holds or wants. */
export class MongoLeases {
	readonly clock: () => number;
	readonly #connection: Connection;
	readonly #process = randomUUID();
	readonly #all: MongoLease[] = [];
	/** Heartbeats of each process at the last poll, and the time since which the count is unchanged. */
	readonly #lived = new Map<string, { readonly beats: number; readonly since: number }>();

	/** Combines simultaneous polls into one. */
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
	/** Removes processes without a recent heartbeat; one that is still alive reappears with its next heartbeat. */
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

	/** Acquires the given epoch of a lease; false if another process was faster. */
	async take(work: string, epoch: number): Promise<boolean> {
		const place = (number: number): string => `${work}/${number}`;
		const next = { _id: place(epoch), holder: this.#process, released: false };
		const taken = await this.#in((leases) =>
			leases.insertOne(next).then(
				() => true,
				(error: unknown) => (isDuplicate(error) ? false : Promise.reject(error)),
			),
		);
		if (taken) await this.#in((leases) => leases.deleteOne({ _id: place(epoch - 2) })); // a poll still sees the previous epoch or this one
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
	/** The last seen epoch, the heartbeats of its holder, and the time since which both are unchanged. */
	#seen: Epoch & { readonly beats: number; readonly since: number } = { ...NEVER, beats: 0, since: 0 };
	/** The epoch that this process holds, or null. */
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
			this.mine = null; // another process acquired it
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
