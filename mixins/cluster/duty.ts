/**
 * Duty - whether this node does the work of one of its services now, of all that offer it: the one Moleculer's registry makes the owner,
 * once it holds the lease, where the store gives leases. Registries differ for a moment while nodes come and go, or stand still; a
 * lease does not.
 */
import type { Service } from "moleculer";
import type { Lease } from "../../store/rows.ts";
import { Complaint } from "../common/complaint.ts";
import { isOwner, ownerOf } from "./ownership.ts";
import { togetherOf } from "../common/timers.ts";

/** How often a node looks whether it is the one, in milliseconds. */
const LOOK_EVERY = 500;
/** In the same moment for all duties of a node. */
export const looking = togetherOf(LOOK_EVERY);

export class Duty {
	readonly #service: Service;
	readonly #lease: Lease | undefined;
	readonly #pausing: (release: () => Promise<void>) => Promise<void>;
	/** The owner at the last look. */
	#owner: string | null = null;
	#orphaned = false;
	#looking = false;
	readonly #complaint: Complaint;
	#end: (() => void) | null = null;

	/** `pausing`: runs a task while no work is under way. */
	constructor(service: Service, lease: Lease | undefined, pausing: (task: () => Promise<void>) => Promise<void>) {
		this.#service = service;
		this.#complaint = new Complaint(`${service.name} cannot see whose turn it is`, (line) => service.logger.warn(line));
		this.#lease = lease;
		this.#pausing = pausing;
	}

	get on(): boolean {
		return isOwner(this.#service) && (this.#lease?.held ?? true);
	}
	async begin(): Promise<void> {
		if (!this.#lease) return;
		await this.look();
		this.#end = looking(this.#service.broker).every(() => void this.look());
	}
	/** Keeps the lease, takes it or gives it up; one look at a time. */
	async look(): Promise<void> {
		const lease = this.#lease;
		if (!lease || this.#looking) return;
		this.#looking = true;
		try {
			this.#seeOwner();
			if (isOwner(this.#service)) this.#orphaned = !(await lease.want(this.#orphaned)) && this.#orphaned;
			else if (lease.held) await this.#pausing(() => lease.release());
			else await lease.watch();
			this.#complaint.fine();
		} catch (error) {
			this.#complaint.failed(error);
		} finally {
			this.#looking = false;
		}
	}
	/** The lease of an owner that is gone need not expire first. */
	#seeOwner(): void {
		const { broker, name } = this.#service;
		const [before, now] = [this.#owner, ownerOf(broker, name)];
		this.#owner = now;
		if (before === null || before === now) return;
		const gone = !broker.registry.nodes.get(before)?.available;
		this.#orphaned = gone && broker.transit?.tx.connected === true; // a node that is offline sees no other
	}
	/** Called when no work is done any more; whoever waits for it waits for the lease to run out if it cannot be given up. */
	async end(): Promise<void> {
		this.#end?.();
		await this.#lease?.release().catch(() => undefined);
	}
}
